"""What the executor makes of the values of config/grasp.yaml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from dense_grasp_core.grasping.interfaces import GraspSettings
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.shared_parameters import ARM_JOINTS

from dense_grasp.arm.robot_settings import RobotSettings


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


def timeouts(values: Mapping[str, Any]) -> Timeouts:
    """From the values of grasp_parameters.TIMEOUTS."""
    return Timeouts(
        still=values["still_timeout"],
        locate=values["locate_timeout"],
        depth=values["depth_timeout"],
        server=values["server_timeout"],
        motion_margin=values["motion_margin"],
        gripper=values["gripper_timeout"],
        homing=values["homing_timeout"],
        joint_state=values["joint_state_timeout"],
        wall_factor=values["wall_time_factor"],
    )


_SAME = (
    "observe_tolerance",
    "safe_height",
    "pre_grasp_distance",
    "lift_height",
    "target_radius",
    "min_grasp_width",
    "max_grasp_width",
    "lost_width_change",
    "min_lift_force",
    "hold_time",
    "after_grasp",
    "use_depth",
    "side_views",
    "sure_score",
    "most_instances",
)


def grasp_settings(values: Mapping[str, Any], robot: RobotSettings) -> GraspSettings:
    """From the values of grasp_parameters.SEQUENCE. Raises ParameterError for values that do not fit together."""
    poses = np.array([*values["observe_joints"], *values["observe_joints_more"]]).reshape(-1, ARM_JOINTS)
    if values["min_grasp_width"] >= values["max_grasp_width"]:
        raise ParameterError(
            "min_grasp_width", values["min_grasp_width"], f"less than max_grasp_width {values['max_grasp_width']} m"
        )
    deliver = joint_pose(values["deliver_joints"])
    _check_delivery(values["after_grasp"], deliver)
    return GraspSettings(
        # ROS has no empty list in a file: a pose of zeros stands for none.
        observe_poses=(poses[0], *(pose for pose in poses[1:] if np.any(pose != 0.0))),
        workspace_min=robot.workspace_min,
        workspace_max=robot.workspace_max,
        minimum_height=robot.minimum_height,
        open_width=robot.open_width,
        table_height=robot.table_height,
        deliver_joints=deliver,
        **{name: values[name] for name in _SAME},
    )


def joint_pose(value: Sequence[float]) -> np.ndarray | None:
    """Joint positions (7,) rad of a parameter; all zeros, which can be written in a file, stand for none."""
    return np.array(value) if any(value) else None


def _check_delivery(after_grasp: str, deliver_joints: np.ndarray | None) -> None:
    if after_grasp == "deliver" and deliver_joints is None:
        raise ParameterError("after_grasp", after_grasp, "deliver_joints to be set, too")


def changed_settings(settings: GraspSettings, changes: Mapping[str, Any]) -> GraspSettings:
    """The settings after `ros2 param set` of checked values; the next goal takes them. Raises ParameterError for what
    does not fit together.
    """
    new = dict(changes)
    if "deliver_joints" in new:
        new["deliver_joints"] = joint_pose(new["deliver_joints"])
    _check_delivery(new.get("after_grasp", settings.after_grasp), new.get("deliver_joints", settings.deliver_joints))
    return replace(settings, **new)
