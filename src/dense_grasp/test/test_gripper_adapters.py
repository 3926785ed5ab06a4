"""Gripper adapters against real action servers."""

from __future__ import annotations

import re
import threading
import time
from itertools import count

import pytest
from control_msgs.action import GripperCommand
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.grasping.settings import timeouts
from dense_grasp.gripper.action_runner import GripperSettings
from dense_grasp.gripper.franka import FrankaGripper
from dense_grasp.gripper.gripper_command import CommandGripper
from dense_grasp.gripper.registry import make_gripper
from dense_grasp.nodes.grasp_executor import GraspExecutor
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import GripperRecordError, gripper_record
from dense_grasp_core.parameters import ParameterError
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR, run_node
from dense_grasp_ros.parameters import declare
from franka_msgs.action import Grasp, Homing, Move
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger


class FrankaHand:
    """The actions and the stop service of franka_gripper; `hang` and `refuse` name actions that do so.

    deaf: so many cancels are refused; before_answer: goals are answered once it is set.
    """

    def __init__(
        self,
        graph,
        namespace: str,
        hang: str = "",
        refuse: str = "",
        deaf: int = 0,
        before_answer: threading.Event | None = None,
    ):
        self.deaf, self.before_answer = deaf, before_answer
        self.cancels = 0
        self.canceled, self.done = threading.Event(), threading.Event()
        self.calls: list[tuple[str, object]] = []
        self.stops = 0
        self.hang, self.refuse = hang, refuse
        self.width = 0.0
        self.knows_home = True
        group = ReentrantCallbackGroup()
        self.servers = [
            ActionServer(
                graph.node,
                kind,
                f"{namespace}/{name}",
                execute_callback=lambda handle, name=name, kind=kind: self.run(name, kind, handle),
                goal_callback=self.answer,
                cancel_callback=self.cancel,
                callback_group=group,
            )
            for name, kind in (("homing", Homing), ("move", Move), ("grasp", Grasp))
        ]
        graph.node.create_service(Trigger, f"{namespace}/stop", self.stop, callback_group=group)

    def answer(self, goal):
        if self.before_answer is not None:
            self.before_answer.wait(PATIENCE)
        return GoalResponse.ACCEPT

    def cancel(self, handle):
        self.cancels += 1
        return CancelResponse.REJECT if self.cancels <= self.deaf else CancelResponse.ACCEPT

    def run(self, name, kind, handle):
        self.calls.append((name, handle.request))
        end = time.monotonic() + PATIENCE
        while self.hang == name and time.monotonic() < end:
            if handle.is_cancel_requested:
                handle.canceled()
                self.canceled.set()
                return kind.Result()
            time.sleep(0.005)
        self.knows_home = self.knows_home or name == "homing"
        if self.refuse == name or not self.knows_home:
            handle.abort()
            return kind.Result(success=False, error="overheated")
        self.width = {"homing": 0.08, "grasp": 0.003}.get(name, getattr(handle.request, "width", 0.0))
        handle.succeed()
        self.done.set()
        return kind.Result(success=True)

    def stop(self, request, response):
        self.stops += 1
        response.success = True
        return response

    def close(self):
        """The node is gone; a hand that is started anew knows no home."""
        for server in self.servers:
            server.destroy()


NUMBERS = count()
HAND, COMMANDED, ROBOTIQ = (gripper_record(name, "fr3") for name in ("franka", "gripper_command", "robotiq"))
NAMESPACES = ["", ""]


@pytest.fixture(autouse=True)
def fresh_names():
    """Names of their own for each test: a server of the test before may still be announced."""
    number = next(NUMBERS)
    NAMESPACES[:] = [f"/hand_{number}", f"/old_hand_{number}"]


def franka(graph, hand: FrankaHand | None = None, **changes) -> FrankaGripper:
    values = {"server_timeout": PATIENCE, "action_timeout": PATIENCE, "wall_factor": 1.0}
    if hand is not None:
        values["read_width"] = lambda after: hand.width
    return FrankaGripper(graph.node, NAMESPACES, GripperSettings(HAND, **{**values, **changes}))


def names(hand: FrankaHand) -> list[str]:
    return [name for name, _ in hand.calls]


