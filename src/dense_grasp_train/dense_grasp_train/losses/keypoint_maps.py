"""Keypoints of a batch in pixels and in metres: what all terms on keypoints are computed of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from dense_grasp_core.descriptors.network import NetworkOutput
from dense_grasp_core.geometry import se3_torch
from torch import Tensor
from torch.nn import functional

from dense_grasp_train.losses import keypoint_losses
from dense_grasp_train.losses.expected_keypoints import ExpectedKeypoints, expect
from dense_grasp_train.losses.scales import Scales

if TYPE_CHECKING:
    from dense_grasp_train.losses.options import LossOptions

REFERENCE_FOCAL = 615.0


@dataclass(frozen=True)
class RigidPairs:
    """Keypoints a, b (R, N, 3) of the pairs that show one object, each in its camera's frame, in units of ``unit_m``.

    b_from_a, predicted: (R, 4, 4), the true motion and that of the keypoints; chosen: (B,) bool, which pairs these are.
    """

    a: Tensor
    b: Tensor
    b_from_a: Tensor
    predicted: Tensor
    chosen: Tensor


@dataclass(frozen=True)
class KeypointMaps:
    """Keypoints of 2B interleaved images (A0, B0, A1, ...).

    mask: (2B, r, c) share of the object at the positions of ``expected``. depth, measured_depth: (2B, N) m, of the head
    and of the sensor there, not finite where it has none. rigid: None where no pair shows one object.
    """

    expected: ExpectedKeypoints
    mask: Tensor
    depth: Tensor
    measured_depth: Tensor
    rigid: RigidPairs | None


def keypoint_maps(
    output: NetworkOutput, batch: dict[str, Tensor], options: LossOptions, scales: Scales, noise: torch.Generator | None
) -> KeypointMaps:
    """The keypoints of a batch; ``noise`` keeps the motion's decomposition away from where it has no derivative."""
    expected = expect(output.spatial_logits, output.depth, scales.stride, options.upsample)
    matrix = batch["camera_matrix"].flatten(0, 1)
    # An object looks the same at twice the distance through twice the focal length: the head answers for one focal.
    focal_ratio = matrix[:, 0, 0] / (REFERENCE_FOCAL * scales.input_scale)
    depth = expected.depth * options.depth_scale_m * focal_ratio[:, None]
    mask = batch["mask"].flatten(0, 1)
    if options.upsample:
        mask = functional.interpolate(mask[:, None], size=expected.probability.shape[-2:], mode="nearest")[:, 0]
    measured = _at_keypoints(batch["depth"].flatten(0, 1), expected, scales.stride)
    rigid = None
    chosen = batch["rigid"] > 0
    if bool(chosen.any()):
        points = keypoint_losses.deproject(expected.pixels, depth, matrix) / options.unit_m
        motion = batch["b_from_a"].clone()
        motion[:, :3, 3] /= options.unit_m
        a, b = points[0::2][chosen], points[1::2][chosen]
        predicted = keypoint_losses.predicted_motion(a, b, options.pose_noise_m / options.unit_m, noise)
        rigid = RigidPairs(a, b, motion[chosen], predicted, chosen)
    return KeypointMaps(expected, mask, depth, measured, rigid)


@torch.no_grad()
def health(maps: KeypointMaps, batch: dict[str, Tensor], options: LossOptions, scales: Scales) -> dict[str, float]:
    """Figures that tell learning from collapse: the keypoints' spread and, where pairs show one object, errors."""
    pixels = maps.expected.pixels / scales.input_scale
    measured = batch["depth"]
    figures = {
        "spread_px": float((pixels - pixels.mean(1, keepdim=True)).norm(dim=-1).mean()),
        "depth_m": float(maps.depth.mean()),
        "depth_range_m": float((maps.depth.amax(1) - maps.depth.amin(1)).mean()),
        "true_depth_m": float(measured[torch.isfinite(measured)].mean()),
    }
    return figures | ({} if maps.rigid is None else _repeatability(maps, maps.rigid, batch, options, scales))


def _repeatability(
    maps: KeypointMaps, rigid: RigidPairs, batch: dict[str, Tensor], options: LossOptions, scales: Scales
) -> dict[str, float]:
    """Pixel error of A's keypoints moved into B, that of a predictor which knows the centre alone, rotation error."""
    moved = se3_torch.transform(rigid.b_from_a, rigid.a) * options.unit_m
    matrix = batch["camera_matrix"][:, 1][rigid.chosen]
    target = (moved @ matrix.transpose(1, 2))[..., :2] / moved[..., 2:].clamp_min(1e-3)
    found = maps.expected.pixels[1::2][rigid.chosen]
    centre = batch["centroid"][:, 1][rigid.chosen][:, None]
    twist = se3_torch.log(se3_torch.inverse(rigid.b_from_a.double()) @ rigid.predicted)
    return {
        "keypoint_error_px": float((target - found).norm(dim=-1).median()) / scales.input_scale,
        "centre_only_error_px": float((target - centre).norm(dim=-1).median()) / scales.input_scale,
        "rotation_error_deg": float(torch.rad2deg(twist[:, 3:].norm(dim=-1)).median()),
    }


def _at_keypoints(maps: Tensor, keypoints: ExpectedKeypoints, stride: int) -> Tensor:
    """(B, N) value of (B, h, w) maps in the cell that holds each expected pixel."""
    rows, columns = maps.shape[-2:]
    cell = ((keypoints.pixels.detach() + 0.5) / stride).long()
    index = cell[..., 1].clamp(0, rows - 1) * columns + cell[..., 0].clamp(0, columns - 1)
    return maps.flatten(1).gather(1, index)
