"""A box with a pattern on a table with printed tags, as a camera sees them: pictures and poses without a renderer."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_train.scanning.colour_pictures import ColourPicture
from dense_grasp_train.scanning.structure_from_motion import Reconstruction

CAMERA = CameraModel(480, 360, 430.0, 430.0, 236.0, 182.0)
HALF = np.array([0.04, 0.055, 0.05])  # of the box, which stands on z = 0
TAG_EDGE = 0.04
_REACH = 0.3  # of the table
_PX_PER_M = 1500
_RNG = np.random.default_rng(3)


def _pattern(side, cells, low, high):
    coarse = _RNG.integers(low, high, (cells, cells, 3), dtype=np.uint8)
    fine = _RNG.integers(0, 60, (side // 6, side // 6, 3), dtype=np.uint8)
    resized = [cv2.resize(part, (side, side), interpolation=cv2.INTER_NEAREST).astype(int) for part in (coarse, fine)]
    return np.clip(sum(resized), 0, 255).astype(np.uint8)


def _table():
    side = round(2 * _REACH * _PX_PER_M)
    top = _pattern(side, 40, 120, 190)
    edge = round(TAG_EDGE * _PX_PER_M)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    for number, (x, y) in enumerate([(-0.2, -0.2), (0.2, -0.2), (-0.2, 0.2), (0.2, 0.2), (0.0, 0.2), (0.0, -0.2)]):
        u, v = round((x + _REACH) * _PX_PER_M), round((_REACH - y) * _PX_PER_M)
        quiet = edge // 2 + edge // 6
        top[v - quiet : v + quiet, u - quiet : u + quiet] = 255
        tag = cv2.aruco.generateImageMarker(dictionary, number, edge)
        top[v - edge // 2 : v - edge // 2 + edge, u - edge // 2 : u - edge // 2 + edge] = tag[..., None]
    return top


_TOP = _table()
_SIDES = [_pattern(240, 8, *((0, 110) if face % 2 else (60, 200))) // [1, 3, 3] for face in range(6)]
_SIDES = [side.astype(np.uint8) for side in _SIDES]


def pose_from(azimuth, elevation, distance=0.45):
    """camera_from_table (4, 4), angles in degrees."""
    a, e = np.radians([azimuth, elevation])
    place = distance * np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(-place / distance, right), -place / distance])
    pose[:3, 3] = -pose[:3, :3] @ (place + np.array([0, 0, HALF[2]]))
    return pose


def look(pose):
    """Colour (H, W, 3) and the depth of the box (H, W), 0 off it."""
    return _look(pose.tobytes())


@functools.lru_cache(maxsize=64)
def _look(pose_bytes):
    pose = np.frombuffer(pose_bytes).reshape(4, 4)
    big = CAMERA.scaled(2, 2)  # two rays a pixel each way, so that edges are smooth
    u, v = np.meshgrid(np.arange(big.width), np.arange(big.height))
    rays = big.rays(np.stack([u.ravel(), v.ravel()], 1)) @ pose[:3, :3]
    eye = inverse(pose)[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        near, far = ((s * np.sign(rays) * HALF - eye + [0, 0, HALF[2]]) / rays for s in (-1.0, 1.0))
        ground = -eye[2] / rays[:, 2]
    axis, depth = near.argmax(1), near.max(1)
    hit = (depth < far.min(1)) & (depth > 0)
    on_ground = eye + rays * np.where(np.isfinite(ground) & (ground > 0), ground, 1e3)[:, None]
    table = (np.abs(on_ground[:, :2]) < _REACH - 1e-3).all(1)
    place = ((on_ground[:, :2] * [1, -1] + _REACH) * _PX_PER_M).astype(int).clip(0, len(_TOP) - 1)
    rgb = np.where(table[:, None], _TOP[place[:, 1], place[:, 0]], np.uint8(70))
    points = eye + rays * np.where(hit, depth, 0.0)[:, None] - [0, 0, HALF[2]]
    for face in range(6):
        own = hit & (axis == face % 3) & ((points[np.arange(len(axis)), axis] > 0) == (face < 3))
        others = [k for k in range(3) if k != face % 3]
        cells = ((points[own][:, others] / HALF[others] + 1.0) * 119.5).astype(int).clip(0, 239)
        rgb[own] = _SIDES[face][cells[:, 0], cells[:, 1]]
    size = (CAMERA.width, CAMERA.height)
    rgb = cv2.resize(rgb.reshape(big.height, big.width, 3), size, interpolation=cv2.INTER_AREA)
    depth = np.where(hit, depth, 0.0).reshape(big.height, big.width)[::2, ::2]
    return rgb, depth


def sfm(poses, unit=0.3, seed=1):
    """What structure from motion would find, exactly: points that the pictures see, in a world of another unit."""
    rng = np.random.default_rng(seed)
    table = np.concatenate([rng.uniform(-0.28, 0.28, (400, 2)), np.zeros((400, 1))], 1)
    box = rng.uniform(-1, 1, (250, 3))
    box[np.arange(250), rng.integers(0, 3, 250)] = np.sign(rng.uniform(-1, 1, 250))
    box = box[box[:, 2] > -1] * HALF + [0, 0, HALF[2]]
    table = table[(np.abs(table[:, :2]) > HALF[:2]).any(1)]
    points = np.concatenate([table, box])
    pictures, seen = [], []
    for index, pose in enumerate(poses):
        rgb, depth = look(pose)
        pixels = CAMERA.project(transform(pose, points))
        u, v = np.rint(np.nan_to_num(pixels, nan=-1.0)).astype(int).T
        inside = (u >= 0) & (v >= 0) & (u < CAMERA.width) & (v < CAMERA.height)
        z = transform(pose, points)[:, 2]
        there = depth[np.where(inside, v, 0), np.where(inside, u, 0)]
        seen.append(np.nonzero(inside & ((there == 0) | (z < there + 0.004)))[0])
        pictures.append(ColourPicture(f"shot{index}", rgb))
    found = Reconstruction(pictures, CAMERA, np.array(poses), points, seen)
    turn = np.eye(4)
    turn[:3, :3] = cv2.Rodrigues(np.array([0.5, -1.0, 0.3]))[0]
    turn[:3, 3] = [0.3, -0.1, 0.7]
    return found.moved(turn).scaled(1.0 / unit)
