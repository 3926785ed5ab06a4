"""Recorded RGB-D: a folder of colour, depth and intrinsics, and the photograph pair that scikit-image carries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel

from dense_grasp_sim.ros.sim_parameters import SIDES

# Calibration of `skimage.data.stereo_motorcycle`, from its documentation: the Middlebury 2014 scene at a quarter size.
MOTORCYCLE_FOCAL_PX = 994.978
MOTORCYCLE_CX_LEFT = 311.193
MOTORCYCLE_CY = 254.877
MOTORCYCLE_CX_OFFSET = 31.086
MOTORCYCLE_BASELINE_M = 0.193001
MAX_DEPTH_MM = 65535


class ReplayError(DenseGraspError):
    """A recording that cannot be played: says the file, its value and what was expected."""


@dataclass(frozen=True)
class RgbdFrame:
    """rgb: (H, W, 3) uint8. depth_mm: (H, W) uint16 along the optical axis, 0 = not measured."""

    rgb: np.ndarray
    depth_mm: np.ndarray


@dataclass(frozen=True)
class Recording:
    """Frames of one camera, in order."""

    camera: CameraModel
    frames: Sequence[RgbdFrame]


@dataclass(frozen=True)
class StereoPair:
    """A rectified pair with ground truth.

    left, right: (H, W, 3) uint8. disparity: (H, W) float32 px on the left image, NaN where unknown: pixel (u, v) of
    the left image is (u - disparity, v) of the right one.
    """

    left: np.ndarray
    right: np.ndarray
    disparity: np.ndarray


def load_motorcycle() -> StereoPair:
    """The 741x500 photograph pair of a motorcycle with its dense measured disparity; needs no network."""
    from skimage.data import stereo_motorcycle

    left, right, disparity = stereo_motorcycle()
    disparity = disparity.astype(np.float32)
    disparity[~np.isfinite(disparity)] = np.nan
    return StereoPair(left, right, disparity)


def disparity_to_depth_mm(disparity: np.ndarray) -> np.ndarray:
    """(H, W) uint16 depth of the left image from its disparity in px; 0 where it is NaN or out of range."""
    with np.errstate(divide="ignore", invalid="ignore"):
        millimetres = MOTORCYCLE_FOCAL_PX * MOTORCYCLE_BASELINE_M * 1e3 / (disparity + MOTORCYCLE_CX_OFFSET)
    known = np.isfinite(millimetres) & (millimetres > 0.0) & (millimetres <= MAX_DEPTH_MM)
    return np.where(known, np.rint(np.where(known, millimetres, 0.0)), 0.0).astype(np.uint16)


def warp_to_right(disparity: np.ndarray) -> np.ndarray:
    """Disparity on the right image's pixels, (H, W) float32, NaN where no left pixel lands.

    Where several land on one pixel the nearest surface (the largest disparity) covers the others.
    """
    height, width = disparity.shape
    rows, columns = np.nonzero(np.isfinite(disparity))
    values = disparity[rows, columns]
    targets = np.rint(columns - values).astype(int)
    inside = (targets >= 0) & (targets < width)
    rows, targets, values = rows[inside], targets[inside], values[inside]
    order = np.argsort(values)
    right = np.full((height, width), np.nan, np.float32)
    right[rows[order], targets[order]] = values[order]
    return right


def motorcycle_recording(side: str, pair: StereoPair | None = None) -> Recording:
    """One side of the photograph pair as a recording of one frame. Raises ReplayError for another side."""
    if side not in SIDES:
        raise ReplayError(f"side is '{side}', expected one of {', '.join(SIDES)}")
    pair = pair or load_motorcycle()
    left = side == "left"
    rgb = pair.left if left else pair.right
    disparity = pair.disparity if left else warp_to_right(pair.disparity)
    cx = MOTORCYCLE_CX_LEFT + (0.0 if left else MOTORCYCLE_CX_OFFSET)
    camera = CameraModel(rgb.shape[1], rgb.shape[0], MOTORCYCLE_FOCAL_PX, MOTORCYCLE_FOCAL_PX, cx, MOTORCYCLE_CY)
    return Recording(camera, [RgbdFrame(np.ascontiguousarray(rgb), disparity_to_depth_mm(disparity))])


def load_folder(folder: str | Path) -> Recording:
    """A folder with color/NAME.png (8 bit), depth/NAME.png (16 bit, mm, 0 = none) and intrinsics.json.

    intrinsics.json: {"width", "height", "fx", "fy", "cx", "cy", "distortion": [k1, k2, p1, p2, k3]}, distortion may
    be left out. Frames are played in the order of their names. Raises ReplayError for anything missing or unfit.
    """
    folder = Path(folder).expanduser()
    camera = _read_intrinsics(folder / "intrinsics.json")
    names = sorted(path.name for path in (folder / "color").glob("*.png"))
    if not names:
        raise ReplayError(f"folder {folder / 'color'} has no *.png, expected at least one colour image")
    return Recording(camera, [_read_frame(folder, name, camera) for name in names])


def _read_intrinsics(path: Path) -> CameraModel:
    try:
        values = json.loads(path.read_text())
        return CameraModel(
            int(values["width"]),
            int(values["height"]),
            float(values["fx"]),
            float(values["fy"]),
            float(values["cx"]),
            float(values["cy"]),
            tuple(float(value) for value in values.get("distortion", (0.0,) * 5)),
        )
    except OSError as error:
        raise ReplayError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ReplayError(f"{path} is not a camera: {error!r}, expected width, height, fx, fy, cx, cy") from error


def _read_frame(folder: Path, name: str, camera: CameraModel) -> RgbdFrame:
    colour = cv2.imread(str(folder / "color" / name), cv2.IMREAD_COLOR)
    depth = cv2.imread(str(folder / "depth" / name), cv2.IMREAD_UNCHANGED)
    size = (camera.height, camera.width)
    if colour is None or colour.shape[:2] != size:
        found = "unreadable" if colour is None else f"{colour.shape[1]}x{colour.shape[0]}"
        raise ReplayError(f"{folder / 'color' / name} is {found}, expected {camera.width}x{camera.height} px")
    if depth is None or depth.dtype != np.uint16 or depth.shape != size:
        found = "missing or unreadable" if depth is None else f"{depth.dtype} {depth.shape}"
        raise ReplayError(f"{folder / 'depth' / name} is {found}, expected uint16 {size}")
    return RgbdFrame(np.ascontiguousarray(colour[..., ::-1]), depth)
