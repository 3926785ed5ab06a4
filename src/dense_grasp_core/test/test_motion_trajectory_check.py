"""What a trajectory may do: each limit passed by a little is refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dense_grasp_core.motion.interfaces import PlanError, Trajectory
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.motion.trajectory_check import MotionBounds, check_trajectory
from dense_grasp_core.motion.urdf import RobotModelError, joint_limits
from dense_grasp_core.result_codes import GraspCode

NAMES = ("slide", "rise")
BOUNDS = MotionBounds(
    lower=np.array([-1.0, 0.0]),
    upper=np.array([1.0, 1.0]),
    limits=MotionLimits(np.array([1.0, 0.5]), np.array([4.0, 2.0])),
    tcp_low=np.array([-0.8, -0.1, 0.05]),
    tcp_high=np.array([0.8, 0.1, 0.9]),
    tcp_speed=0.9,
)


def tcp_pose(q):
    """The first joint moves along x, the second along z."""
    pose = np.eye(4)
    pose[:3, 3] = (q[0], 0.0, q[1])
    return pose


def smooth(start, end, duration=2.0, count=41) -> Trajectory:
    """At rest at both ends, a cosine between."""
    times = np.linspace(0.0, duration, count)
    phase = np.pi * times / duration
    way = np.subtract(end, start)
    positions = np.asarray(start) + 0.5 * (1 - np.cos(phase))[:, None] * way
    velocities = (0.5 * np.pi / duration) * np.sin(phase)[:, None] * way
    return Trajectory(NAMES, times, positions, velocities)


def refused(trajectory: Trajectory, **more) -> str:
    with pytest.raises(PlanError) as error:
        check_trajectory(trajectory, BOUNDS, tcp_pose, **more)
    assert error.value.code == GraspCode.PLANNING_FAILED
    return str(error.value)


def test_a_motion_within_everything_passes():
    check_trajectory(smooth([0.0, 0.2], [0.7, 0.6]), BOUNDS, tcp_pose, present=np.array([0.01, 0.2]))


def test_it_must_start_where_the_arm_is():
    message = refused(smooth([0.0, 0.2], [0.5, 0.2]), present=np.array([0.0, 0.35]))
    assert "rise at 0.2000 rad, the arm is at 0.3500" in message


def test_joint_limits():
    assert "position rise is 1.1000 rad at 3.00 s" in refused(smooth([0.0, 0.5], [0.0, 1.1], 3.0))


def test_velocity_by_what_the_points_say_and_by_what_they_do():
    fast = smooth([0.0, 0.2], [0.6, 0.2], 0.8)
    assert "velocity of slide is 1.178 rad/s at 0.40 s, expected at most 1.000" in refused(fast)
    silent = replace(fast, velocities=np.zeros_like(fast.velocities))
    assert "velocity of slide is 1.17" in refused(silent)


def test_acceleration():
    hasty = smooth([0.0, 0.2], [0.2, 0.2], 0.4)
    assert "acceleration of slide is 6." in refused(hasty)


def test_the_box_of_the_tool_centre_point_and_the_minimum_height():
    assert "tool centre point x is 0.8500 m at 4.00 s, expected -0.8000 to 0.8000" in refused(
        smooth([0.0, 0.2], [0.85, 0.2], 4.0)
    )
    assert "tool centre point z is 0.0400 m" in refused(smooth([0.0, 0.2], [0.0, 0.04], 4.0))


def test_the_speed_of_the_tool_centre_point():
    slow = replace(BOUNDS, tcp_speed=0.3)
    with pytest.raises(PlanError, match=r"speed of the tool centre point is 0\.39. m/s"):
        check_trajectory(smooth([0.0, 0.2], [0.5, 0.2]), slow, tcp_pose)


def test_from_outside_it_may_come_back_but_not_go_farther_out():
    check_trajectory(smooth([0.0, 0.02], [0.0, 0.3]), BOUNDS, tcp_pose)
    check_trajectory(smooth([0.9, 0.3], [0.5, 0.3]), BOUNDS, tcp_pose)
    assert "tool centre point x" in refused(smooth([0.85, 0.3], [0.95, 0.3]))
    out_again = smooth([0.9, 0.3], [0.7, 0.3])
    there_and_back = Trajectory(
        NAMES,
        np.concatenate([out_again.times, 2.0 + out_again.times[1:]]),
        np.concatenate([out_again.positions, out_again.positions[-2::-1]]),
        np.concatenate([out_again.velocities, -out_again.velocities[-2::-1]]),
    )
    assert "tool centre point x" in refused(there_and_back)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"times": np.zeros(41)}, "time 0.000 s of point 1 does not come after"),
        ({"positions": np.full((41, 2), np.nan)}, "a position is not finite"),
        ({"velocities": np.zeros((41, 1))}, "velocities (41, 1), expected"),
        ({"times": np.array([0.0])}, "1 times"),
    ],
)
def test_what_is_no_trajectory(change, message):
    assert message in refused(replace(smooth([0.0, 0.2], [0.5, 0.2]), **change))


def test_limits_of_a_description():
    lower, upper, velocity = joint_limits(primitive_arm_urdf("fr3", "a_"), ["a_fr3_joint4", "a_fr3_joint1"])
    np.testing.assert_allclose([lower, upper, velocity], [[-3.04, -2.75], [-0.1458, 2.75], [2.62, 2.62]])
    with pytest.raises(RobotModelError, match="no joint elbow"):
        joint_limits(primitive_arm_urdf(), ["elbow"])
