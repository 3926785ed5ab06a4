"""A box with coloured patches, ray-cast into pictures: a scan on disk, and frames with and without the box."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from dense_grasp.perception.frames import CameraFrame
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_ros.images import byte_array, image_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage

CAMERA = CameraModel(320, 240, 300.0, 300.0, 159.5, 119.5)
HALF = np.array([0.05, 0.035, 0.06])
_RNG = np.random.default_rng(5)
_FACES = [
    cv2.resize(_RNG.integers(20, 255, (6, 6, 3), dtype=np.uint8), (60, 60), interpolation=cv2.INTER_CUBIC)
    for _ in range(6)
]


def pose_from(azimuth: float, elevation: float, distance: float = 0.42, roll: float = 0.0) -> np.ndarray:
    """camera_from_object (4, 4) of a camera around the box; angles in degrees."""
    a, e, r = np.radians([azimuth, elevation, roll])
    eye = distance * np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(r), -np.sin(r)], [np.sin(r), np.cos(r)]]
    return turned @ se3.inverse(se3.look_at(eye, [0.0, 0.0, 0.0]))


def picture(pose: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour (H, W, 3), depth (H, W) in metres and mask (H, W) of the box before blots, or of the blots alone."""
    u, v = np.meshgrid(np.arange(CAMERA.width), np.arange(CAMERA.height))
    blots = np.random.default_rng(seed).integers(0, 255, (12, 16, 3), dtype=np.uint8)
    rgb = cv2.resize(blots, (CAMERA.width, CAMERA.height), interpolation=cv2.INTER_LINEAR).reshape(-1, 3)
    depth, hit = np.full(len(rgb), 0.9), np.zeros(len(rgb), bool)
    if pose is not None:
        rays = CAMERA.rays(np.stack([u.ravel(), v.ravel()], 1)) @ pose[:3, :3]
        eye = -pose[:3, :3].T @ pose[:3, 3]
        with np.errstate(divide="ignore", invalid="ignore"):
            near, far = ((side * np.sign(rays) * HALF - eye) / rays for side in (-1.0, 1.0))
        axis, along = near.argmax(1), near.max(1)
        hit = (along < far.min(1)) & (along > 0)
        depth = np.where(hit, along, depth)
        points = eye + rays * along[:, None]
        for face in range(6):
            own = hit & (axis == face % 3) & ((points[np.arange(len(axis)), axis] > 0) == (face < 3))
            others = [k for k in range(3) if k != face % 3]
            cells = ((points[own][:, others] / HALF[others] + 1.0) * 29.4).astype(int).clip(0, 59)
            rgb[own] = _FACES[face][cells[:, 0], cells[:, 1]]
    shape = (CAMERA.height, CAMERA.width)
    return rgb.reshape(*shape, 3), depth.reshape(shape), hit.reshape(shape)


def write_scan(folder: Path, azimuths: range = range(0, 360, 60)) -> Path:
    """The scan of the box as a folder of its own."""
    poses = {}
    for part in ("rgb", "depth", "mask"):
        (folder / part).mkdir(parents=True)
    for number, azimuth in enumerate(azimuths):
        name, pose = f"{number:03d}", pose_from(azimuth, 35)
        rgb, depth, mask = picture(pose, number)
        cv2.imwrite(str(folder / "rgb" / f"{name}.png"), rgb[..., ::-1])
        cv2.imwrite(str(folder / "depth" / f"{name}.png"), np.rint(depth * 1e4).astype(np.uint16))
        cv2.imwrite(str(folder / "mask" / f"{name}.png"), mask.astype(np.uint8) * 255)
        poses[name] = pose.tolist()
    camera = {name: getattr(CAMERA, name) for name in ("fx", "fy", "cx", "cy", "width", "height")}
    (folder / "camera.json").write_text(json.dumps({**camera, "depth_scale": 0.1}))
    (folder / "poses.json").write_text(json.dumps(poses))
    return folder


def messages(pose: np.ndarray | None, seed: int = 77, stamp: int = 10**9) -> tuple[DescriptorImage, Image, Image]:
    """What descriptor_node and the camera send of such a picture: descriptors that say nothing, depth, colour."""
    rgb, depth, _ = picture(pose, seed)
    header = Header(frame_id="optical")
    header.stamp.sec, header.stamp.nanosec = divmod(stamp, 10**9)
    info = CameraInfo(header=header, width=CAMERA.width, height=CAMERA.height, distortion_model="plumb_bob")
    info.k = CAMERA.matrix.ravel().tolist()
    described = DescriptorImage(header=header, camera_info=info, dtype="float16", stride=8.0, model_id="another")
    described.height, described.width, described.channels = 30, 40, 4
    described.data = byte_array(np.ones((30, 40, 4), "<f2"))
    measured = image_message(np.rint(1000.0 * depth).astype(np.uint16), "16UC1", header)
    return described, measured, image_message(rgb, "rgb8", header)


def frame(pose: np.ndarray | None, seed: int = 77, stamp: int = 10**9, with_colour: bool = True) -> CameraFrame:
    """What query_node makes of it."""
    described, depth, colour = messages(pose, seed, stamp)
    return CameraFrame(described, depth, colour if with_colour else None)
