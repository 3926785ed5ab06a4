"""What a solid is: its surface, what of it the physics touches, how it rests, and where a person would pinch it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class SolidError(DenseGraspError):
    """A solid that cannot be made."""


@dataclass(frozen=True)
class Piece:
    """A convex part for the physics. shape: box (half sizes), cylinder (radius, half length along z) or capsule (the
    same); centre (3,) m, quaternion (w, x, y, z), both in the object's frame.
    """

    shape: str
    size: tuple[float, ...]
    centre: Floats
    quaternion: Floats

    @property
    def volume(self) -> float:
        """m^3."""
        if self.shape == "box":
            return float(8.0 * np.prod(self.size))
        radius, half = self.size
        ends = 4.0 / 3.0 * np.pi * radius**3 if self.shape == "capsule" else 0.0
        return float(2.0 * np.pi * radius**2 * half + ends)


@dataclass(frozen=True)
class Hull:
    """A convex part for the physics, as a mesh has them: corners (N, 3) m, object frame; volume: m^3."""

    corners: Floats
    volume: float


@dataclass(frozen=True)
class Solid:
    """One object as arrays; object frame, metres, the origin in the middle of its first rest's box.

    vertices (V, 3), faces (F, 3) anticlockwise seen from outside, normals (V, 3), uv (V, 2) in 0..1 from the picture's
    bottom left, texture (T, T, 3) uint8 RGB, top row first. pieces: what the physics touches. rests: (3, 3) rotations
    base_from_object in which it lies still, the first as it is scanned; all but the first show what that scan saw.
    contact (3,): a point of the surface at which a person would pinch it. thinnest: m, the least width of the fingers
    that hold it. mass: kg. same: (3, 3) turns after which it looks as before, among them none at all.
    """

    kind: str
    seed: int
    vertices: Floats
    faces: NDArray[np.int64]
    normals: Floats
    uv: NDArray[np.float32]
    texture: NDArray[np.uint8]
    pieces: tuple[Piece | Hull, ...]
    rests: tuple[Floats, ...]
    contact: Floats
    thinnest: float
    mass: float
    same: tuple[Floats, ...] = (np.eye(3),)

    @property
    def equal_contacts(self) -> Floats:
        """(n, 3) points of the surface that nobody can tell from the contact."""
        return np.array([turn @ self.contact for turn in self.same])

    @property
    def size(self) -> Floats:
        """(3,) m of the box around it."""
        return np.asarray(np.ptp(self.vertices, axis=0))

    def lowest(self, rotation: Floats) -> float:
        """m along z of its lowest point when it is turned by `rotation` (3, 3)."""
        return float((self.vertices @ rotation[2]).min())


#: Sides of the box around a solid: the axis that looks out of it, and those along which u and v run.
_SIDES = {
    "front": (0, 1.0, 1, 2),
    "back": (0, -1.0, 1, 2),
    "left": (1, 1.0, 0, 2),
    "right": (1, -1.0, 0, 2),
    "top": (2, 1.0, 0, 1),
    "bottom": (2, -1.0, 0, 1),
}


def solid_point(solid: Solid, side: str, u: float, v: float) -> Floats:
    """(3,) m, object frame: a point of the box around a solid, on its front (+x), back, left (+y), right, top (+z) or
    bottom; u and v in 0..1 along the side's other two axes. Raises SolidError for another side and outside 0..1.
    """
    if side not in _SIDES:
        raise SolidError(f"side of the {solid.kind} is {side!r}, expected one of {', '.join(_SIDES)}")
    if not (0.0 <= u <= 1.0 and 0.0 <= v <= 1.0):
        raise SolidError(f"u, v on the {side} of the {solid.kind} are {u}, {v}, expected 0..1")
    out, sign, along_u, along_v = _SIDES[side]
    low, high = solid.vertices.min(axis=0), solid.vertices.max(axis=0)
    point = np.empty(3)
    point[out] = high[out] if sign > 0 else low[out]
    for axis, share in ((along_u, u), (along_v, v)):
        point[axis] = low[axis] + share * (high[axis] - low[axis])
    return point


def about(axis: str, angle: float) -> Floats:
    """(3, 3) rotation about "x", "y" or "z", rad."""
    c, s = np.cos(angle), np.sin(angle)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    result = np.eye(3)
    result[first, first] = result[second, second] = c
    result[first, second], result[second, first] = -s, s
    return result
