"""The adapters of grippers by convention, and the one that the parameters name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dense_grasp_core.grasping.interfaces import Gripper
from dense_grasp_core.grippers.record import GripperRecord, GripperRecordError
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.quiet import QuietGroup
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.arm.heartbeat import NoPulse, Pulse
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_settings import RobotSettings, absolute
from dense_grasp.grasping.settings import Timeouts
from dense_grasp.gripper import franka, gripper_command, parallel_gripper_command
from dense_grasp.gripper.action_runner import GripperSettings
from dense_grasp.gripper.convention import Convention
from dense_grasp.gripper.finger_states import FingerStates

#: Convention of a record -> how it is commanded.
ADAPTERS: dict[str, Convention] = {
    "franka": franka.CONVENTION,
    "gripper_command": gripper_command.CONVENTION,
    "parallel_gripper_command": parallel_gripper_command.CONVENTION,
}


def adapter_of(record: GripperRecord) -> Convention:
    """How grippers of its convention are commanded. Raises GripperRecordError."""
    if record.convention not in ADAPTERS:
        raise GripperRecordError(
            f"gripper {record.name} has the convention {record.convention!r}, expected one of {', '.join(ADAPTERS)}"
        )
    return ADAPTERS[record.convention]


def own_joint_states(robot: RobotSettings) -> list[str]:
    """Topics on which the gripper's driver itself may tell where its fingers are."""
    topic = robot.gripper.joint_states
    topics = [absolute(space, topic) for space in robot.gripper_namespaces] if topic else []
    return [topic for topic in topics if topic != robot.joint_states_topic]


def make_gripper(
    node: Node,
    values: Mapping[str, Any],
    robot: RobotSettings,
    times: Timeouts,
    read_width: Callable[[float], float | None],
    callback_group: CallbackGroup | None = None,
    pulse: Pulse | None = None,
) -> Gripper:
    """The adapter for the robot's gripper and the values of grasp_parameters.FINGERS.

    read_width(after): width in m by the robot's joint states, used where the gripper publishes none of its own.
    Raises ParameterError for what this gripper cannot do, GripperRecordError for a convention without an adapter.
    """
    record = robot.gripper
    adapter = adapter_of(record)
    for name, most, unit in (
        ("grasp_force", record.greatest_force, "N"),
        ("grasp_speed", record.greatest_speed, "m/s"),
    ):
        if values[name] > most:
            raise ParameterError(name, values[name], f"at most {most:g} {unit}, what the gripper {record.name} can do")
    own = [JointStateMonitor(node, topic, times.joint_state, QuietGroup()) for topic in own_joint_states(robot)]
    fingers = FingerStates(record, own, read_width, robot.joint_states_topic, times.joint_state)
    settings = GripperSettings(
        record,
        speed=values["grasp_speed"],
        force=values["grasp_force"],
        homing=record.needs_homing and values["homing"] == "auto",
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
    return adapter.make(node, robot.gripper_namespaces, settings, callback_group)
