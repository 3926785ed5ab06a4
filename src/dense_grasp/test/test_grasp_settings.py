"""What of the executor's parameters may change while it runs."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.failure import GraspFailure
from dense_grasp.grasp_ports import GraspSettings
from dense_grasp.grasp_settings import changed_settings
from rclpy.parameter import Parameter

SETTINGS = GraspSettings((np.zeros(7),), np.zeros(3), np.ones(3))


def test_the_next_goal_takes_what_was_changed():
    changed = changed_settings(
        SETTINGS, [Parameter("hold_time", value=3.0), Parameter("after_grasp", value="place_back")]
    )
    assert (changed.hold_time, changed.after_grasp) == (3.0, "place_back")
    assert (SETTINGS.hold_time, SETTINGS.after_grasp) == (0.5, "hold")


def test_a_pose_to_deliver_to_is_seven_numbers_and_zeros_are_none():
    pose = [0.1, 0.0, 0.0, -2.0, 0.0, 2.0, 0.8]
    changed = changed_settings(SETTINGS, [Parameter("deliver_joints", value=pose)])
    np.testing.assert_array_equal(changed.deliver_joints, pose)
    assert changed_settings(SETTINGS, [Parameter("deliver_joints", value=[0.0] * 7)]).deliver_joints is None


def test_the_clock_is_not_the_executors_business():
    assert changed_settings(SETTINGS, [Parameter("use_sim_time", value=True)]) == SETTINGS


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("lift_height", 0.3, "lift_height is read at the start only; restart grasp_executor"),
        ("hold_time", -1.0, r"hold_time is -1\.0 s, expected 0 to 3600"),
        ("hold_time", float("nan"), "hold_time is nan s"),
        ("after_grasp", "juggle", "after_grasp is 'juggle'"),
        ("after_grasp", "deliver", "after_grasp is 'deliver', expected deliver_joints"),
        ("deliver_joints", [0.1, 0.2], r"deliver_joints is \[0\.1, 0\.2\], expected 7 finite numbers"),
    ],
)
def test_what_cannot_be_taken_is_refused(name, value, message):
    with pytest.raises(GraspFailure, match=message):
        changed_settings(SETTINGS, [Parameter(name, value=value)])
