"""The convention of control_msgs/ParallelGripperCommand, as ros2_controllers' parallel_gripper_controller has it.

The action is in control_msgs of ROS 2 Jazzy and newer; it is imported when a gripper of this convention is chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dense_grasp_core.grippers.record import GripperRecordError
from rclpy.node import Node

from dense_grasp.gripper.action_runner import GripperSettings
from dense_grasp.gripper.convention import Convention
from dense_grasp.gripper.gripper_command import Command, CommandGripper


def _action() -> Any:
    try:
        from control_msgs.action import ParallelGripperCommand
    except ImportError as error:
        raise GripperRecordError(
            "convention parallel_gripper_command needs the action ParallelGripperCommand, which this machine's "
            "control_msgs lacks, expected that of ROS 2 Jazzy or newer; where the driver offers GripperCommand, too, "
            "take a gripper of the convention gripper_command"
        ) from error
    return ParallelGripperCommand


def _goal(settings: GripperSettings, position: float) -> Any:
    """Every joint of the record to the position; velocity in m/s or rad/s of a joint, effort the force in N."""
    record = settings.record
    goal = _action().Goal()
    joints = len(record.joints)
    way = abs(record.position(record.greatest_width) - record.position(0.0))
    goal.command.name = list(record.joints)
    goal.command.position = [position] * joints
    goal.command.velocity = [settings.speed * way / record.greatest_width] * joints
    goal.command.effort = [float(settings.force)] * joints
    return goal


def _told(result: Any) -> float | None:
    positions = result.state.position  # empty when the goal was canceled
    return float(sum(positions) / len(positions)) if positions else None


def _make(
    node: Node, namespaces: Sequence[str], settings: GripperSettings, callback_group: Any = None
) -> CommandGripper:
    return CommandGripper(node, namespaces, settings, callback_group, Command(_action(), _goal, _told))


CONVENTION = Convention(_make, _action)
