"""Batched, differentiable exp, log and Kabsch for training losses; conventions of `se3`.

Everything is computed in float64, whatever comes in, and returned in the caller's dtype: in float32 the
gradients of log and SVD lose all digits near the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor

_SMALL = 1e-4


def hat(omega: Tensor) -> Tensor:
    """(..., 3, 3) cross-product matrices of omega (..., 3)."""
    x, y, z = omega.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [torch.stack(row, -1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return torch.stack(rows, -2)


def exp(xi: Tensor) -> Tensor:
    """(..., 4, 4) motions of tangent vectors (..., 6) = (rho, omega)."""
    wide = xi.double()
    rho, omega = wide[..., :3], wide[..., 3:]
    square = (omega * omega).sum(-1)[..., None, None]
    near = square < _SMALL**2
    safe = torch.where(near, torch.ones_like(square), square)
    angle = safe.sqrt()
    a = torch.where(near, 1 - square / 6, angle.sin() / angle)
    b = torch.where(near, 0.5 - square / 24, 2 * (angle / 2).sin() ** 2 / safe)
    c = torch.where(near, 1 / 6 - square / 120, (angle - angle.sin()) / (safe * angle))
    skew = hat(omega)
    skew2 = skew @ skew
    eye = torch.eye(3, dtype=wide.dtype, device=wide.device)
    rotation = eye + a * skew + b * skew2
    translation = (eye + b * skew + c * skew2) @ rho[..., None]
    return compose(rotation, translation[..., 0]).to(xi.dtype)


def log(motion: Tensor) -> Tensor:
    """Tangent vectors (..., 6) = (rho, omega) of motions (..., 4, 4).

    Gradients are finite everywhere, the identity and half turns included.
    """
    wide = motion.double()
    translation = wide[..., :3, 3]
    quaternion = _quaternion(wide[..., :3, :3])
    quaternion = torch.where(quaternion[..., 3:] < 0, -quaternion, quaternion)
    vector, w = quaternion[..., :3], quaternion[..., 3]
    square = (vector * vector).sum(-1)
    near = square < _SMALL**2
    sine = torch.where(near, torch.ones_like(square), square).sqrt()
    angle = 2 * torch.atan2(sine, w)
    # asin(s)/s = 1 + s^2/6 + ... : 2 asin(s)/s near the identity
    factor = torch.where(near, 2 + square / 3, angle / sine)
    omega = vector * factor[..., None]
    safe = torch.where(near, torch.ones_like(angle), angle)
    half = safe / 2
    d = torch.where(near, 1 / 12 + square / 180, (1 - half * half.cos() / half.sin()) / (safe * safe))
    skew = hat(omega)
    once = (skew @ translation[..., None])[..., 0]
    twice = (skew @ once[..., None])[..., 0]
    return torch.cat([translation - 0.5 * once + d[..., None] * twice, omega], -1).to(motion.dtype)


def inverse(motion: Tensor) -> Tensor:
    """(..., 4, 4) inverses of rigid motions (the dagger of Eq. 7)."""
    transposed = motion[..., :3, :3].transpose(-1, -2)
    return compose(transposed, -(transposed @ motion[..., :3, 3:])[..., 0])


def compose(rotation: Tensor, translation: Tensor) -> Tensor:
    """(..., 4, 4) motions from rotations (..., 3, 3) and translations (..., 3)."""
    upper = torch.cat([rotation, translation[..., None]], -1)
    last = upper.new_tensor([0.0, 0.0, 0.0, 1.0]).expand(*upper.shape[:-2], 1, 4)
    return torch.cat([upper, last], -2)


def transform(target_from_source: Tensor, points_source: Tensor) -> Tensor:
    """Points (..., N, 3) carried from source to target by motions (..., 4, 4)."""
    return points_source @ target_from_source[..., :3, :3].transpose(-1, -2) + target_from_source[..., None, :3, 3]


def kabsch(source: Tensor, target: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Least-squares motions target_from_source (..., 4, 4) of pairs (..., N, 3), and RMS residuals (...).

    Weights (..., N) >= 0 or None. Never raises on degenerate points; noise of about 1e-3 of their spread on
    one set keeps the SVD's gradient finite (KeypointNet adds it).
    """
    a, b = source.double(), target.double()
    w = torch.ones_like(a[..., 0]) if weights is None else weights.double()
    w = (w / w.sum(-1, keepdim=True))[..., None]
    mean_a, mean_b = (w * a).sum(-2, keepdim=True), (w * b).sum(-2, keepdim=True)
    covariance = (b - mean_b).transpose(-1, -2) @ (w * (a - mean_a))
    left, _, right = torch.linalg.svd(covariance)
    sign = (torch.linalg.det(left) * torch.linalg.det(right)).sign().detach()
    ones = torch.ones_like(sign)
    rotation = left * torch.stack([ones, ones, sign], -1)[..., None, :] @ right
    translation = mean_b[..., 0, :] - (rotation @ mean_a.transpose(-1, -2))[..., 0]
    motion = compose(rotation, translation)
    square = (w[..., 0] * ((b - transform(motion, a)) ** 2).sum(-1)).sum(-1)
    return motion.to(source.dtype), square.clamp_min(1e-24).sqrt().to(source.dtype)


def _quaternion(r: Tensor) -> Tensor:
    """(..., 4) unit quaternions (x, y, z, w): the row of q q^T with the largest diagonal."""
    xx, yy, zz = r[..., 0, 0], r[..., 1, 1], r[..., 2, 2]
    xy, xz, yz = r[..., 0, 1] + r[..., 1, 0], r[..., 0, 2] + r[..., 2, 0], r[..., 1, 2] + r[..., 2, 1]
    xw, yw, zw = r[..., 2, 1] - r[..., 1, 2], r[..., 0, 2] - r[..., 2, 0], r[..., 1, 0] - r[..., 0, 1]
    squares = [1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz]
    rows = torch.stack(
        [
            torch.stack([squares[0], xy, xz, xw], -1),
            torch.stack([xy, squares[1], yz, yw], -1),
            torch.stack([xz, yz, squares[2], zw], -1),
            torch.stack([xw, yw, zw, squares[3]], -1),
        ],
        -2,
    )
    best = torch.stack(squares, -1).argmax(-1)
    row = torch.gather(rows, -2, best[..., None, None].expand(*best.shape, 1, 4))[..., 0, :]
    return row / row.norm(dim=-1, keepdim=True)
