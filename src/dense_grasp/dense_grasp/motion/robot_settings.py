"""The parameters of config/robot.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.codes import GraspCode
from rclpy.node import Node

from dense_grasp.failure import GraspFailure

ARM_JOINTS = 7


@dataclass(frozen=True)
class RobotSettings:
    """Names and limits of one arm; metres, radians, seconds, in the base frame."""

    robot_type: str
    prefix: str
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
    def room(self) -> tuple[np.ndarray, np.ndarray]:
        """Lowest and highest corner (3,) m, base frame, of the box that the tool centre point does not leave; it begins
        at the minimum height over the table.
        """
        low = self.tcp_min.copy()
        low[2] = max(low[2], self.table_height + self.minimum_height)
        return low, self.tcp_max

    @property
    def heartbeat_topic(self) -> str:
        """Where executors of this arm say that they live: beside the arm's action, so one topic an arm."""
        return f"{self.arm_action.rpartition('/')[0]}/executor_heartbeat"

    @property
    def moveit_py_namespace(self) -> str:
        """Where this arm's moveit_py_planner offers its services."""
        return f"/{self.name}_moveit_py"

    @property
    def finger_names(self) -> tuple[str, ...]:
        """The fingers' joints."""
        return tuple(f"{self.name}_finger_joint{i}" for i in (1, 2))


def numbers(node: Node, name: str, default: list[float], multiple_of: int) -> np.ndarray:
    """A parameter that is a list of floats. Raises GraspFailure INVALID_GOAL for a wrong count or NaN."""
    values = np.array(node.declare_parameter(name, default).value, dtype=float)
    if values.ndim != 1 or len(values) % multiple_of or not np.isfinite(values).all():
        raise GraspFailure(
            GraspCode.INVALID_GOAL,
            f"parameter {name} is {values.tolist()}, expected a multiple of {multiple_of} numbers",
        )
    return values


def robot_settings(node: Node) -> RobotSettings:
    """Declares and reads the parameters. Raises GraspFailure for values that cannot be."""

    def value(name: str, default: Any) -> Any:
        return node.declare_parameter(name, default).value

    robot_type, prefix = value("robot_type", "fr3"), value("prefix", "")
    if not robot_type:
        raise GraspFailure(
            GraspCode.INVALID_GOAL, "parameter robot_type is empty, expected fr3, panda, fer, fp3 or fr3v2"
        )
    action = value("arm_action", "") or f"/{prefix}{robot_type}_arm_controller/follow_joint_trajectory"
    settings = RobotSettings(
        robot_type=robot_type,
        prefix=prefix,
        description_topic=value("robot_description_topic", "/robot_description"),
        joint_states_topic=value("joint_states_topic", "/joint_states"),
        arm_action=action,
        workspace_min=numbers(node, "workspace_min", [0.25, -0.38, -0.01], 3),
        workspace_max=numbers(node, "workspace_max", [0.75, 0.38, 0.40], 3),
        minimum_height=value("minimum_height", 0.008),
        tcp_min=numbers(node, "tcp_min", [-0.30, -0.80, 0.0], 3),
        tcp_max=numbers(node, "tcp_max", [0.90, 0.80, 1.20], 3),
        table_height=value("table_height", 0.0),
        walls=numbers(node, "walls", [-0.62, 0.0, 0.5, 0.04, 1.6, 1.0], 6),
        velocity_scaling=value("velocity_scaling", 0.5),
        acceleration_limits=numbers(node, "acceleration_limits", [3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0], ARM_JOINTS),
        acceleration_scaling=value("acceleration_scaling", 0.9),
        tcp_speed=value("tcp_speed", 0.5),
        approach_speed=value("approach_speed", 0.10),
        lift_speed=value("lift_speed", 0.15),
        planning_time=value("planning_time", 2.0),
        open_width=value("open_width", 0.08),
        voxel=value("voxel", 0.01),
        clearance=value("clearance", 0.005),
        self_margin=value("self_margin", 0.03),
        camera_box=numbers(node, "camera_box", [0.065, 0.0, 0.0225, 0.030, 0.100, 0.035], 6),
        heartbeat_timeout=value("heartbeat_timeout", 0.06),
        goal_tolerance=value("goal_tolerance", 0.02),
        wrench_topic=value("wrench_topic", ""),
        planning_group=value("planning_group", "") or f"{prefix}{robot_type}_arm",
        move_group_namespace=value("move_group_namespace", ""),
    )
    for box in ("workspace", "tcp"):
        low, high = getattr(settings, f"{box}_min"), getattr(settings, f"{box}_max")
        if len(low) != 3 or len(high) != 3 or np.any(low >= high):
            raise GraspFailure(
                GraspCode.INVALID_GOAL,
                f"{box}_min is {low.tolist()}, expected below {box}_max {high.tolist()}, three numbers each",
            )
    speeds = ("tcp_speed", "approach_speed", "lift_speed")
    for name in (*speeds, "planning_time", "voxel", "heartbeat_timeout", "goal_tolerance"):
        if not getattr(settings, name) > 0:
            raise GraspFailure(GraspCode.INVALID_GOAL, f"parameter {name} is {getattr(settings, name)}, expected > 0")
    return settings
