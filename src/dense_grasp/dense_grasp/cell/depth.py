"""Is the depth image plausible: measured, in metres as its encoding says, new every time, of colour's camera?"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_ros.images import depth_from_message
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.cell.checks import Check

#: Share of the pixels that are measured at least.
LEAST_MEASURED = 0.3
#: m, median distance of what a camera on a hand may look at.
NEAREST, FARTHEST = 0.15, 3.0
#: Pictures with the very same data under different stamps until the stream counts as frozen: noise alone differs.
FROZEN = 3
#: Of an image's columns so many are made into points.
COLUMNS = 160
#: px between the focal lengths and centres of depth and colour.
INTRINSICS_TOLERANCE = 0.5


@dataclass
class DepthHistory:
    """The last data's checksum, and in how many pictures in a row, each of a new stamp, it came."""

    checksum: int = -1
    stamp: int = -1
    equal: int = 0
    longest: int = field(default=0)

    def add(self, stamp: int, message: Image) -> None:
        """Note one picture."""
        checksum = zlib.crc32(bytes(message.data))
        if stamp == self.stamp:
            return
        self.equal = self.equal + 1 if checksum == self.checksum else 1
        self.checksum, self.stamp = checksum, stamp
        self.longest = max(self.longest, self.equal)


def check_depth(image: Image | None, history: DepthHistory) -> list[Check]:
    """Lines for a depth image; none without an image, which has a line of its own."""
    if image is None:
        return []
    try:
        depth = depth_from_message(image)
    except DenseGraspError as error:
        return [Check("depth values", False, str(error), "set the depth stream of the camera's driver")]
    return [_values(depth, image.encoding), _frozen(history)]


def check_depth_camera(colour: CameraInfo | None, depth: CameraInfo | None, topic: str) -> Check | None:
    """Whether aligned depth has colour's intrinsics; None when one of the two did not come."""
    if colour is None or depth is None:
        return None
    apart = float(np.max(np.abs(np.asarray(colour.k) - np.asarray(depth.k))))
    if apart > INTRINSICS_TOLERANCE:
        text = (
            f"fx {depth.k[0]:.1f}, cx {depth.k[2]:.1f} on {topic}, "
            f"colour has fx {colour.k[0]:.1f}, cx {colour.k[2]:.1f}"
        )
        return Check("depth camera", False, text, "depth must be aligned to colour: align_depth.enable:=true")
    return Check("depth camera", True, "the same intrinsics as colour")


def _values(depth: np.ndarray, encoding: str) -> Check:
    measured = depth[np.isfinite(depth)]
    share = measured.size / depth.size
    if share < LEAST_MEASURED:
        return Check(
            "depth values",
            False,
            f"{100 * share:.0f} % of the pixels are measured, expected at least {100 * LEAST_MEASURED:.0f} %",
            "is the emitter on, the lens free, the table 0.3 m away or more and not shiny?",
        )
    low, middle, high = (float(v) for v in np.percentile(measured, (2, 50, 98)))
    text = f"{100 * share:.0f} % measured, median {middle:.3g} m ({low:.3g} to {high:.3g} m)"
    if not NEAREST <= middle <= FARTHEST:
        unit = "millimetres" if encoding != "32FC1" else "metres"
        return Check(
            "depth values",
            False,
            f"{text}, expected {NEAREST} to {FARTHEST} m",
            f"{encoding} is read as {unit}: set the driver's depth unit to that; or move the arm to observe_joints",
        )
    return Check("depth values", True, text)


def _frozen(history: DepthHistory) -> Check:
    if history.longest >= FROZEN:
        text = f"{history.longest} pictures of different stamps with the very same data"
        return Check("depth changes", False, text, "the driver repeats an old picture: restart it, replug the camera")
    return Check("depth changes", True, "every picture is new")


def info_topic(image_topic: str) -> str:
    """The topic of an image's camera_info, by the convention of image_transport."""
    return f"{image_topic.rpartition('/')[0]}/camera_info"


def measured_points(depth: np.ndarray, camera: CameraModel) -> np.ndarray:
    """Points (N, 3) m in the optical frame, some 20,000 of the pixels of depth (H, W) m that are measured, at any
    distance: depth in another unit is to be seen, too.
    """
    step = max(1, depth.shape[1] // COLUMNS)
    v, u = np.mgrid[0 : depth.shape[0] : step, 0 : depth.shape[1] : step]
    values = depth[v, u].ravel()
    valid = np.isfinite(values) & (values > 0.0)
    pixels = np.stack([u.ravel()[valid], v.ravel()[valid]], axis=1).astype(float)
    return camera.deproject(pixels, values[valid].astype(float))
