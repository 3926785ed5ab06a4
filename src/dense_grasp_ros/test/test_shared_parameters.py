"""Names that follow prefix and namespace."""

from __future__ import annotations

import pytest
from dense_grasp_ros.shared_parameters import camera_link, camera_parent, optical_frame, recovery_action


@pytest.mark.parametrize(
    ("namespace", "prefix", "action"),
    [
        ("/", "", "/action_server/error_recovery"),
        ("/", "left_", "/left/action_server/error_recovery"),
        ("/left", "", "/left/action_server/error_recovery"),
        ("/hall/left", "left_", "/hall/left/action_server/error_recovery"),
    ],
)
def test_the_recovery_action_is_where_franka_ros2_has_it(namespace, prefix, action):
    assert recovery_action(namespace, prefix) == action


def test_frames_carry_the_prefix_unless_they_are_named():
    values = {
        "robot_type": "fr3",
        "prefix": "left_",
        "gripper": "franka",
        "camera": "realsense",
        "parent": "",
        "child": "",
        "optical_frame": "",
    }
    assert camera_parent(values) == "left_fr3_hand"
    assert camera_parent({**values, "gripper": "robotiq"}) == "left_robotiq_85_base_link"
    assert (camera_link(values), optical_frame(values)) == ("left_camera_link", "left_camera_color_optical_frame")
    named = {**values, "parent": "flange", "child": "eye", "optical_frame": "lens"}
    assert (camera_parent(named), camera_link(named), optical_frame(named)) == ("flange", "eye", "lens")
