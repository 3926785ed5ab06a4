"""Rigid motions as 4x4 arrays named target_from_source: p_target = target_from_source @ p_source.

Tangent vectors are xi = (rho, omega), translation part first, radians and metres, as in pinocchio and manif.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError

Array = NDArray[np.float64]
_SMALL = 1e-4


class GeometryError(DenseGraspError):
    """Input that determines no rigid motion."""


def hat(omega: ArrayLike) -> Array:
    """(3, 3) cross-product matrix of omega (3,)."""
    x, y, z = np.asarray(omega, dtype=float)
    return np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])


def exp(xi: ArrayLike) -> Array:
    """(4, 4) motion of the tangent vector xi (6,) = (rho, omega)."""
    vector = np.asarray(xi, dtype=float)
    if vector.shape != (6,):
        raise GeometryError(f"xi has shape {vector.shape}, expected (6,)")
    skew = hat(vector[3:])
    angle = float(np.linalg.norm(vector[3:]))
    a, b, c = _exp_coefficients(angle)
    motion = np.eye(4)
    motion[:3, :3] += a * skew + b * skew @ skew
    motion[:3, 3] = vector[:3] + (b * skew + c * skew @ skew) @ vector[:3]
    return motion


def log(motion: ArrayLike) -> Array:
    """xi (6,) = (rho, omega) with exp(xi) == motion and |omega| <= pi."""
    matrix = _motion(motion)
    x, y, z, w = to_quaternion(matrix)
    vector = np.array([x, y, z]) if w >= 0 else -np.array([x, y, z])
    sine = float(np.linalg.norm(vector))
    angle = 2.0 * float(np.arctan2(sine, abs(w)))
    omega = vector * (angle / sine if sine > 1e-12 else 2.0)
    skew = hat(omega)
    if angle < _SMALL:
        d = 1.0 / 12.0 + angle * angle / 720.0
    else:
        d = (1.0 - 0.5 * angle * np.cos(0.5 * angle) / np.sin(0.5 * angle)) / (angle * angle)
    rho = matrix[:3, 3] - 0.5 * skew @ matrix[:3, 3] + d * skew @ skew @ matrix[:3, 3]
    return np.concatenate([rho, omega])


def inverse(motion: ArrayLike) -> Array:
    """(4, 4) inverse of a rigid motion, exact in the rotation."""
    matrix = _motion(motion)
    result = np.eye(4)
    result[:3, :3] = matrix[:3, :3].T
    result[:3, 3] = -matrix[:3, :3].T @ matrix[:3, 3]
    return result


def transform(target_from_source: ArrayLike, points_source: ArrayLike) -> Array:
    """Points (N, 3) or one point (3,) carried from source to target."""
    matrix = _motion(target_from_source)
    points = np.asarray(points_source, dtype=float)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def rotation_angle(motion: ArrayLike) -> float:
    """Angle of the rotation part, radians in 0..pi."""
    return float(np.linalg.norm(log(motion)[3:]))


def angle_about_z(rotation: ArrayLike) -> float:
    """Radians of the turn about z that is nearest to a rotation (3, 3)."""
    r = np.asarray(rotation, dtype=float)
    return float(np.arctan2(r[1, 0] - r[0, 1], r[0, 0] + r[1, 1]))


def kabsch(source: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> tuple[Array, float]:
    """Least-squares motion target_from_source (4, 4) of point pairs (N, 3), and its RMS residual in metres.

    Raises GeometryError for fewer than three pairs, values that are not finite, or points on one line.
    """
    a, b = np.asarray(source, dtype=float), np.asarray(target, dtype=float)
    if a.ndim != 2 or a.shape[1] != 3 or a.shape != b.shape or len(a) < 3:
        raise GeometryError(f"point sets have shapes {a.shape} and {b.shape}, expected the same (N, 3) with N >= 3")
    w = np.ones(len(a)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (len(a),) or not np.isfinite(w).all() or (w < 0).any() or np.count_nonzero(w) < 3:
        raise GeometryError(f"weights have shape {w.shape}, expected ({len(a)},), finite, >= 0, three above zero")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise GeometryError("point sets contain NaN or infinity, expected finite coordinates")
    w = w / w.sum()
    mean_a, mean_b = w @ a, w @ b
    covariance = (b - mean_b).T @ (w[:, None] * (a - mean_a))
    left, singular, right = np.linalg.svd(covariance)
    if singular[1] <= 1e-12 * max(singular[0], 1e-12):
        raise GeometryError(f"points lie on one line (singular values {singular}), expected a spread in two directions")
    left[:, 2] *= np.sign(np.linalg.det(left) * np.linalg.det(right))
    motion = np.eye(4)
    motion[:3, :3] = left @ right
    motion[:3, 3] = mean_b - motion[:3, :3] @ mean_a
    residual = b - transform(motion, a)
    return motion, float(np.sqrt(w @ np.sum(residual**2, axis=1)))


def from_quaternion(xyzw: ArrayLike, translation: ArrayLike = (0.0, 0.0, 0.0)) -> Array:
    """(4, 4) motion of a quaternion (x, y, z, w), normalised here, and a translation (3,)."""
    q = np.asarray(xyzw, dtype=float)
    t = np.asarray(translation, dtype=float)
    length = float(np.linalg.norm(q))
    if q.shape != (4,) or t.shape != (3,) or not np.isfinite(q).all() or not np.isfinite(t).all() or length < 1e-9:
        raise GeometryError(f"quaternion is {q} and translation {t}, expected (4,) not zero and (3,), finite")
    x, y, z, w = q / length
    motion = np.eye(4)
    motion[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    motion[:3, 3] = t
    return motion


def to_quaternion(motion: ArrayLike) -> Array:
    """Unit quaternion (x, y, z, w) of the rotation part, w >= 0."""
    r = _motion(motion)[:3, :3]
    # The largest of the four squared components is computed first: the others divide by it.
    squares = np.array(
        [
            1 + r[0, 0] - r[1, 1] - r[2, 2],
            1 - r[0, 0] + r[1, 1] - r[2, 2],
            1 - r[0, 0] - r[1, 1] + r[2, 2],
            1 + r[0, 0] + r[1, 1] + r[2, 2],
        ]
    )
    rows = np.array(
        [
            [squares[0], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[0, 1] + r[1, 0], squares[1], r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], squares[2], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], squares[3]],
        ]
    )
    q = rows[int(np.argmax(squares))]
    q = q / np.linalg.norm(q)
    return q if q[3] >= 0 else -q


def look_at(eye: ArrayLike, target: ArrayLike, up: ArrayLike = (0.0, 0.0, 1.0)) -> Array:
    """world_from_camera (4, 4) of an optical frame (z to the target, y down) at `eye`, image top to `up`.

    All (3,) in the world. Raises GeometryError when eye and target coincide or `up` is parallel to the view.
    """
    position = np.asarray(eye, dtype=float)
    forward = np.asarray(target, dtype=float) - position
    right = np.cross(forward, np.asarray(up, dtype=float))
    if np.linalg.norm(forward) < 1e-9 or np.linalg.norm(right) < 1e-9 * max(1.0, float(np.linalg.norm(forward))):
        raise GeometryError(f"look_at from {eye!r} to {target!r} with up {up!r}: view is zero or parallel to up")
    z = forward / np.linalg.norm(forward)
    x = right / np.linalg.norm(right)
    motion = np.eye(4)
    motion[:3, :3] = np.stack([x, np.cross(z, x), z], axis=1)
    motion[:3, 3] = position
    return motion


def _exp_coefficients(angle: float) -> tuple[float, float, float]:
    """sin a / a, (1 - cos a) / a^2, (a - sin a) / a^3, by series near zero where they cancel."""
    if angle < _SMALL:
        square = angle * angle
        return 1.0 - square / 6.0, 0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0
    half = np.sin(0.5 * angle) / angle
    return (
        float(np.sin(angle) / angle),
        float(2.0 * half * half),
        float((angle - np.sin(angle)) / angle**3) if angle > 1e-2 else float(1 / 6 - angle**2 / 120 + angle**4 / 5040),
    )


def _motion(value: ArrayLike) -> Array:
    matrix = np.asarray(value, dtype=float)
    if matrix.shape != (4, 4):
        raise GeometryError(f"motion has shape {matrix.shape}, expected (4, 4)")
    if not np.isfinite(matrix).all():
        raise GeometryError("motion contains NaN or infinity, expected a finite rigid motion")
    return matrix
