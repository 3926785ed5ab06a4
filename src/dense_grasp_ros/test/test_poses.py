"""Poses go into messages and come back; what is no pose is refused."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import GeometryError, exp
from dense_grasp_ros.poses import pose_matrix, pose_message
from geometry_msgs.msg import Pose


def test_a_pose_comes_back_as_it_was():
    pose = exp([0.1, -0.2, 0.3, 0.5, 1.0, -2.0])
    message = pose_message(pose)
    assert (message.position.x, message.position.y) == (pose[0, 3], pose[1, 3])
    np.testing.assert_allclose(pose_matrix(message), pose, atol=1e-12)


def test_a_message_that_holds_no_pose():
    message = Pose()
    message.orientation.w = 0.0
    with pytest.raises(GeometryError):
        pose_matrix(message)
    message.orientation.w, message.position.z = 1.0, float("nan")
    with pytest.raises(GeometryError):
        pose_matrix(message)
