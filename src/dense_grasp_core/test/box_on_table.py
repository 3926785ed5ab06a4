"""The scanned box on a table at z = 0 of a base frame, as a camera anywhere sees it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.scanning.posed_picture import PosedPicture

# The tests of all packages are collected together, where another has a file of that name.
_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
CAMERA, HALF, picture = scanned_box.CAMERA, scanned_box.HALF, scanned_box.picture


def box_at(x: float, y: float, yaw: float = 0.0) -> np.ndarray:
    """base_from_object (4, 4) of the box with its middle over (x, y)."""
    pose = np.eye(4)
    pose[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    pose[:3, 3] = x, y, HALF[2]
    return pose


def look_at_box(base_from_camera: np.ndarray, base_from_object: np.ndarray | None, noise: float = 0.0, seed: int = 0):
    """PosedPicture, and the mask (H, W) of the box; without a box the table alone."""
    away = np.eye(4)
    away[:3, 3] = 0.0, 0.0, 100.0
    placed = away if base_from_object is None else base_from_object
    view = picture(inverse(base_from_camera) @ placed, seed=1)
    u, v = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], 1)) @ base_from_camera[:3, :3].T
    with np.errstate(divide="ignore"):
        table = np.where(rays[:, 2] < 0.0, -base_from_camera[2, 3] / rays[:, 2], 0.0).reshape(view.depth.shape)
    depth = np.where(view.mask, view.depth, np.minimum(table, 5.0))
    depth = depth + noise * np.random.default_rng(seed).standard_normal(depth.shape)
    return PosedPicture(view.rgb, depth, CAMERA, base_from_camera), view.mask
