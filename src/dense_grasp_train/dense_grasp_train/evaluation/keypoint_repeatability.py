"""Do the keypoint heads find the same points again, and the motion between the images?"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.geometry import se3
from numpy.typing import NDArray
from torch.nn import functional

from dense_grasp_train.data.pair_geometry import PairGeometry, depth_at_pixels, lift, project
from dense_grasp_train.evaluation.evaluation_sets import TestPair
from dense_grasp_train.evaluation.metrics import REFERENCE_WIDTH
from dense_grasp_train.losses.expected_keypoints import expect

FEWEST_KEYPOINTS = 3


@dataclass(frozen=True)
class KeypointErrors:
    """One pair. Pixels are those of a 640-wide image.

    repeat_px: (N,) from where keypoint i of A really is in B to keypoint i of B; NaN where A's keypoint is off the
    object. centre_px: (N,) the same for a predictor that answers the object's centre. spread_px: mean distance of B's
    keypoints from their middle. predicted_rotation_deg: rotation error of Kabsch on pixels and the head's depth
    (Eq. 7). rotation_deg, centre_mm: of Kabsch on pixels and measured depth; rotation, and where it puts the object's
    middle; NaN with fewer than three keypoints on the object in both images.
    """

    repeat_px: NDArray
    centre_px: NDArray
    spread_px: float
    predicted_rotation_deg: float
    rotation_deg: float
    centre_mm: float


@dataclass(frozen=True)
class KeypointFigures:
    """Medians over a set; solved is the share of pairs with a pose from measured depth."""

    pairs: int
    on_object: float
    repeat_px: float
    centre_only_px: float
    spread_px: float
    predicted_rotation_deg: float
    solved: float
    rotation_deg: float
    centre_mm: float

    def as_dict(self) -> dict[str, float | None]:
        """Plain numbers for JSON, None for what is unknown."""
        return {name: value if np.isfinite(value) else None for name, value in asdict(self).items()}


class KeypointProbe:
    """The keypoint heads of a network on test pairs whose motion is known."""

    def __init__(self, network: DescriptorNetwork, info: ModelInfo) -> None:
        self._network, self._info = network.eval(), info

    def __call__(self, pair: TestPair) -> KeypointErrors:
        """Errors on one pair. Raises ValueError when its geometry or motion is unknown."""
        geometry = pair.geometry
        if geometry is None or geometry.b_from_a is None:
            raise ValueError("the pair has no known motion, expected two images of one object with depth")
        (pixels_a, depth_a), (pixels_b, depth_b) = (self._keypoints(i) for i in (pair.image_a, pair.image_b))
        points_a = lift(geometry.camera_matrix_a, pixels_a, depth_at_pixels(geometry.depth_a, pixels_a))
        points_b = lift(geometry.camera_matrix_b, pixels_b, depth_at_pixels(geometry.depth_b, pixels_b))
        target = project(geometry.camera_matrix_b, se3.transform(geometry.b_from_a, points_a))
        scale = REFERENCE_WIDTH / pair.image_b.shape[1]
        centre = np.argwhere(pair.mask_b).mean(0)[::-1]
        middle = pixels_b.mean(0)
        rotation, offset = _pose_error(geometry, geometry.b_from_a, points_a, points_b)
        return KeypointErrors(
            scale * np.linalg.norm(target - pixels_b, axis=1),
            scale * np.linalg.norm(target - centre, axis=1),
            scale * float(np.linalg.norm(pixels_b - middle, axis=1).mean()),
            _predicted_rotation(geometry, geometry.b_from_a, (pixels_a, depth_a), (pixels_b, depth_b)),
            rotation,
            offset,
        )

    def _keypoints(self, image: NDArray) -> tuple[NDArray, NDArray]:
        """Expected pixels (N, 2) of the image and depth (N,) in the head's unit."""
        rgb = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0
        shrink = round(1 / self._info.input_scale)
        if shrink > 1:
            rgb = functional.avg_pool2d(rgb, shrink, ceil_mode=True, count_include_pad=False)
        with torch.inference_mode():
            output = self._network(rgb)
            found = expect(output.spatial_logits, output.depth, self._network.stride, upsample=False)
        pixels = (found.pixels[0].double().numpy() + 0.5) / self._info.input_scale - 0.5
        return pixels, found.depth[0].double().numpy()


def keypoint_figures(errors: list[KeypointErrors]) -> KeypointFigures:
    """Medians over pairs. Raises ValueError for none."""
    if not errors:
        raise ValueError("there are no pairs with a known motion, expected at least one")
    repeat = np.concatenate([e.repeat_px for e in errors])
    solved = np.array([np.isfinite(e.rotation_deg) for e in errors])
    return KeypointFigures(
        len(errors),
        float(np.isfinite(repeat).mean()),
        _median(repeat),
        _median(np.concatenate([e.centre_px for e in errors])),
        _median(np.array([e.spread_px for e in errors])),
        _median(np.array([e.predicted_rotation_deg for e in errors])),
        float(solved.mean()),
        _median(np.array([e.rotation_deg for e in errors])),
        _median(np.array([e.centre_mm for e in errors])),
    )


def _median(values: NDArray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _angle_deg(rotation: NDArray) -> float:
    return float(np.rad2deg(np.arccos(np.clip(0.5 * (np.trace(rotation) - 1.0), -1.0, 1.0))))


def _predicted_rotation(
    geometry: PairGeometry, b_from_a: NDArray, a: tuple[NDArray, NDArray], b: tuple[NDArray, NDArray]
) -> float:
    """The head answers for one focal length; the unit of its depth has no influence on the rotation."""
    points = [
        lift(matrix, pixels, depth * matrix[0, 0])
        for matrix, (pixels, depth) in ((geometry.camera_matrix_a, a), (geometry.camera_matrix_b, b))
    ]
    try:
        motion, _ = se3.kabsch(*points)
    except se3.GeometryError:
        return float("nan")
    return _angle_deg(motion[:3, :3] @ b_from_a[:3, :3].T)


def _pose_error(geometry: PairGeometry, b_from_a: NDArray, points_a: NDArray, points_b: NDArray) -> tuple[float, float]:
    """Rotation error in degrees and error of the object's middle in millimetres, from points with measured depth."""
    both = np.isfinite(points_a).all(1) & np.isfinite(points_b).all(1)
    try:
        motion, _ = se3.kabsch(points_a[both], points_b[both])
    except se3.GeometryError:
        return float("nan"), float("nan")
    v, u = np.nonzero(np.isfinite(geometry.depth_a))
    surface = lift(geometry.camera_matrix_a, np.stack([u, v], 1).astype(float), geometry.depth_a[v, u])
    middle = surface.mean(0, keepdims=True)
    offset = se3.transform(motion, middle) - se3.transform(b_from_a, middle)
    return _angle_deg(motion[:3, :3] @ b_from_a[:3, :3].T), 1000.0 * float(np.linalg.norm(offset))
