"""What the nodes make of the values of config/robot.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.grippers.record import GripperRecord
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.shared_parameters import ARM_JOINTS, chosen_gripper

_ARRAYS = ("workspace_min", "workspace_max", "tcp_min", "tcp_max", "acceleration_limits", "camera_box")
_SINGLE = (
    "joint_states_topic",
    "minimum_height",
    "table_height",
    "velocity_scaling",
    "acceleration_scaling",
    "tcp_speed",
    "approach_speed",
    "lift_speed",
    "planning_time",
    "planner_seed",
    "open_width",
    "voxel",
    "clearance",
    "self_margin",
    "heartbeat_timeout",
    "goal_tolerance",
    "wrench_topic",
    "move_group_namespace",
)


@dataclass(frozen=True)
class RobotSettings:
    """Names and limits of one arm and its gripper; metres, radians, seconds, in the base frame.

    gripper: named for this arm. gripper_namespaces: where its driver may be, absolute; the first that answers counts.
    """

    robot_type: str
    prefix: str
    gripper: GripperRecord
    gripper_namespaces: tuple[str, ...]
    description_topic: str
    joint_states_topic: str
    arm_action: str
    workspace_min: np.ndarray
    workspace_max: np.ndarray
    minimum_height: float
    tcp_min: np.ndarray
    tcp_max: np.ndarray
    table_height: float
    walls: np.ndarray
    velocity_scaling: float
    acceleration_limits: np.ndarray
    acceleration_scaling: float
    tcp_speed: float
    approach_speed: float
    lift_speed: float
    planning_time: float
    planner_seed: int
    open_width: float
    voxel: float
    clearance: float
    self_margin: float
    camera_box: np.ndarray
    heartbeat_timeout: float
    goal_tolerance: float
    wrench_topic: str
    planning_group: str = ""
    move_group_namespace: str = ""
    namespace: str = "/"

    def absolute(self, name: str) -> str:
        """A relative ROS name in this arm's namespace."""
        return absolute(self.namespace, name)

    @property
    def name(self) -> str:
        """Prefix and type, the first part of every frame's and joint's name."""
        return f"{self.prefix}{self.robot_type}"

    @property
    def base_frame(self) -> str:
        """Frame that every pose and point is in."""
        return f"{self.name}_link0"

    @property
    def joint_names(self) -> tuple[str, ...]:
        """The arm's joints."""
        return tuple(f"{self.name}_joint{i + 1}" for i in range(ARM_JOINTS))

    @property
    def tcp_workspace(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,) m, base frame, of the box that the tool centre point does not leave; it begins
        at the minimum height over the table.
        """
        low = self.tcp_min.copy()
        low[2] = max(low[2], self.table_height + self.minimum_height)
        return low, self.tcp_max

    @property
    def heartbeat_topic(self) -> str:
        """Where executors of this arm say that they live: beside the arm's action, so one topic an arm, whatever the
        namespaces of those who drive it.
        """
        return f"{self.arm_action.rpartition('/')[0]}/executor_heartbeat"

    @property
    def moveit_py_namespace(self) -> str:
        """Where this arm's moveit_py_planner offers its services."""
        return self.absolute(f"{self.name}_moveit_py")


def absolute(namespace: str, name: str) -> str:
    """A ROS name in an absolute namespace; one that is absolute stays as it is."""
    return name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"


def robot_settings(values: Mapping[str, Any], namespace: str = "/") -> RobotSettings:
    """From the values of robot_parameters.MOTION, names as declare() gives them, for a node in `namespace`.

    Raises ParameterError for values that do not fit together, GripperRecordError.
    """
    gripper = chosen_gripper(values)
    if values["open_width"] > gripper.greatest_width:
        most = f"at most {gripper.greatest_width} m, as wide as the gripper {gripper.name} opens"
        raise ParameterError("open_width", values["open_width"], most)
    spaces = [values["gripper_namespace"]] if values["gripper_namespace"] else gripper.namespaces
    taken: dict[str, Any] = {name: values[name] for name in _SINGLE}
    taken.update((name, np.array(values[name])) for name in _ARRAYS)
    settings = RobotSettings(
        robot_type=values["robot_type"],
        prefix=values["prefix"],
        gripper=gripper,
        gripper_namespaces=tuple(absolute(namespace, space) for space in spaces),
        description_topic=values["robot_description_topic"],
        arm_action=values["arm_action"]
        or absolute(namespace, f"{values['prefix']}{values['robot_type']}_arm_controller/follow_joint_trajectory"),
        namespace=namespace,
        planning_group=values["planning_group"] or f"{values['prefix']}{values['robot_type']}_arm",
        walls=np.array(values["walls"] if any(values["walls"]) else []),
        **taken,
    )
    for box in ("workspace", "tcp"):
        check_box(values, box)
    return settings


def check_box(values: Mapping[str, Any], box: str) -> None:
    """Raises ParameterError unless <box>_min lies below <box>_max."""
    low, high = values[f"{box}_min"], values[f"{box}_max"]
    if any(a >= b for a, b in zip(low, high, strict=True)):
        raise ParameterError(f"{box}_min", low, f"each number below {box}_max {high}")
