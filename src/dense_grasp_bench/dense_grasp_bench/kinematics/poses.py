"""Poses of the tool centre point as grasps and looks ask for them, drawn from a seed."""

from __future__ import annotations

import math

import numpy as np

Array = np.ndarray
#: How the hand stands: hanging straight down; up to 60 degrees off that; level, up to 60 degrees off straight ahead.
KINDS = ("hanging", "tilted", "level")
#: m, base frame: where a table before the arm is reached, without regard to whether it can be.
LOW, HIGH = np.array([0.3, -0.4, 0.03]), np.array([0.75, 0.4, 0.5])
_LEANING = math.radians(60.0)


def draw_pose(kind: str, generator: np.random.Generator) -> Array:
    """base_from_tcp (4, 4) of one of KINDS; any turn about the approach."""
    pose = np.eye(4)
    turn = generator.uniform(-math.pi, math.pi)
    heading = generator.uniform(-math.pi, math.pi) if kind == "tilted" else generator.uniform(-_LEANING, _LEANING)
    lean = {"hanging": math.pi, "tilted": math.pi - generator.uniform(0.0, _LEANING), "level": math.pi / 2}[kind]
    pose[:3, :3] = _about_z(heading) @ _about_y(lean) @ _about_z(turn)
    pose[:3, 3] = generator.uniform(LOW, HIGH)
    return pose


def _about_z(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _about_y(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])
