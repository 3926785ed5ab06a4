"""Fingers are believed where they are measured: the gripper's own topic first, never zeros that it denies."""

from __future__ import annotations

from itertools import count

import pytest
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.grasping.settings import timeouts
from dense_grasp.gripper.registry import make_gripper
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.parameters import declare
from franka_msgs.action import Grasp, Homing, Move
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState

NUMBERS = count()
FINGERS = ["fr3_finger_joint1", "fr3_finger_joint2"]


class Hand(Node):
    """franka_gripper's actions over real widths; beside it somebody who publishes zeros for the fingers for ever.

    own: whether the hand publishes its joint states, as franka_gripper does.
    """

    def __init__(self, name: str, own: bool, zeros: bool = True, **arguments):
        super().__init__("hand", **arguments)
        self.opened, self.held = 0.02, 0.003
        self.zeros = zeros
        group = ReentrantCallbackGroup()
        self.merged = self.create_publisher(JointState, f"/{name}/merged", 10)
        self.own = self.create_publisher(JointState, f"/{name}/joint_states", 10) if own else None
        self.create_timer(0.02, self.publish, callback_group=group)
        for kind, action in ((Homing, "homing"), (Move, "move"), (Grasp, "grasp")):
            ActionServer(
                self,
                kind,
                f"/{name}/{action}",
                lambda handle, kind=kind: self.run(handle, kind),
                callback_group=group,
            )

    def publish(self):
        real = JointState(name=FINGERS, position=[self.opened / 2, self.opened / 2])
        if self.own is not None:
            self.own.publish(real)
        self.merged.publish(JointState(name=FINGERS, position=[0.0, 0.0]) if self.zeros else real)

    def run(self, handle, kind):
        self.opened = {Homing: 0.08, Move: getattr(handle.request, "width", 0.0), Grasp: self.held}[kind]
        handle.succeed()
        return kind.Result(success=True)


@pytest.fixture
def made(graph, until):
    """`made(own, zeros)`: the hand, and the gripper adapter that knows it."""

    def make(own: bool, zeros: bool = True):
        name = f"hand_{next(NUMBERS)}"
        hand = graph.spin(Hand(name, own, zeros, context=graph.context))
        overrides = [
            Parameter("gripper_namespace", value=f"/{name}"),
            Parameter("joint_states_topic", value=f"/{name}/merged"),
        ]
        node = graph.spin(Node("client", context=graph.context, parameter_overrides=overrides))
        values = declare(node, GRASP_EXECUTOR)
        robot = robot_settings(values)
        joints = JointStateMonitor(node, robot.joint_states_topic, 1.0)
        gripper = make_gripper(
            node, values, robot, timeouts(values), lambda after: joints.finger_width(robot.gripper, after)
        )
        until(lambda: joints.finger_width(robot.gripper) is not None, 10.0, "merged joint states")
        if own:
            until(lambda: gripper.width() == pytest.approx(0.02), 10.0, "the gripper's own joint states")
        return hand, gripper

    return make


def test_the_grippers_own_states_count_before_zeros_in_the_merged_ones(made):
    _, gripper = made(own=True)
    gripper.open(0.08)
    assert gripper.width() == pytest.approx(0.08)
    gripper.grasp()
    assert gripper.width() == pytest.approx(0.003)


def test_zeros_that_the_gripper_denies_are_a_failure_with_cause_and_remedy(made):
    _, gripper = made(own=False)
    with pytest.raises(GraspFailure) as failure:
        gripper.open(0.08)
    assert failure.value.code == GraspCode.GRIPPER_FAILED
    message = str(failure.value)
    assert "says exactly 0.0 for fr3_finger_joint1 and fr3_finger_joint2 while the gripper says" in message
    assert "80 mm apart" in message and "/joint_states (remap its joint_states)" in message
    with pytest.raises(GraspFailure, match=r"says exactly 0\.0"):
        gripper.width()


def test_real_merged_states_are_believed(made):
    _, gripper = made(own=False, zeros=False)
    gripper.open(0.08)
    gripper.grasp()
    assert gripper.width() == pytest.approx(0.003)


def test_states_that_become_real_are_believed_again(made, until):
    hand, gripper = made(own=False)
    with pytest.raises(GraspFailure):
        gripper.open(0.08)
    hand.zeros = False

    def real():
        try:
            return gripper.width() == pytest.approx(0.08)
        except GraspFailure:
            return False

    until(real, 10.0, "real widths")


def test_fingers_that_are_closed_may_read_zero(made):
    hand, gripper = made(own=False, zeros=False)
    gripper.open(0.08)
    hand.held = 0.0
    gripper.grasp()
    assert gripper.width() == 0.0