def test_homing_comes_first_and_once(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    gripper = franka(graph, hand)
    gripper.open(0.08)
    assert names(hand) == ["homing"]
    hand.width = 0.003
    gripper.open(0.08)
    assert names(hand) == ["homing", "move"]
    assert hand.calls[-1][1].width == pytest.approx(0.08)


def test_a_hand_whose_node_was_restarted_is_homed_again(graph, until):
    first = FrankaHand(graph, NAMESPACES[0])
    gripper = franka(graph, first, server_timeout=5.0)  # of a goal that is lost, see below
    gripper.open(0.08)
    device = gripper.device()
    assert gripper.device() == device
    first.close()
    second = FrankaHand(graph, NAMESPACES[0])
    first.width, second.knows_home = 0.003, False
    until(lambda: gripper.device() != device, 20.0, "the new node")

    def opens() -> bool:  # what is sent before the two nodes have found each other is lost, and said so
        try:
            gripper.open(0.08)
        except GraspFailure as failure:
            assert failure.code == GraspCode.GRIPPER_UNAVAILABLE
            return False
        return True

    until(opens, 60.0, "fingers that open")
    assert names(second)[-2:] == ["homing", "move"]


def test_a_hand_that_lost_its_power_behind_the_same_node_is_homed_again(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    gripper = franka(graph, hand)
    gripper.open(0.08)
    hand.width, hand.knows_home = 0.003, False
    gripper.open(0.08)
    assert names(hand) == ["homing", "move", "homing"]  # which opens them, too
    hand.knows_home = False
    with pytest.raises(GraspFailure):
        gripper.grasp()
    assert names(hand)[3:] == ["grasp"], "homing would open the fingers"
    gripper.open(0.08)
    assert names(hand)[4:] == ["homing"]


def test_what_the_node_refuses_is_no_reason_to_home(graph):
    hand = FrankaHand(graph, NAMESPACES[0], refuse="homing")
    with pytest.raises(GraspFailure, match="homing failed"):
        franka(graph, hand).open(0.08)
    assert names(hand) == ["homing"]


def test_a_hand_without_joint_states_is_told_before_it_moves(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    with pytest.raises(GraspFailure, match="no gripper width") as failure:
        franka(graph, width_timeout=0.2).check_available()
    assert failure.value.code == GraspCode.GRIPPER_FAILED and not hand.calls
    franka(graph, hand).check_available()


def test_homing_can_be_left_out(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    franka(graph, hand, homing=False).open(0.08)
    assert names(hand) == ["move"]


def test_the_older_name_of_the_node_is_found(graph):
    hand = FrankaHand(graph, NAMESPACES[1])
    franka(graph, hand).grasp()
    assert names(hand) == ["grasp"]


def test_grasp_accepts_every_width(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    gripper = franka(graph, hand, force=30.0, speed=0.04)
    gripper.grasp()
    goal = hand.calls[0][1]
    assert (goal.width, goal.epsilon.inner, goal.epsilon.outer) == pytest.approx((0.0, 0.08, 0.08))
    assert (goal.force, goal.speed) == pytest.approx((30.0, 0.04))
    assert gripper.width() == 0.003


def test_a_refusal_carries_its_reason(graph):
    hand = FrankaHand(graph, NAMESPACES[0], refuse="grasp")
    with pytest.raises(GraspFailure, match="overheated") as failure:
        franka(graph, hand).grasp()
    assert failure.value.code == GraspCode.GRIPPER_FAILED


def test_no_gripper_names_both_places(graph):
    with pytest.raises(GraspFailure, match=r"/hand_\d+/grasp or /old_hand_\d+/grasp") as failure:
        franka(graph, server_timeout=0.5).grasp()
    assert failure.value.code == GraspCode.GRIPPER_UNAVAILABLE


def test_a_hanging_gripper_is_stopped_after_its_time(graph, until):
    hand = FrankaHand(graph, NAMESPACES[0], hang="grasp")
    with pytest.raises(GraspFailure, match=r"not done after 0\.5 s") as failure:
        franka(graph, hand, action_timeout=0.5).grasp()
    assert failure.value.code == GraspCode.GRIPPER_FAILED
    until(lambda: hand.stops == 1, 2.0, "stop service")


def test_a_stop_cancels_and_calls_the_stop_service(graph, until):
    hand = FrankaHand(graph, NAMESPACES[0], hang="grasp")
    with pytest.raises(Canceled):
        franka(graph, hand).grasp(stop=lambda: bool(hand.calls))
    until(lambda: hand.stops == 1, 2.0, "stop service")


def test_a_stop_that_is_not_confirmed_is_repeated(graph, until):
    hand = FrankaHand(graph, NAMESPACES[0], hang="grasp", deaf=2)
    with pytest.raises(Canceled, match=r"the goal was canceled$"):
        franka(graph, hand).grasp(stop=lambda: bool(hand.calls))
    assert hand.cancels == 3 and hand.stops == 1
    until(hand.canceled.is_set, 5.0, "the end of the goal")


def test_a_stop_that_is_never_confirmed_is_said(graph, until):
    hand = FrankaHand(graph, NAMESPACES[0], hang="grasp", deaf=100)
    with pytest.raises(Canceled, match=r"gripper refused to stop .* it may still be moving"):
        franka(graph, hand).grasp(stop=lambda: bool(hand.calls))
    assert hand.stops == 1
    hand.hang = ""
    until(hand.done.is_set, 10.0, "the end of the goal")


def test_a_goal_that_is_accepted_too_late_is_stopped(graph, until):
    answered = threading.Event()
    hand = FrankaHand(graph, NAMESPACES[0], hang="grasp", before_answer=answered)
    with pytest.raises(GraspFailure, match=r"grasp was not answered") as failure:
        franka(graph, hand, server_timeout=2.0).grasp()
    assert failure.value.code == GraspCode.GRIPPER_UNAVAILABLE
    answered.set()
    until(hand.canceled.is_set, 10.0, "the end of the late goal")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"grasp_force": 80.0}, r"grasp_force is 80\.0, expected at most 70 N, what the gripper franka can do"),
        ({"grasp_force": 250.0, "gripper": "robotiq"}, r"grasp_force is 250\.0, expected at most 235 N"),
        ({"grasp_speed": 0.0}, r"grasp_speed is 0\.0, expected a number above 0"),
        ({"grasp_speed": 0.2}, r"grasp_speed is 0\.2, expected at most 0\.1 m/s"),
        ({"open_width": 0.09, "gripper": "robotiq"}, r"open_width is 0\.09, expected at most 0\.085 m, as wide as"),
        ({"gripper": "vacuum"}, "gripper is 'vacuum', expected one of franka, gripper_command, robotiq, or the path"),
        ({"homing": "often"}, "homing is 'often'"),
    ],
)
def test_what_no_gripper_can_do_is_refused(graph, parameters, message):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = Node("gripper_settings", context=graph.context, parameter_overrides=overrides)
    with pytest.raises((ParameterError, GripperRecordError), match=message):
        values = declare(node, GRASP_EXECUTOR)
        make_gripper(node, values, robot_settings(values), timeouts(values), lambda after: None)
    node.destroy_node()


@pytest.mark.parametrize(
    ("kind", "adapter"), [("franka", FrankaGripper), ("gripper_command", CommandGripper), ("robotiq", CommandGripper)]
)
def test_the_adapter_is_chosen_by_parameter(graph, kind, adapter):
    node = Node("gripper_choice", context=graph.context, parameter_overrides=[Parameter("gripper", value=kind)])
    values = declare(node, GRASP_EXECUTOR)
    gripper = make_gripper(node, values, robot_settings(values), timeouts(values), lambda after: None)
    assert isinstance(gripper, adapter)
    node.destroy_node()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (
            "like: franka\nconvention: suction\n",
            "mine has the convention 'suction', expected one of franka, gripper_com",
        ),
        ("convention: franka\n", r"mine\.yaml lacks namespaces, command, .*, expected convention, namespaces"),
    ],
)
def test_a_record_that_no_adapter_takes_ends_a_node_at_its_start(capfd, tmp_path, record, message):
    path = tmp_path / "mine.yaml"
    path.write_text(record)
    assert run_node("grasp_executor", GraspExecutor, ["--ros-args", "-p", f"gripper:={path}"]) == CONFIGURATION_ERROR
    assert re.search(message, capfd.readouterr().err)


