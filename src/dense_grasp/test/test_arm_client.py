"""Trajectories to a real action server: done, refused, aborted, hung, canceled."""

from __future__ import annotations

import threading
import time
from itertools import count

import numpy as np
import pytest
from control_msgs.action import FollowJointTrajectory
from dense_grasp.failure import GraspCanceled, GraspFailure
from dense_grasp.joint_state_monitor import JointStateMonitor
from dense_grasp.motion.arm_client import ArmClient, trajectory_message
from dense_grasp_core.codes import GraspCode
from dense_grasp_core.motion.protocol import Trajectory
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from sensor_msgs.msg import JointState

NAMES = ("j1", "j2")
NUMBERS = count()
MOVE = Trajectory(NAMES, np.array([0.0, 0.3]), np.array([[0.0, 0.0], [0.1, 0.2]]), np.zeros((2, 2)))


class Controller:
    """An action server with a behaviour: done, reject, abort, hang."""

    def __init__(self, graph, behaviour: str):
        self.behaviour = behaviour
        self.goals: list[FollowJointTrajectory.Goal] = []
        self.canceled = threading.Event()
        self.server = ActionServer(
            graph.node,
            FollowJointTrajectory,
            graph.action,
            execute_callback=self.run,
            goal_callback=lambda goal: GoalResponse.REJECT if behaviour == "reject" else GoalResponse.ACCEPT,
            cancel_callback=self.cancel,
            callback_group=ReentrantCallbackGroup(),
        )

    def cancel(self, handle):
        self.canceled.set()
        return CancelResponse.ACCEPT

    def run(self, handle):
        self.goals.append(handle.request)
        result = FollowJointTrajectory.Result()
        end = time.monotonic() + 20.0
        while self.behaviour == "hang" and time.monotonic() < end:
            if handle.is_cancel_requested:
                handle.canceled()
                return result
            time.sleep(0.005)
        if self.behaviour == "abort":
            result.error_code, result.error_string = FollowJointTrajectory.Result.PATH_TOLERANCE_VIOLATED, "pushed"
            handle.abort()
        else:
            handle.succeed()
        return result


class Cell:
    """Joint states at 50 Hz until told otherwise, and the client under test."""

    def __init__(self, graph):
        self.velocity, self.frozen = 0.0, False
        self.monitor = JointStateMonitor(graph.node, "/arm_under_test/joint_states", 1.0)
        graph.node.create_timer(0.02, self.tick)
        self.client = ArmClient(
            graph.node, graph.action, NAMES, self.monitor, still_timeout=1.0, server_timeout=3.0, motion_margin=1.5
        )

    def tick(self):
        if self.frozen:
            return
        self.monitor.update(JointState(name=list(NAMES), position=[0.0, 0.5], velocity=[0.0, self.velocity]))


@pytest.fixture
def cell(graph, until):
    # A name of its own for each test: the server of the test before may still be announced.
    graph.action = f"/arm_{next(NUMBERS)}/follow_joint_trajectory"
    made = Cell(graph)

    def there():
        try:
            return made.client.positions() is not None
        except GraspFailure:
            return False

    until(there, 5.0, "joint states")
    return made


def failure_of(cell, stop=None) -> GraspFailure:
    with pytest.raises(GraspFailure) as failure:
        cell.client.execute(MOVE, stop)
    return failure.value


def test_a_trajectory_is_sent_whole_and_waited_for(graph, cell):
    controller = Controller(graph, "done")
    cell.client.execute(MOVE)
    (goal,) = controller.goals
    assert goal.trajectory.joint_names == list(NAMES)
    assert [list(p.positions) for p in goal.trajectory.points] == MOVE.positions.tolist()


def test_message_times():
    points = trajectory_message(MOVE).points
    assert [(p.time_from_start.sec, p.time_from_start.nanosec) for p in points] == [(0, 0), (0, 300_000_000)]


def test_no_controller(graph, cell):
    failure = failure_of(cell)
    assert failure.code == GraspCode.CONTROLLER_UNAVAILABLE
    assert graph.action in str(failure)


def test_a_rejected_trajectory(graph, cell):
    Controller(graph, "reject")
    assert failure_of(cell).code == GraspCode.CONTROLLER_REJECTED


def test_a_controller_that_aborts(graph, cell):
    Controller(graph, "abort")
    failure = failure_of(cell)
    assert failure.code == GraspCode.CONTROLLER_ABORTED
    assert "pushed" in str(failure)


def test_a_controller_that_hangs_is_canceled(graph, cell, until):
    controller = Controller(graph, "hang")
    assert failure_of(cell).code == GraspCode.EXECUTION_TIMEOUT
    until(controller.canceled.is_set, 5.0, "cancel")


def test_joint_states_that_freeze_stop_the_motion(graph, cell, until):
    controller = Controller(graph, "hang")
    threading.Timer(0.1, setattr, (cell, "frozen", True)).start()
    assert failure_of(cell).code == GraspCode.JOINT_STATE_STALE
    until(controller.canceled.is_set, 5.0, "cancel")


def test_a_stop_cancels(graph, cell, until):
    controller = Controller(graph, "hang")
    with pytest.raises(GraspCanceled):
        cell.client.execute(MOVE, lambda: bool(controller.goals))
    until(controller.canceled.is_set, 5.0, "cancel")


def test_stop_without_motion_does_nothing(cell):
    cell.client.stop()


def test_waiting_until_still(cell, until):
    cell.client.wait_still()
    cell.velocity = 0.5
    until(lambda: cell.monitor.speed(NAMES) > 0.4, 2.0, "motion")
    with pytest.raises(GraspFailure, match=r"still moves at 0\.500"):
        cell.client.wait_still()
