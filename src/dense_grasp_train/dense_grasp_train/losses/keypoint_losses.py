"""The five losses of the keypoint objective, each a pure function of tensors.

Silhouette, variance and separation come from KeypointNet, the multi-view consistency (Eq. 5-6) and the
relative pose (Eq. 7) from "Training Dense Object Nets: A Novel Approach", section 3.3. Pixels are (u, v),
points are metres in the camera's optical frame unless a unit says otherwise, transforms are 4x4
``target_from_source``. B is the batch, N the number of keypoints, h x w a grid of cells.
"""

from __future__ import annotations

import torch
from dense_grasp_core.geometry import se3_torch
from torch import Tensor
from torch.nn import functional

SILHOUETTE_EPSILON = 1e-12


def silhouette_loss(probability: Tensor, mask: Tensor) -> Tensor:
    """Penalise probability outside the object: mean over keypoints of -log(sum of p * mask).

    Args:
        probability: (B, N, h, w), every map sums to 1.
        mask: (B, h, w), share of the cell that the object covers, 0..1.
    """
    inside = torch.einsum("bnhw,bhw->bn", probability, mask)
    return -torch.log(inside + SILHOUETTE_EPSILON).mean()


def variance_loss(probability: Tensor, grid: Tensor, expectation: Tensor) -> Tensor:
    """Spatial variance of the keypoint maps, mean over keypoints, in the grid's unit squared.

    Taken from first and second moments, which are matrix products: no array of offsets per keypoint and position.

    Args:
        probability: (B, N, h, w), every map sums to 1.
        grid: (h, w, 2) position (u, v) of every cell.
        expectation: (B, N, 2) expected position of every keypoint.
    """
    middle = grid.mean((0, 1))
    centred, expected = grid - middle, expectation - middle
    first = torch.einsum("bnhw,hwk->bnk", probability, centred)
    second = torch.einsum("bnhw,hw->bn", probability, centred.square().sum(-1))
    return (second - 2.0 * (expected * first).sum(-1) + expected.square().sum(-1)).mean()


def separation_loss(positions: Tensor, margin: float) -> Tensor:
    """Push keypoints apart: 1/N^2 * sum over i != j of max(0, margin^2 - |x_i - x_j|^2), mean over the batch.

    Args:
        positions: (B, N, K) keypoint positions, pixels (K = 2) or points (K = 3).
        margin: distance from which on two keypoints are far enough apart, in the positions' unit.
    """
    squared = (positions[:, :, None] - positions[:, None]).square().sum(-1)
    count = positions.shape[1]
    off_diagonal = 1.0 - torch.eye(count, device=positions.device, dtype=positions.dtype)
    return ((margin**2 - squared).clamp_min(0.0) * off_diagonal).sum(dim=(-1, -2)).mean() / count**2


def deproject(pixels: Tensor, depth: Tensor, camera_matrix: Tensor) -> Tensor:
    """Eq. 5: (B, N, 3) points of (B, N, 2) pixels at (B, N) depth, for pinhole matrices (B, 3, 3)."""
    focal = torch.stack([camera_matrix[:, 0, 0], camera_matrix[:, 1, 1]], -1)[:, None]
    centre = camera_matrix[:, None, :2, 2]
    return torch.cat([(pixels - centre) / focal, torch.ones_like(depth)[..., None]], -1) * depth[..., None]


def consistency_loss(points_a: Tensor, points_b: Tensor, b_from_a: Tensor, delta: float = 1.0) -> Tensor:
    """Eq. 6: Huber distance between keypoints of view B and those of view A moved into B.

    Args:
        points_a, points_b: (B, N, 3) keypoints in their own camera frame.
        b_from_a: (B, 4, 4) true motion.
        delta: where the Huber loss turns from square to linear, in the points' unit.
    """
    return functional.huber_loss(se3_torch.transform(b_from_a, points_a), points_b, delta=delta)


def predicted_motion(
    points_a: Tensor, points_b: Tensor, noise: float = 0.0, generator: torch.Generator | None = None
) -> Tensor:
    """T_pred of Eq. 7: the motion (B, 4, 4) that Kabsch finds from the keypoints of A to those of B.

    Solved in float64; ``noise`` (standard deviation, the points' unit) keeps the singular values apart, without
    which the derivative of the decomposition is unbounded while keypoints coincide.
    """
    a, b = points_a.double(), points_b.double()
    if noise > 0:
        a = a + noise * torch.randn(a.shape, generator=generator, dtype=a.dtype).to(a.device)
        b = b + noise * torch.randn(b.shape, generator=generator, dtype=b.dtype).to(b.device)
    return se3_torch.kabsch(a, b)[0]


def relative_pose_loss(b_from_a_truth: Tensor, b_from_a_predicted: Tensor) -> Tensor:
    """Eq. 7: mean norm of log(T_truth^-1 T_predicted) for (B, 4, 4) motions; the translation in the points' unit."""
    twist = se3_torch.log(se3_torch.inverse(b_from_a_truth.double()) @ b_from_a_predicted.double())
    return torch.sqrt(twist.square().sum(-1) + 1e-20).mean()


def depth_anchor_loss(depth: Tensor, measured: Tensor, valid: Tensor, delta: float = 1.0) -> Tensor:
    """Huber distance of predicted to measured depth at the expected pixel; stops the collapse of the depth head.

    Args:
        depth, measured: (B, N) in one unit; ``valid`` (B, N) bool, False where the sensor or the object has no
            depth. An all-invalid batch gives 0.
    """
    error = functional.huber_loss(depth, torch.where(valid, measured, depth.detach()), delta=delta, reduction="none")
    return (error * valid).sum() / valid.sum().clamp_min(1)