def test_fingers_at_rest_are_not_stopped(graph):
    hand = FrankaHand(graph, NAMESPACES[0])
    gripper = franka(graph, hand)
    gripper.grasp()
    gripper.stop()
    assert hand.stops == 0


class CommandHand:
    """A GripperCommand server that ends at the position `reached`, else where it was sent."""

    def __init__(self, graph, reached: float | None = None, stalled: bool = False, action: str = "gripper_action"):
        self.goals = []
        self.reached, self.stalled = reached, stalled
        self.server = ActionServer(
            graph.node,
            GripperCommand,
            f"{NAMESPACES[0]}/{action}",
            execute_callback=self.run,
            callback_group=ReentrantCallbackGroup(),
        )

    def run(self, handle):
        command = handle.request.command
        self.goals.append((command.position, command.max_effort))
        handle.succeed()
        position = command.position if self.reached is None else self.reached
        return GripperCommand.Result(
            position=position, stalled=self.stalled, reached_goal=abs(position - command.position) < 1e-6
        )


def command(graph, server_timeout: float = 10.0, gripper=COMMANDED, **more) -> CommandGripper:
    settings = GripperSettings(gripper, server_timeout=server_timeout, **more)
    return CommandGripper(graph.node, NAMESPACES, settings)


def test_command_gripper_halves_the_width(graph):
    hand = CommandHand(graph)
    gripper = command(graph)
    gripper.open(0.08)
    assert hand.goals == [(pytest.approx(0.04), pytest.approx(25.0))]
    assert gripper.width() == pytest.approx(0.08)
    gripper.open(0.08)
    assert len(hand.goals) == 1


