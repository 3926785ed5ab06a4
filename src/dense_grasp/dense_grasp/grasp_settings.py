"""The parameters of config/grasp.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_core.codes import GraspCode
from dense_grasp_ros.read_once import refusal
from rclpy.node import Node
from rclpy.parameter import Parameter

from dense_grasp.failure import GraspFailure
from dense_grasp.grasp_ports import GraspSettings
from dense_grasp.motion.robot_settings import ARM_JOINTS, RobotSettings, numbers


@dataclass(frozen=True)
class Timeouts:
    """Seconds; see config/grasp.yaml."""

    still: float
    locate: float
    depth: float
    server: float
    motion_margin: float
    gripper: float
    homing: float
    joint_state: float
    wall_factor: float


def timeouts(node: Node) -> Timeouts:
    """Declares and reads the time-outs."""

    def value(name: str, default: float) -> float:
        return float(node.declare_parameter(name, default).value)

    return Timeouts(
        still=value("still_timeout", 5.0),
        locate=value("locate_timeout", 5.0),
        depth=value("depth_timeout", 2.0),
        server=value("server_timeout", 5.0),
        motion_margin=value("motion_margin", 5.0),
        gripper=value("gripper_timeout", 10.0),
        homing=value("homing_timeout", 30.0),
        joint_state=value("joint_state_timeout", 1.0),
        wall_factor=value("wall_time_factor", 5.0),
    )


def grasp_settings(node: Node, robot: RobotSettings) -> GraspSettings:
    """Declares and reads what the stages need. Raises GraspFailure for values that cannot be."""

    def value(name: str, default):
        return node.declare_parameter(name, default).value

    observe = numbers(node, "observe_joints", [-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108], ARM_JOINTS)
    further = numbers(node, "observe_joints_more", [0.0] * ARM_JOINTS, ARM_JOINTS)
    poses = list(observe.reshape(-1, ARM_JOINTS))
    # An empty list cannot be written in a parameter file: a pose of zeros stands for none.
    poses += [pose for pose in further.reshape(-1, ARM_JOINTS) if np.any(pose != 0.0)]
    return GraspSettings(
        observe_poses=tuple(poses),
        workspace_min=robot.workspace_min,
        workspace_max=robot.workspace_max,
        observe_tolerance=value("observe_tolerance", 0.02),
        safe_height=value("safe_height", 0.30),
        pre_grasp_distance=value("pre_grasp_distance", 0.10),
        lift_height=value("lift_height", 0.18),
        minimum_height=robot.minimum_height,
        target_radius=value("target_radius", 0.09),
        open_width=robot.open_width,
        min_grasp_width=value("min_grasp_width", 0.0012),
        max_grasp_width=value("max_grasp_width", 0.075),
        lost_width_change=value("lost_width_change", 0.004),
        min_lift_force=value("min_lift_force", 0.0),
        hold_time=value("hold_time", 0.5),
        after_grasp=value("after_grasp", "hold"),
        deliver_joints=joint_pose("deliver_joints", value("deliver_joints", [0.0] * ARM_JOINTS)),
        use_depth=value("use_depth", True),
    )


def joint_pose(name: str, value: Iterable[float]) -> np.ndarray | None:
    """Joint positions (7,) rad of a parameter; all zeros, which can be written in a file, stand for none."""
    pose = np.array(value, dtype=float)
    if pose.shape != (ARM_JOINTS,) or not np.isfinite(pose).all():
        raise GraspFailure(
            GraspCode.INVALID_GOAL, f"parameter {name} is {pose.tolist()}, expected {ARM_JOINTS} finite numbers"
        )
    return pose if np.any(pose != 0.0) else None


#: What may change while the executor runs; the next goal takes it. Everything else is built in at the start.
CHANGEABLE = ("hold_time", "after_grasp", "deliver_joints", "use_depth")


def changed_settings(settings: GraspSettings, parameters: Iterable[Parameter]) -> GraspSettings:
    """The settings after `ros2 param set`. Raises GraspFailure for a parameter or value that cannot be taken."""
    new = {parameter.name: parameter.value for parameter in parameters}
    reason = refusal("grasp_executor", new, CHANGEABLE)
    if reason:
        raise GraspFailure(GraspCode.INVALID_GOAL, reason)
    changes = {name: value for name, value in new.items() if name in CHANGEABLE}
    if "deliver_joints" in changes:
        changes["deliver_joints"] = joint_pose("deliver_joints", changes["deliver_joints"])
    return replace(settings, **changes)
