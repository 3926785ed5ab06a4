"""ParallelGripperCommand against a real action server that answers as ros2_controllers' controller does."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import count

import control_msgs.action
import pytest
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.grasping.settings import timeouts
from dense_grasp.gripper.action_runner import GripperSettings
from dense_grasp.gripper.registry import ADAPTERS, adapter_of, make_gripper
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import GripperRecordError, gripper_record
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.parameters import declare
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter

ParallelGripperCommand = getattr(control_msgs.action, "ParallelGripperCommand", None)
needs_the_action = pytest.mark.skipif(
    ParallelGripperCommand is None, reason="this machine's control_msgs is older than Jazzy's"
)
NUMBERS = count()
#: Robotiq's hand behind the newer controller: what `like: robotiq` and another convention in a file of one's own give.
RECORD = replace(gripper_record("robotiq", "fr3"), convention="parallel_gripper_command")


class ParallelHand:
    """Takes goals of one position; ends at `reached`, else where it was sent. hang: until it is canceled."""

    def __init__(
        self, graph, reached: float | None = None, stalled: bool = False, hang: bool = False, namespace: str = ""
    ):
        self.goals: list = []
        self.reached, self.stalled, self.hang = reached, stalled, hang
        self.canceled = threading.Event()
        self.namespace = namespace or f"/parallel_{next(NUMBERS)}"
        self.server = ActionServer(
            graph.node,
            ParallelGripperCommand,
            f"{self.namespace}/{RECORD.command}",
            execute_callback=self.run,
            goal_callback=self.answer,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def answer(self, goal):
        return GoalResponse.ACCEPT if len(goal.command.position) == 1 else GoalResponse.REJECT

    def run(self, handle):
        command = handle.request.command
        self.goals.append(command)
        result = ParallelGripperCommand.Result()
        end = time.monotonic() + 60.0
        while self.hang and time.monotonic() < end:
            if handle.is_cancel_requested:
                handle.canceled()
                self.canceled.set()
                return result  # the controller's has no positions then
            time.sleep(0.005)
        position = command.position[0] if self.reached is None else self.reached
        result.state.position = [position]
        result.stalled = self.stalled
        result.reached_goal = abs(position - command.position[0]) < 1e-6
        if result.stalled:
            handle.abort()  # allow_stalling is false by default
        else:
            handle.succeed()
        return result


def gripper_of(graph, hand: ParallelHand | None, **more):
    settings = GripperSettings(RECORD, **{"server_timeout": 20.0, "width_timeout": 0.1, "wall_factor": 1.0, **more})
    return adapter_of(RECORD).make(graph.node, ["/nobody" if hand is None else hand.namespace], settings, None)


@needs_the_action
def test_the_goal_names_joint_position_velocity_and_effort(graph):
    hand = ParallelHand(graph)
    gripper = gripper_of(graph, hand, force=60.0, speed=0.05)
    gripper.open(0.085)
    (goal,) = hand.goals
    assert list(goal.name) == ["robotiq_85_left_knuckle_joint"]
    assert list(goal.position) == [pytest.approx(0.0)] and list(goal.effort) == [pytest.approx(60.0)]
    assert list(goal.velocity) == [pytest.approx(0.05 * 0.8 / 0.085)]
    assert gripper.width() == pytest.approx(0.085)
    gripper.open(0.085)
    assert len(hand.goals) == 1


@needs_the_action
def test_it_closes_on_an_object_and_stalls(graph):
    hand = ParallelHand(graph, reached=0.7, stalled=True)
    gripper = gripper_of(graph, hand)
    gripper.grasp()
    assert hand.goals[0].position[0] == pytest.approx(0.8)
    assert gripper.width() == pytest.approx(0.01158)


@needs_the_action
def test_it_does_not_open(graph):
    with pytest.raises(GraspFailure, match=r"opening to 0\.085 m ended at 0\.045 m") as failure:
        gripper_of(graph, ParallelHand(graph, reached=0.4)).open(0.085)
    assert failure.value.code == GraspCode.GRIPPER_FAILED


@needs_the_action
def test_a_stop_cancels_the_goal_and_the_width_is_unknown_then(graph, until):
    hand = ParallelHand(graph, hang=True)
    gripper = gripper_of(graph, hand)
    with pytest.raises(Canceled):
        gripper.grasp(stop=lambda: bool(hand.goals))
    until(hand.canceled.is_set, 20.0, "the end of the goal")
    assert gripper.width() is None


@needs_the_action
def test_a_record_of_ones_own_chooses_it(graph, tmp_path):
    path = tmp_path / "robotiq_parallel.yaml"
    path.write_text("like: robotiq\nconvention: parallel_gripper_command\nnamespaces: [parallel_of_a_file]\n")
    node = Node("parallel_choice", context=graph.context, parameter_overrides=[Parameter("gripper", value=str(path))])
    values = declare(node, GRASP_EXECUTOR)
    hand = ParallelHand(graph, namespace="/parallel_of_a_file")
    gripper = make_gripper(graph.spin(node), values, robot_settings(values), timeouts(values), lambda after: None)
    gripper.grasp()
    assert list(hand.goals[0].effort) == [pytest.approx(values["grasp_force"])]


@needs_the_action
def test_no_server_is_named(graph):
    with pytest.raises(GraspFailure, match="/nobody/gripper_cmd") as failure:
        gripper_of(graph, None, server_timeout=0.5).grasp()
    assert failure.value.code == GraspCode.GRIPPER_UNAVAILABLE


def test_an_older_control_msgs_is_said(graph, monkeypatch):
    monkeypatch.delattr(control_msgs.action, "ParallelGripperCommand", raising=False)
    settings, convention = GripperSettings(RECORD), adapter_of(RECORD)
    for use in (convention.action, lambda: convention.make(graph.node, ["/a"], settings, None)):
        with pytest.raises(GripperRecordError, match="ParallelGripperCommand, which this machine's control_msgs lacks"):
            use()
    assert ADAPTERS["gripper_command"].action() is control_msgs.action.GripperCommand
