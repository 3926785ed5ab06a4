"""What every planner of an arm is built from: the robot model, and limits and scene by the parameters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from dense_grasp_core.motion.path_search import PathOptions
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.robot import AttachedBox, RobotModel
from dense_grasp_core.motion.scene import BoxObstacle, SceneConfig
from dense_grasp_core.motion.timing import MotionLimits

from dense_grasp.arm.robot_settings import RobotSettings


def robot_and_config(
    settings: RobotSettings, urdf: str, resolve_package: Callable[[str], str]
) -> tuple[RobotModel, PlannerConfig]:
    """Robot model and configuration for a robot description. Raises DenseGraspError."""
    centre, size = settings.camera_box[:3], settings.camera_box[3:]
    hand_from_box = np.eye(4)
    hand_from_box[:3, 3] = centre
    edges = (float(size[0]), float(size[1]), float(size[2]))
    camera = (AttachedBox("camera", settings.gripper.hand, hand_from_box, edges),) if np.all(size > 0) else ()
    robot = RobotModel(
        urdf,
        settings.robot_type,
        settings.prefix,
        gripper=settings.gripper,
        finger_width=settings.open_width,
        resolve_package=resolve_package,
        attached=camera,
    )
    limits = MotionLimits.scaled(
        robot.velocity_limits, settings.acceleration_limits, settings.velocity_scaling, settings.acceleration_scaling
    )
    walls = tuple(
        BoxObstacle(f"wall_{i}", (w[0], w[1], w[2]), (w[3], w[4], w[5]))
        for i, w in enumerate(settings.walls.reshape(-1, 6).tolist())
    )
    scene = SceneConfig(
        table_height=settings.table_height,
        walls=walls,
        voxel=settings.voxel,
        clearance=settings.clearance,
        self_margin=settings.self_margin,
    )
    config = PlannerConfig(
        limits=limits,
        scene=scene,
        path=PathOptions(allowed_time=settings.planning_time, seed=settings.planner_seed),
        tcp_speed=settings.tcp_speed,
        approach_speed=settings.approach_speed,
        lift_speed=settings.lift_speed,
        tcp_workspace=settings.tcp_workspace,
    )
    return robot, config
