"""Joint states: by name, in parts, fresh, and named when missing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_core.result_codes import GraspCode
from sensor_msgs.msg import JointState

HAND = gripper_record("franka", "fr3")


@pytest.fixture
def monitor(graph):
    return JointStateMonitor(graph.node, "/monitored/joint_states", 60.0)


def test_states_arrive_in_parts_and_any_order(monitor):
    monitor.update(JointState(name=["b", "a"], position=[2.0, 1.0], velocity=[0.0, -0.3]))
    monitor.update(JointState(name=list(HAND.joints), position=[0.01, 0.02]))
    np.testing.assert_array_equal(monitor.positions(["a", "b"]), [1.0, 2.0])
    assert monitor.speed(["a", "b"]) == pytest.approx(0.3)
    assert monitor.finger_width(HAND) == pytest.approx(0.03)
    assert monitor.finger_width(HAND, after=time.monotonic()) is None


def test_a_missing_joint_is_named(monitor):
    monitor.update(JointState(name=["a"], position=[1.0]))
    with pytest.raises(GraspFailure, match="has no c") as failure:
        monitor.positions(["a", "c"])
    assert failure.value.code == GraspCode.JOINT_STATE_STALE
    assert monitor.finger_width(HAND) is None


def test_old_states_are_refused(graph, until):
    monitor = JointStateMonitor(graph.node, "/monitored/joint_states", 0.2)
    monitor.update(JointState(name=["a"], position=[1.0]))

    def stale():
        try:
            monitor.check(["a"])
        except GraspFailure as failure:
            return failure
        return None

    failure = until(stale, 5.0, "staleness")
    assert failure.code == GraspCode.JOINT_STATE_STALE
    assert "at most 0.2 s" in str(failure)


def test_nan_is_not_a_state(monitor):
    monitor.update(JointState(name=["a"], position=[float("nan")]))
    with pytest.raises(GraspFailure, match="has no a"):
        monitor.check(["a"])
