"""What an operator does about a hand-eye transform that a scan found to be off."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.se3 import inverse, to_quaternion
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement
from rclpy.time import Time
from tf2_ros import TransformException

from dense_grasp.perception.camera_pose import Lookup
from dense_grasp.perception.matches import matrix_from_transform


def hand_eye_advice(found: HandEyeRefinement, lookup: Lookup, parent: str, child: str, optical: str) -> str:
    """The end of a scan's sentence: by how much hand-eye is off, and the transform parent_from_child that is right.

    optical: frame of the images. Where TF has no such frames, the correction of the optical frame alone.
    """
    said = f"the hand-eye transform is off by {found}, which this scan is corrected by"
    try:
        parent_from_child = matrix_from_transform(lookup(parent, child, Time()).transform)
        child_from_optical = np.eye(4)
        if child != optical:
            child_from_optical = matrix_from_transform(lookup(child, optical, Time()).transform)
    except (TransformException, DenseGraspError):
        return f"{said}: {optical} belongs, in its frame as published, at {_numbers(found.published_from_true)}"
    right = parent_from_child @ child_from_optical @ found.published_from_true @ inverse(child_from_optical)
    xyz, quaternion = _parts(right)
    return (
        f"{said}; for what is found from now on, write xyz: {xyz} and quaternion: {quaternion} into "
        f"config/hand_eye.yaml ({parent} from {child}), or set both on hand_eye_publisher while it runs "
        "(ros2 param set)"
    )


def _numbers(motion: np.ndarray) -> str:
    return "xyz {}, quaternion {}".format(*_parts(motion))


def _parts(motion: np.ndarray) -> tuple[list[float], list[float]]:
    """Position, m, and quaternion x, y, z, w of a motion (4, 4), as a parameter file has them."""
    return [round(float(v), 5) for v in motion[:3, 3]], [round(float(v), 6) for v in to_quaternion(motion)]
