"""Trajectories to a real action server: done, refused, aborted, hung, canceled."""

from __future__ import annotations

import math
import threading
import time
from itertools import count

import numpy as np
import pytest
from action_msgs.srv import CancelGoal
from control_msgs.action import FollowJointTrajectory
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.trajectory_client import ArmClient, trajectory_message
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.local_graph import PATIENCE
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from sensor_msgs.msg import JointState

NAMES = ("j1", "j2")
NUMBERS = count()
MOVE = Trajectory(NAMES, np.array([0.0, 0.3]), np.array([[0.0, 0.0], [0.1, 0.2]]), np.zeros((2, 2)))


class Controller:
    """An action server with a behaviour: done, reject, abort, hang; or deaf: hangs and refuses `deaf` cancels."""

    def __init__(self, graph, behaviour: str, deaf: int = 0, before_answer: threading.Event | None = None):
        self.behaviour, self.deaf = behaviour, deaf
        self.cancels = 0
        self.ended = threading.Event()
        self.before_answer = before_answer
        self.goals: list[FollowJointTrajectory.Goal] = []
        self.canceled = threading.Event()
        self.server = ActionServer(
            graph.node,
            FollowJointTrajectory,
            graph.action,
            execute_callback=self.run,
            goal_callback=self.answer,
            cancel_callback=self.cancel,
            callback_group=ReentrantCallbackGroup(),
        )

    def answer(self, goal):
        if self.before_answer is not None:
            self.before_answer.wait(PATIENCE)
        return GoalResponse.REJECT if self.behaviour == "reject" else GoalResponse.ACCEPT

    def cancel(self, handle):
        self.cancels += 1
        if self.cancels <= self.deaf:
            return CancelResponse.REJECT
        self.canceled.set()
        return CancelResponse.ACCEPT

    def run(self, handle):
        self.goals.append(handle.request)
        result = FollowJointTrajectory.Result()
        end = time.monotonic() + PATIENCE
        while self.behaviour == "hang" and time.monotonic() < end:
            if handle.is_cancel_requested:
                handle.canceled()
                self.ended.set()
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

    def __init__(self, graph, joint_state_timeout=PATIENCE, **limits):
        self.velocity, self.frozen = 0.0, False
        self.monitor = JointStateMonitor(graph.node, "/arm_under_test/joint_states", joint_state_timeout)
        graph.node.create_timer(0.02, self.tick)
        limits = {"still_timeout": 1.0, "server_timeout": PATIENCE, "motion_margin": PATIENCE, **limits}
        self.client = ArmClient(graph.node, graph.action, NAMES, self.monitor, **limits)

    def tick(self):
        if self.frozen:
            return
        self.monitor.update(JointState(name=list(NAMES), position=[0.0, 0.5], velocity=[0.0, self.velocity]))


@pytest.fixture
def make_cell(graph, until):
    """`make_cell(name=limit)`: short is only the limit that the test is about."""
    # A name of its own for each test: the server of the test before may still be announced.
    graph.action = f"/arm_{next(NUMBERS)}/follow_joint_trajectory"

    def make(**limits):
        made = Cell(graph, **limits)

        def there():
            try:
                return made.client.positions() is not None
            except GraspFailure:
                return False

        until(there, 5.0, "joint states")
        return made

    return make


@pytest.fixture
def cell(make_cell):
    return make_cell()


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


def test_no_controller(graph, make_cell):
    failure = failure_of(make_cell(server_timeout=1.0))
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


def test_a_motion_that_the_stop_service_cancels_ends_as_canceled(graph, cell):
    """It cancels the controller's goal and the one that the motion belongs to; here the second cancel comes later."""
    controller = Controller(graph, "hang")
    stopper = graph.node.create_client(CancelGoal, f"{graph.action}/_action/cancel_goal")
    asked: list[Future] = []
    ended = math.inf

    def stop():
        nonlocal ended
        if controller.goals and not asked:
            asked.append(stopper.call_async(CancelGoal.Request()))
        if controller.ended.is_set():
            ended = min(ended, time.monotonic())
        return time.monotonic() > ended + 0.1

    with pytest.raises(Canceled):
        cell.client.execute(MOVE, stop)


def test_a_controller_that_hangs_is_canceled(graph, make_cell, until):
    cell, controller = make_cell(motion_margin=1.5), Controller(graph, "hang")
    assert failure_of(cell).code == GraspCode.EXECUTION_TIMEOUT
    until(controller.canceled.is_set, 5.0, "cancel")


def test_joint_states_that_freeze_stop_the_motion(graph, make_cell, until):
    cell, controller = make_cell(joint_state_timeout=1.0), Controller(graph, "hang")
    threading.Timer(0.1, setattr, (cell, "frozen", True)).start()
    assert failure_of(cell).code == GraspCode.JOINT_STATE_STALE
    until(controller.canceled.is_set, 5.0, "cancel")


def test_a_stop_cancels(graph, cell, until):
    controller = Controller(graph, "hang")
    with pytest.raises(Canceled):
        cell.client.execute(MOVE, lambda: bool(controller.goals))
    until(controller.canceled.is_set, 5.0, "cancel")


def test_a_stop_that_is_not_confirmed_is_repeated(graph, cell, until):
    controller = Controller(graph, "hang", deaf=2)
    with pytest.raises(Canceled, match=r"the goal was canceled$"):
        cell.client.execute(MOVE, lambda: bool(controller.goals))
    assert controller.cancels == 3
    until(controller.ended.is_set, 5.0, "the end of the goal")


def test_a_stop_that_is_never_confirmed_is_said_and_repeated_before_the_next_motion(graph, cell, until):
    controller = Controller(graph, "hang", deaf=6)
    with pytest.raises(Canceled, match=rf"{graph.action} refused to stop .* after 3 attempts: it may still be"):
        cell.client.execute(MOVE, lambda: bool(controller.goals))
    failure = failure_of(cell)
    assert failure.code == GraspCode.CONTROLLER_UNAVAILABLE
    assert "an earlier motion was not stopped" in str(failure)
    assert len(controller.goals) == 1
    cell.client.stop()
    assert controller.cancels == 7
    until(controller.ended.is_set, 5.0, "the end of the goal")
    controller.behaviour = "done"
    cell.client.execute(MOVE)


def test_a_goal_that_is_accepted_too_late_is_stopped(graph, make_cell, until):
    cell, answered = make_cell(server_timeout=3.0), threading.Event()
    controller = Controller(graph, "hang", before_answer=answered)
    failure = failure_of(cell)
    assert failure.code == GraspCode.CONTROLLER_UNAVAILABLE
    assert "did not answer a trajectory within 3.0 s; should it still accept it, it is stopped at once" in str(failure)
    answered.set()
    until(controller.ended.is_set, 5.0, "the end of the late goal")


def test_stop_without_motion_does_nothing(cell):
    cell.client.stop()


def test_waiting_until_still(cell, until):
    cell.client.wait_still()
    cell.velocity = 0.5
    until(lambda: cell.monitor.speed(NAMES) > 0.4, 2.0, "motion")
    with pytest.raises(GraspFailure, match=r"still moves at 0\.500"):
        cell.client.wait_still()