def test_robotiqs_positions_are_angles_that_grow_as_it_closes(graph):
    hand = CommandHand(graph, action="gripper_cmd")
    gripper = command(graph, gripper=ROBOTIQ, force=100.0)
    gripper.open(0.085)
    assert hand.goals == [(pytest.approx(0.0), pytest.approx(100.0))]
    assert gripper.width() == pytest.approx(0.085)
    hand.reached, hand.stalled = 0.7, True
    gripper.grasp()
    assert hand.goals[-1][0] == pytest.approx(0.8) and gripper.width() == pytest.approx(0.01158)


def test_command_gripper_stalls_on_the_object(graph):
    CommandHand(graph, reached=0.0015, stalled=True)
    gripper = command(graph)
    gripper.grasp()
    assert gripper.width() == pytest.approx(0.003)


def test_the_last_result_is_that_of_the_device_that_gave_it(graph, until):
    first = CommandHand(graph, reached=0.0015, stalled=True)
    gripper = command(graph, width_timeout=0.1)
    gripper.grasp()
    assert gripper.width() == pytest.approx(0.003) and gripper.live_width() is None
    first.server.destroy()
    CommandHand(graph)
    until(lambda: gripper.width() is None, 20.0, "the new node")
    gripper.open(0.08)
    assert gripper.width() == pytest.approx(0.08)


@pytest.mark.parametrize("make", [franka, command])
def test_the_live_width_is_that_of_joint_states_after_the_last_motion(graph, make):
    FrankaHand(graph, NAMESPACES[0])
    CommandHand(graph)
    told: list[float] = []
    gripper = make(graph, read_width=lambda after: told.append(after) or 0.02)
    assert gripper.live_width() == 0.02 and told == [0.0]
    before = time.monotonic()
    gripper.grasp()
    assert gripper.live_width() == 0.02 and told[-1] > before


def test_command_gripper_that_does_not_open(graph):
    CommandHand(graph, reached=0.01)
    with pytest.raises(GraspFailure, match=r"ended at 0\.020 m") as failure:
        command(graph).open(0.08)
    assert failure.value.code == GraspCode.GRIPPER_FAILED


def test_no_command_gripper(graph):
    with pytest.raises(GraspFailure, match="gripper_action") as failure:
        command(graph, server_timeout=0.5).grasp()
    assert failure.value.code == GraspCode.GRIPPER_UNAVAILABLE
