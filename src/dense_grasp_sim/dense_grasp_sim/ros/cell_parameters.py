"""What the cells make of their parameters' values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from dense_grasp_core.geometry import se3
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.shared_parameters import camera_link, chosen_camera, optical_frame

from dense_grasp_sim.ros.camera_publisher import CameraOptions
from dense_grasp_sim.world.cell_model import CellSettings
from dense_grasp_sim.world.hands.registry import HANDS
from dense_grasp_sim.world.robot_model import ROBOT_TYPES

NORM_TOLERANCE = 1e-3


def cell_settings(values: Mapping[str, Any]) -> CellSettings:
    """From the values of sim_parameters.CELL. Raises ParameterError for what no cell can have."""
    if values["robot_type"] not in ROBOT_TYPES:
        raise ParameterError("robot_type", values["robot_type"], f"one of {', '.join(ROBOT_TYPES)} in the simulation")
    if values["gripper"] not in HANDS:
        raise ParameterError("gripper", values["gripper"], f"one of {', '.join(HANDS)} in the simulation")
    quaternion = np.array(values["quaternion"])
    norm = float(np.linalg.norm(quaternion))
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise ParameterError(
            "quaternion", values["quaternion"], f"x, y, z, w of the norm 1, not of the norm {norm:.4f}"
        )
    return CellSettings(
        robot_type=values["robot_type"],
        prefix=values["prefix"],
        gripper=values["gripper"],
        hand_from_camera_link=se3.from_quaternion(quaternion, np.array(values["xyz"])),
        camera_parent=values["parent"],
        table_seed=values["table_seed"],
    )


def camera_options(values: Mapping[str, Any]) -> CameraOptions:
    """From the values of sim_parameters.CELL; pictures come as the camera's driver sends them."""
    camera = chosen_camera(values)
    return CameraOptions(
        rate=values["camera_rate"],
        overview_rate=values["overview_rate"],
        color_topic=values["color_topic"],
        camera_info_topic=values["camera_info_topic"],
        depth_topic=values["depth_topic"],
        color_encoding=camera.color_encoding,
        depth_encoding=camera.depth_encoding,
        optical_frame=optical_frame(values),
        noise=values["depth_noise"],
        seed=values["noise_seed"],
        wrist_shadows=values["wrist_shadows"],
        overview_shadows=values["overview_shadows"],
    )


def camera_frames(values: Mapping[str, Any]) -> tuple[str, str]:
    """The camera's root and optical frame, from the values of sim_parameters.CELL."""
    return camera_link(values), optical_frame(values)
