"""The cell's settings from a node's parameters, as config/robot.yaml, hand_eye.yaml and sim.yaml name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dense_grasp_core import se3

from .cell import CellSettings


def cell_settings(parameter: Callable[[str, Any], Any]) -> CellSettings:
    """Settings by `parameter(name, default)`, which declares a parameter and returns its value."""
    default = CellSettings()
    x, y, z, w = se3.to_quaternion(default.hand_from_camera_link)
    quaternion = parameter("quaternion", [float(x), float(y), float(z), float(w)])
    xyz = parameter("xyz", [float(value) for value in default.hand_from_camera_link[:3, 3]])
    return CellSettings(
        robot_type=parameter("robot_type", "fr3"),
        prefix=parameter("prefix", ""),
        hand_from_camera_link=se3.from_quaternion(np.array(quaternion), np.array(xyz)),
        camera_parent=parameter("parent", ""),
        table_seed=parameter("table_seed", 0),
    )
