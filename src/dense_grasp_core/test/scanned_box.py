"""A box with coloured patches, ray-cast into pictures, and descriptors of colour for it: a scan without a network."""

from __future__ import annotations

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.look_at import roll, turn_towards
from dense_grasp_core.object_model.scan import ScanView

CAMERA = CameraModel(320, 240, 300.0, 300.0, 159.5, 119.5)
HALF = np.array([0.035, 0.05, 0.07])
_PATCHES = 5
_RNG = np.random.default_rng(5)
_TEXTURES = [
    cv2.resize(_RNG.integers(30, 255, (_PATCHES, _PATCHES, 3), dtype=np.uint8), (60, 60), interpolation=cv2.INTER_CUBIC)
    for _ in range(6)
]


def pose_from(azimuth: float, elevation: float, distance: float = 0.42, turn: float = 0.0, aside=(0.0, 0.0)):
    """camera_from_object (4, 4) of a camera around the box, angles in degrees, the box ``aside`` of the middle."""
    a, e = np.radians([azimuth, elevation])
    place = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    rows = np.stack([right, np.cross(-place, right), -place])
    direction = np.array([*aside, 1.0]) / np.linalg.norm([*aside, 1.0])
    pose = np.eye(4)
    pose[:3, :3] = turn_towards(direction) @ roll(np.radians(turn)) @ rows
    pose[:3, 3] = direction * distance
    return pose


def picture(pose, name="box", seed=0, background=None, both_ways=False, two_hues=False) -> ScanView:
    """The box at camera_from_object, before noise of the seed; both_ways: it looks the same turned about z by 180°,
    two_hues: but for its hues.
    """
    u, v = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], 1)) @ pose[:3, :3]
    eye = -pose[:3, :3].T @ pose[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = ((s * np.sign(rays) * HALF - eye) / rays for s in (-1.0, 1.0))
    axis = near.argmax(1)
    depth = near.max(1)
    hit = (depth < far.min(1)) & (depth > 0)
    points = eye + rays * np.where(hit, depth, 0.0)[:, None]
    behind = points[:, 0] < 0
    if both_ways or two_hues:
        points = np.where(behind[:, None], points * [-1.0, -1.0, 1.0], points)
    scene = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    rgb = cv2.resize(scene, (CAMERA.width, CAMERA.height), interpolation=cv2.INTER_LINEAR).reshape(-1, 3)
    if background is not None:
        rgb[:] = background
    for face in range(6):
        own = hit & (axis == face % 3) & ((points[np.arange(len(axis)), axis] > 0) == (face < 3))
        others = [k for k in range(3) if k != face % 3]
        cells = ((points[own][:, others] / HALF[others] + 1.0) * 29.4).astype(int).clip(0, 59)
        rgb[own] = _TEXTURES[face][cells[:, 0], cells[:, 1]]
    if two_hues:
        rgb[hit & behind] = rgb[hit & behind][:, [1, 2, 0]]
    shape = (CAMERA.height, CAMERA.width)
    mask = hit.reshape(shape)
    return ScanView(name, rgb.reshape(*shape, 3), np.where(hit, depth, 0.0).reshape(shape), mask, CAMERA, pose)


def scan(both_ways=False, two_hues=False) -> list[ScanView]:
    """Twelve views all around."""
    poses = [pose_from(azimuth, 35) for azimuth in range(0, 360, 30)]
    looks = {"both_ways": both_ways, "two_hues": two_hues}
    return [picture(pose, f"{index:02d}", seed=index, **looks) for index, pose in enumerate(poses)]


def describe(rgb):
    """Colours of a cell of 8 px and of its eight neighbours (ceil(H / 8), ceil(W / 8), 28)."""
    height, width = (-(-side // 8) for side in rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0 - 0.5
    around = np.pad(small, ((1, 1), (1, 1), (0, 0)), mode="edge")
    parts = [around[dv : dv + height, du : du + width] for dv in range(3) for du in range(3)]
    features = np.concatenate([*parts, np.full((height, width, 1), 0.3, np.float32)], 2)
    return features / np.linalg.norm(features, axis=2, keepdims=True)
