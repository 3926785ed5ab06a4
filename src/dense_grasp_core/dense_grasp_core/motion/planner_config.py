"""What a planner of one arm is told: limits, scene, search, speeds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.motion.path_search import PathOptions
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import SceneConfig
from dense_grasp_core.motion.timing import MotionLimits
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray


@dataclass(frozen=True)
class PlannerConfig:
    """Limits and scene of every planner; speeds of the tool centre point in m/s.

    period: s between two points of a trajectory. tcp_workspace: lowest and highest corner (3,) m, base frame, of the
    box that the tool centre point stays in; None: anywhere.
    """

    limits: MotionLimits
    scene: SceneConfig = field(default_factory=SceneConfig)
    path: PathOptions = field(default_factory=PathOptions)
    tcp_speed: float = 0.5
    approach_speed: float = 0.1
    lift_speed: float = 0.15
    period: float = 0.02
    tcp_workspace: tuple[Array, Array] | None = None


def with_near_ends(config: PlannerConfig, robot: RobotModel) -> PlannerConfig:
    """The configuration with what this robot allows near the ends of its joints.

    Raises PlanError PLANNER_UNAVAILABLE for limits of another number of joints.
    """
    if len(config.limits.velocity) != len(robot.joint_names):
        raise PlanError(
            GraspCode.PLANNER_UNAVAILABLE,
            f"{len(config.limits.velocity)} joint limits are configured, "
            f"{robot.name} has {len(robot.joint_names)} joints",
        )
    return replace(config, limits=replace(config.limits, near_ends=robot.near_ends))
