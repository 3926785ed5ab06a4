"""Quaternions and vectors as tuples of floats: a lookup handles few numbers, arrays would cost more than they save."""

from __future__ import annotations

import math

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Return the quaternion (x, y, z, w) that rotates by b, then by a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by + ay * bw + az * bx - ax * bz,
        aw * bz + az * bw + ax * by - ay * bx,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """Return the inverse rotation of a unit quaternion."""
    return (-q[0], -q[1], -q[2], q[3])


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Return the vector v rotated by the unit quaternion q."""
    qx, qy, qz, qw = q
    x, y, z = v
    tx, ty, tz = 2.0 * (qy * z - qz * y), 2.0 * (qz * x - qx * z), 2.0 * (qx * y - qy * x)
    return (
        x + qw * tx + qy * tz - qz * ty,
        y + qw * ty + qz * tx - qx * tz,
        z + qw * tz + qx * ty - qy * tx,
    )


def normalized(q: Quaternion) -> Quaternion:
    """Return the unit quaternion of q's direction, as tf2 stores it; of one without a direction, NaN.

    tf2 goes by way of the rotation matrix: length and sign of q are lost. The sign that comes back is that of a
    positive w, or for turns beyond 120 degrees of a positive largest part of the axis.
    """
    x, y, z, w = q
    norm = math.sqrt(x * x + y * y + z * z + w * w)
    if not 0.0 < norm < math.inf:
        return (math.nan, math.nan, math.nan, math.nan)
    x, y, z, w = x / norm, y / norm, z / norm, w / norm
    leading = w if 4.0 * w * w > 1.0 else max(x, y, z, key=abs)
    return (x, y, z, w) if leading >= 0.0 else (-x, -y, -z, -w)


def slerp(a: Quaternion, b: Quaternion, ratio: float) -> Quaternion:
    """Interpolate from a (ratio 0) to b (ratio 1) along the shorter arc."""
    dot = a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3]
    norm = math.sqrt(sum(x * x for x in a) * sum(x * x for x in b))
    theta = math.acos(min(1.0, abs(dot) / norm))
    if theta < 1e-9:
        return a
    scale = 1.0 / math.sin(theta)
    p = math.sin((1.0 - ratio) * theta) * scale
    q = math.copysign(math.sin(ratio * theta) * scale, dot)
    return (p * a[0] + q * b[0], p * a[1] + q * b[1], p * a[2] + q * b[2], p * a[3] + q * b[3])
