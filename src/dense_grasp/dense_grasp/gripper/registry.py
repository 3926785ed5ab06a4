"""The gripper adapter that the parameters name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dense_grasp_core.grasping.interfaces import Gripper
from dense_grasp_ros.quiet import QuietGroup
from rclpy.node import Node

from dense_grasp.arm.heartbeat import NoPulse, Pulse
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.grasping.settings import Timeouts
from dense_grasp.gripper.adapters import CommandGripper, FrankaGripper, GripperSettings
from dense_grasp.gripper.finger_states import FingerStates


def gripper_namespaces(robot: RobotSettings, namespace: str) -> list[str]:
    """Where the hand's node may be: as configured, or under the names that franka_ros2 gave it."""
    # Renamed from <type>_gripper to franka_gripper in 2.0.0.
    return [namespace] if namespace else [robot.absolute(name) for name in ("franka_gripper", f"{robot.name}_gripper")]


def make_gripper(
    node: Node,
    values: Mapping[str, Any],
    robot: RobotSettings,
    times: Timeouts,
    read_width: Callable[[float], float | None],
    callback_group=None,
    pulse: Pulse | None = None,
) -> Gripper:
    """The adapter for the values of robot_parameters.GRIPPER and grasp_parameters.FINGERS.

    read_width(after): width in m by the robot's joint states, used where the gripper publishes none of its own.
    """
    namespaces = gripper_namespaces(robot, values["gripper_namespace"])
    topics = [f"{ns}/joint_states" for ns in namespaces]
    own = [
        JointStateMonitor(node, topic, times.joint_state, QuietGroup())
        for topic in topics
        if topic != robot.joint_states_topic
    ]
    fingers = FingerStates(robot.finger_names, own, read_width, robot.joint_states_topic, times.joint_state)
    settings = GripperSettings(
        speed=values["grasp_speed"],
        force=values["grasp_force"],
        homing=values["homing"] == "auto",
        server_timeout=times.server,
        action_timeout=times.gripper,
        homing_timeout=times.homing,
        wall_factor=times.wall_factor,
        # As old as joint states may be while the arm moves: later ones would not be believed there either.
        width_timeout=times.joint_state,
        read_width=fingers.width,
        check_opened=fingers.check_opened,
        pulse=pulse or NoPulse(),
    )
    if values["gripper"] == "franka":
        return FrankaGripper(node, namespaces, settings, callback_group)
    return CommandGripper(node, f"{namespaces[0]}/gripper_action", settings, callback_group)
