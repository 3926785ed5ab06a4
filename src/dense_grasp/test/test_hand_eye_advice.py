"""What an operator is told of a hand-eye transform that is off brings the camera to its true place."""

from __future__ import annotations

import re

import numpy as np
from dense_grasp.nodes.hand_eye_publisher import hand_eye_transform
from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.scanning.hand_eye_advice import hand_eye_advice, true_hand_eye
from dense_grasp_core.geometry.se3 import exp
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement
from geometry_msgs.msg import TransformStamped
from tf2_ros import LookupException

PUBLISHED = hand_eye_transform("fr3_hand", "camera_link", [0.065, -0.0175, 0.035], [0.0, 0.70710678, 0.0, 0.70710678])
LINK_FROM_OPTICAL = hand_eye_transform("camera_link", "optical", [0.0, 0.015, 0.0], [-0.5, 0.5, -0.5, 0.5])
OFF = HandEyeRefinement(exp(np.array([0.003, -0.002, 0.004, 0.01, -0.012, 0.006])), np.zeros(6), 0.002, 0.0004)


def lookup(parent: str, child: str, time: object) -> TransformStamped:
    known = {("fr3_hand", "camera_link"): PUBLISHED, ("camera_link", "optical"): LINK_FROM_OPTICAL}
    if (parent, child) not in known:
        raise LookupException(f"no {child}")
    return known[parent, child]


def test_the_transform_that_is_named_puts_the_camera_where_it_is():
    right = true_hand_eye(OFF, lookup, "fr3_hand", "camera_link", "optical")
    assert (right.header.frame_id, right.child_frame_id) == ("fr3_hand", "camera_link")
    link_from_optical = matrix_from_transform(LINK_FROM_OPTICAL.transform)
    true = matrix_from_transform(PUBLISHED.transform) @ link_from_optical @ OFF.published_from_true
    np.testing.assert_allclose(matrix_from_transform(right.transform) @ link_from_optical, true, atol=1e-9)
    said = hand_eye_advice(OFF, right, "optical")
    assert "off by 5.4 mm and 0.96°" in said and "fr3_hand from camera_link" in said and "config/hand_eye.yaml" in said
    xyz, quaternion = (
        [float(number) for number in re.search(rf"{name}: \[(.*?)\]", said).group(1).split(",")]
        for name in ("xyz", "quaternion")
    )
    written = hand_eye_transform("fr3_hand", "camera_link", xyz, quaternion).transform
    np.testing.assert_allclose(matrix_from_transform(written), matrix_from_transform(right.transform), atol=2e-5)


def test_without_these_frames_the_optical_frame_is_named():
    assert true_hand_eye(OFF, lookup, "flange", "camera_link", "optical") is None
    assert "optical belongs, in its frame as published, at xyz [0.0" in hand_eye_advice(OFF, None, "optical")
