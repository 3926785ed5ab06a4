"""The weighted objective of a batch of pairs, and the health figures that tell learning from collapse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from dense_grasp_core.descriptors.network import NetworkOutput, normalise_features
from dense_grasp_core.geometry import se3_torch
from torch import Tensor
from torch.nn import functional

from dense_grasp_train.losses import keypoint_losses
from dense_grasp_train.losses.expected_keypoints import ExpectedKeypoints, expect
from dense_grasp_train.losses.localisation import localisation_loss
from dense_grasp_train.losses.nt_xent import (
    cell_centres,
    found_loss,
    nt_xent,
    paired_similarity,
    sample_features,
    similarity,
)
from dense_grasp_train.training.config import LossOptions

REFERENCE_WIDTH = 640
REFERENCE_FOCAL = 615.0
_BACKGROUND_SHARE = 0.02
_NEGATIVE_CELLS = 800
_LOCALISED = 64


@dataclass(frozen=True)
class Scales:
    """What turns the network's numbers into pixels and metres: stride (image px per cell), input_scale, normalise."""

    stride: int
    input_scale: float
    normalise: bool


def keypoint_terms(
    output: NetworkOutput, batch: dict[str, Tensor], options: LossOptions, scales: Scales, noise: torch.Generator | None
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Unweighted terms of the paper's objective for 2B interleaved images (A0, B0, A1, ...), and health figures."""
    keypoints = expect(output.spatial_logits, output.depth, scales.stride, options.upsample)
    matrix = batch["camera_matrix"].flatten(0, 1)
    # An object looks the same at twice the distance through twice the focal length: the head answers for one focal.
    focal_ratio = matrix[:, 0, 0] / (REFERENCE_FOCAL * scales.input_scale)
    depth = keypoints.depth * options.depth_scale_m * focal_ratio[:, None]
    points = keypoint_losses.deproject(keypoints.pixels, depth, matrix) / options.unit_m
    points_a, points_b = points[0::2], points[1::2]
    motion = batch["b_from_a"].clone()
    motion[:, :3, 3] /= options.unit_m
    mask = batch["mask"].flatten(0, 1)
    if options.upsample:
        mask = functional.interpolate(mask[:, None], size=keypoints.probability.shape[-2:], mode="nearest")[:, 0]
    margin = options.margin_px * scales.input_scale
    separation = keypoint_losses.separation_loss(keypoints.pixels, margin)
    terms = {
        "silhouette": keypoint_losses.silhouette_loss(keypoints.probability, mask),
        "variance": keypoint_losses.variance_loss(keypoints.probability, keypoints.grid, keypoints.pixels),
        "separation": separation / margin**2 if options.relative_separation else separation,
    }
    if options.depth_anchor > 0:
        measured = _at_keypoints(batch["depth"].flatten(0, 1), keypoints, scales.stride)
        unit = options.unit_m
        terms["depth_anchor"] = keypoint_losses.depth_anchor_loss(
            depth / unit, measured / unit, torch.isfinite(measured), options.huber_delta
        )
    health = _spread(keypoints, batch, depth, scales)
    rigid = batch["rigid"] > 0
    if bool(rigid.any()):
        truth, a, b = motion[rigid], points_a[rigid], points_b[rigid]
        terms["consistency"] = keypoint_losses.consistency_loss(a, b, truth, options.huber_delta)
        predicted = keypoint_losses.predicted_motion(a, b, options.pose_noise_m / options.unit_m, noise)
        terms["pose"] = keypoint_losses.relative_pose_loss(truth, predicted)
        health |= _repeatability(keypoints, batch, points_a, motion, predicted, rigid, options, scales)
    return terms, health


def contrastive_terms(
    features: Tensor, batch: dict[str, Tensor], options: LossOptions, scales: Scales, jitter: torch.Generator
) -> dict[str, Tensor]:
    """NT-Xent and localisation in both directions and the found / not found term, for features (2B, D, h, w) of
    interleaved images.

    Negatives are cells of the other image, at most ``_NEGATIVE_CELLS`` at random, and one random point within each.
    Cells alone would be learnt to differ from whatever lies between cells, and every match lies between cells.
    """
    features = normalise_features(features.float()) if scales.normalise else features.float()
    count, _, rows, columns = features.shape
    centres = cell_centres(rows, columns, scales.stride, features.device).reshape(-1, 2)
    chosen = torch.randperm(len(centres), generator=jitter)[:_NEGATIVE_CELLS].to(features.device)
    offsets = torch.rand(count, len(chosen), 2, generator=jitter).to(features.device) - 0.5
    positions = torch.cat([centres[chosen].expand(count, -1, -1), centres[chosen] + scales.stride * offsets], 1)
    between = sample_features(features, positions[:, len(chosen) :], scales.stride)
    points = torch.cat([features.flatten(2)[..., chosen].transpose(1, 2), between], 1)
    pixels, weight = batch["pixels"].flatten(0, 1), batch["weight"]
    sampled = sample_features(features, pixels, scales.stride)
    background = (batch["mask"].flatten(0, 1).flatten(1)[:, chosen] < _BACKGROUND_SHARE).repeat(1, 2)
    pool = points[background]
    owner = torch.arange(count, device=features.device)[:, None].expand_as(background)[background] // 2
    if len(pool) > options.foreign_points:
        kept = torch.randperm(len(pool), generator=jitter)[: options.foreign_points].to(features.device)
        pool, owner = pool[kept], owner[kept]
    foreign = owner[None] != torch.arange(count // 2, device=features.device)[:, None]
    contrast, localised, accepted, rejected = [], [], [], []
    for first, second in ((0, 1), (1, 0)):
        query, match = sampled[first::2], sampled[second::2]
        positive = paired_similarity(query, match)
        near = torch.cdist(pixels[second::2], positions[second::2]) <= options.exclusion_cells * scales.stride
        own = similarity(query, points[second::2]).masked_fill(near, float("-inf"))
        others = similarity(query, pool).masked_fill(~foreign[:, None], float("-inf"))
        contrast.append(nt_xent(positive, torch.cat([own, others], -1), options.temperature, weight))
        if options.localisation > 0:
            localised.append(
                localisation_loss(
                    query[:, :_LOCALISED],
                    features[second::2],
                    pixels[second::2, :_LOCALISED],
                    scales.stride,
                    options.localisation_temperature,
                    options.localisation_sigma,
                    weight=weight[:, :_LOCALISED],
                    jitter=jitter,
                )
            )
        accepted.append(positive[weight > 0])
        if bool(foreign.any(1).all()):
            rejected.append(others.amax(-1)[weight > 0])
    terms = {"nt_xent": 0.5 * (contrast[0] + contrast[1])}
    if localised:
        terms["localisation"] = 0.5 * (localised[0] + localised[1])
    if rejected:
        terms["found"] = found_loss(
            torch.cat(accepted), torch.cat(rejected), options.found_cosine, options.found_sharpness
        )
    return terms


def _at_keypoints(maps: Tensor, keypoints: ExpectedKeypoints, stride: int) -> Tensor:
    """(B, N) value of (B, h, w) maps in the cell that holds each expected pixel."""
    rows, columns = maps.shape[-2:]
    cell = ((keypoints.pixels.detach() + 0.5) / stride).long()
    index = cell[..., 1].clamp(0, rows - 1) * columns + cell[..., 0].clamp(0, columns - 1)
    return maps.flatten(1).gather(1, index)


@torch.no_grad()
def _spread(keypoints: ExpectedKeypoints, batch: dict[str, Tensor], depth: Tensor, scales: Scales) -> dict[str, float]:
    pixels = keypoints.pixels / scales.input_scale
    measured = batch["depth"]
    return {
        "spread_px": float((pixels - pixels.mean(1, keepdim=True)).norm(dim=-1).mean()),
        "depth_m": float(depth.mean()),
        "depth_range_m": float((depth.amax(1) - depth.amin(1)).mean()),
        "true_depth_m": float(measured[torch.isfinite(measured)].mean()),
    }


@torch.no_grad()
def _repeatability(keypoints, batch, points_a, motion, predicted, rigid, options, scales) -> dict[str, float]:
    """Pixel error of A's keypoints moved into B, that of a predictor which knows the centre alone, rotation error."""
    moved = se3_torch.transform(motion, points_a)[rigid] * options.unit_m
    matrix = batch["camera_matrix"][:, 1][rigid]
    target = (moved @ matrix.transpose(1, 2))[..., :2] / moved[..., 2:].clamp_min(1e-3)
    found = keypoints.pixels[1::2][rigid]
    centre = batch["centroid"][:, 1][rigid][:, None]
    twist = se3_torch.log(se3_torch.inverse(motion[rigid].double()) @ predicted)
    return {
        "keypoint_error_px": float((target - found).norm(dim=-1).median()) / scales.input_scale,
        "centre_only_error_px": float((target - centre).norm(dim=-1).median()) / scales.input_scale,
        "rotation_error_deg": float(torch.rad2deg(twist[:, 3:].norm(dim=-1)).median()),
    }
