"""What an operator does about a hand-eye transform that a scan found to be off."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import inverse, to_quaternion
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement
from geometry_msgs.msg import TransformStamped
from rclpy.time import Time
from tf2_ros import TransformException

from dense_grasp.perception.camera_pose import Lookup
from dense_grasp.perception.matches import matrix_from_transform


def true_hand_eye(
    found: HandEyeRefinement, lookup: Lookup, parent: str, child: str, optical: str
) -> TransformStamped | None:
    """parent_from_child as it is; None where TF has no such frames. optical: frame of the images."""
    try:
        parent_from_child = matrix_from_transform(lookup(parent, child, Time()).transform)
        child_from_optical = np.eye(4)
        if child != optical:
            child_from_optical = matrix_from_transform(lookup(child, optical, Time()).transform)
    except (TransformException, DenseGraspError):
        return None
    right = parent_from_child @ child_from_optical @ found.published_from_true @ inverse(child_from_optical)
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    place, turn = message.transform.translation, message.transform.rotation
    place.x, place.y, place.z = map(float, right[:3, 3])
    turn.x, turn.y, turn.z, turn.w = map(float, to_quaternion(right))
    return message


def hand_eye_advice(found: HandEyeRefinement, right: TransformStamped | None, optical: str) -> str:
    """The end of a scan's sentence: by how much hand-eye is off, and the transform that is right; where that is not
    known, the correction of the optical frame alone.
    """
    said = f"the hand-eye transform is off by {found}, which this scan is corrected by"
    if right is None:
        xyz, quaternion = _rounded(found.published_from_true[:3, 3]), _rounded(to_quaternion(found.published_from_true))
        return f"{said}: {optical} belongs, in its frame as published, at xyz {xyz}, quaternion {quaternion}"
    place, turn = right.transform.translation, right.transform.rotation
    xyz, quaternion = _rounded([place.x, place.y, place.z]), _rounded([turn.x, turn.y, turn.z, turn.w])
    return (
        f"{said}; for what is found from now on, write xyz: {xyz} and quaternion: {quaternion} into "
        f"config/hand_eye.yaml ({right.header.frame_id} from {right.child_frame_id}), or set both on "
        "hand_eye_publisher while it runs (ros2 param set)"
    )


def _rounded(values: np.ndarray | list[float]) -> list[float]:
    """As a parameter file has them: to a hundredth of a millimetre, or less of a turn."""
    return [round(float(value), 6) for value in values]
