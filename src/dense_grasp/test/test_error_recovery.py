"""An arm in an error of its own: cleared once, then a code."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest
from dense_grasp.arm.error_recovery import FrankaRecovery, RecoveringArm
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode
from franka_msgs.action import ErrorRecovery
from rclpy.action import ActionServer, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup

MOVE = Trajectory(("j1",), np.array([0.0, 1.0]), np.array([[0.0], [1.0]]), np.zeros((2, 1)))
NUMBERS = count()


class Reflex:
    """An arm that aborts `times` times, standing at `at` afterwards; and its recovery."""

    def __init__(self, times: int = 1, at: float = 0.0, code: int = GraspCode.CONTROLLER_ABORTED, answer: str = ""):
        self.times, self.at, self.code, self.answer = times, at, code, answer
        self.log: list[str] = []

    def positions(self):
        return np.array([self.at])

    def execute(self, trajectory, stop=None):
        self.log.append("execute")
        if self.log.count("execute") <= self.times:
            raise GraspFailure(self.code, "reflex")

    def wait_still(self, stop=None):
        self.log.append("still")

    def stop(self):
        self.log.append("stop")

    def recover(self, stop=None):
        self.log.append("recover")
        return self.answer


def run(reflex: Reflex) -> GraspFailure | None:
    try:
        RecoveringArm(reflex, reflex).execute(MOVE)
    except GraspFailure as failure:
        return failure
    return None


def test_an_arm_that_stands_at_the_start_moves_after_its_error_was_cleared():
    reflex = Reflex()
    assert run(reflex) is None
    assert reflex.log == ["execute", "recover", "execute"]


def test_an_error_that_comes_again_is_a_code():
    reflex = Reflex(times=2)
    failure = run(reflex)
    assert failure is not None and failure.code == GraspCode.CONTROLLER_ABORTED
    assert reflex.log == ["execute", "recover", "execute"]


def test_an_arm_that_was_stopped_on_its_way_does_not_start_again():
    reflex = Reflex(at=0.5)
    failure = run(reflex)
    assert "reflex; the robot's error was cleared" in str(failure)
    assert reflex.log == ["execute", "recover"]


def test_a_recovery_that_fails_is_said():
    failure = run(Reflex(answer="it ended with status 6"))
    assert failure is not None and failure.code == GraspCode.CONTROLLER_ABORTED
    assert "reflex; it ended with status 6" in str(failure)


def test_what_is_no_error_of_the_robot_is_handed_on():
    reflex = Reflex(code=GraspCode.JOINT_STATE_STALE)
    failure = run(reflex)
    assert failure is not None and failure.code == GraspCode.JOINT_STATE_STALE
    assert reflex.log == ["execute"]


@pytest.mark.parametrize(
    ("behaviour", "answer"), [("done", ""), ("refuse", "refused to recover"), ("abort", "ended with status 6")]
)
def test_frankas_action(graph, until, behaviour, answer):
    name = f"/recovery_{next(NUMBERS)}/error_recovery"
    calls = []

    def execute(handle):
        calls.append(handle)
        handle.abort() if behaviour == "abort" else handle.succeed()
        return ErrorRecovery.Result()

    ActionServer(
        graph.node,
        ErrorRecovery,
        name,
        execute_callback=execute,
        goal_callback=lambda goal: GoalResponse.REJECT if behaviour == "refuse" else GoalResponse.ACCEPT,
        callback_group=ReentrantCallbackGroup(),
    )
    recovery = FrankaRecovery(graph.node, name)
    until(recovery._client.server_is_ready, 10.0, "action server")
    reason = recovery.recover()
    assert (answer in reason) if answer else (reason == "")
    assert bool(calls) == (behaviour != "refuse")


def test_a_robot_without_that_action(graph):
    assert "there is no action server /nowhere" in FrankaRecovery(graph.node, "/nowhere").recover()
