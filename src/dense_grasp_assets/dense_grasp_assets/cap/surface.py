"""Analytic surfaces of the parametric cap: (part, u, v) → point and normal, vectorised.

The parameterisation is the same for every cap, so equal (part, u, v) is the same place on every instance:

- `crown`, outside of the dome: u = ellipse angle / 2π from the front (x axis) counter-clockwise seen from above,
  v from the rim (0) to the button (1).
- `inner_crown`, inside of the dome above the sweatband: same u and v as the crown.
- `sweatband`, ring inside at the rim: u as the crown, v from the rim (0) to its upper edge (1).
- `strap`, outside below the rear opening: u across from the wearer's left (0) to right (1), v from the rim (0) to the
  opening (1).
- `brim`, upper side, and `brim_under`, lower side: u from left (0) to right (1), v from the rim (0) to the edge (1).
- `button`: u as the crown, v from its foot (0) to its top (1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_assets.cap.params import CapError, CapParams

PART_NAMES = ("crown", "brim", "strap", "button", "sweatband", "inner_crown", "brim_under")
"""Order of the part ids."""

Array = NDArray[np.float64]

_STEP = 1e-5


def profile_height_to_v(params: CapParams, height: float, angle: float) -> float:
    """Return the crown's v at which the undented dome at `angle` is `height` metres above the rim."""
    v = np.linspace(0.0, 1.0, 2001)
    return float(np.interp(height, _dome(params, np.full_like(v, angle), v, dented=False)[:, 2], v))


def strap_top_v(params: CapParams) -> float:
    """Crown v of the strap's upper edge."""
    return profile_height_to_v(params, params.strap_height, np.pi)


def sweatband_top_v(params: CapParams) -> float:
    """Crown v of the sweatband's upper edge."""
    return profile_height_to_v(params, params.sweatband_height, 0.0)


def in_opening(params: CapParams, angle: ArrayLike, v: ArrayLike) -> NDArray[np.bool_]:
    """Tell where the dome is cut away for the rear opening (angle in radians, crown v)."""
    across, up = opening_coordinates(params, angle, v)
    return (up > 1e-9) & (across**2 + up**2 < 1.0)


def opening_coordinates(params: CapParams, angle: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    """Return coordinates in which the rear opening is the upper half of the unit disc."""
    low = strap_top_v(params)
    across = (np.asarray(angle, dtype=float) - np.pi) / params.opening_half_angle
    return across, (np.asarray(v, dtype=float) - low) / (params.opening_top - low)


def _dome(params: CapParams, angle: Array, v: Array, dented: bool = True) -> Array:
    forward = 0.5 + 0.5 * np.cos(angle)
    exponent = params.back_exponent + (params.front_exponent - params.back_exponent) * forward
    elevation = 0.5 * np.pi * v
    cosine, sine = np.cos(elevation), np.sin(elevation)
    radius = (np.abs(cosine) ** exponent + np.abs(sine) ** exponent) ** (-1.0 / exponent)
    scale = radius * cosine
    if dented:
        # Dents and seams fade at the rim and at the button, so that both stay where the parameters put them.
        fade = np.sin(np.pi * v) ** 2
        dent = np.zeros_like(angle)
        for around, up, phase, amplitude in params.dents:
            dent += amplitude * np.cos(around * angle + phase) * np.sin(up * np.pi * v)
        to_seam = np.abs((angle * 3.0 / np.pi + 0.5) % 1.0 - 0.5) * np.pi / 3.0 * scale * params.half_width
        dent -= 0.0010 * np.exp(-((to_seam / 0.004) ** 2))
        scale = scale * (1.0 + fade * dent / params.half_width)
    return np.stack(
        [
            params.half_length * scale * np.cos(angle),
            params.half_width * scale * np.sin(angle),
            params.height * radius * sine,
        ],
        axis=-1,
    )


def _brim_top(params: CapParams, u: Array, v: Array) -> Array:
    side = 1.0 - 2.0 * u
    angle = params.brim_half_angle * side
    # The brim starts inside the crown wall, so that no gap shows along the joint.
    rim_x = (params.half_length - 0.0015) * np.cos(angle)
    rim_y = (params.half_width - 0.0015) * np.sin(angle)
    reach = (params.brim_length + 0.0015) * np.clip(1.0 - side**2, 0.0, 1.0) ** 0.6
    distance = v * reach
    x = rim_x + distance
    y = rim_y * (1.0 + 0.06 * v)
    settle = 1.0 - np.exp(-distance / 0.012)
    drop = np.tan(params.brim_slope) * distance + params.brim_curvature * y**2 * settle
    return np.stack([x, y, params.thickness - drop], axis=-1)


def _button(params: CapParams, u: Array, v: Array) -> Array:
    angle, elevation = 2.0 * np.pi * u, 0.5 * np.pi * v
    radius = params.button_radius * np.cos(elevation)
    height = params.height - 0.0008 + params.button_height * np.sin(elevation)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=-1)


_DOME_PARTS = ("crown", "inner_crown", "sweatband", "strap")


def _to_dome(params: CapParams, part: str, u: Array, v: Array) -> tuple[Array, Array]:
    """Return the dome's (angle, v) of a place on one of the dome's parts."""
    if part == "strap":
        return np.pi + (2.0 * u - 1.0) * params.opening_half_angle, v * strap_top_v(params)
    return 2.0 * np.pi * u, v * sweatband_top_v(params) if part == "sweatband" else v


def _outside(params: CapParams, part: str, u: Array, v: Array) -> Array:
    if part in _DOME_PARTS:
        return _dome(params, *_to_dome(params, part, u, v))
    if part in ("brim", "brim_under"):
        return _brim_top(params, u, v)
    if part == "button":
        return _button(params, u, v)
    raise CapError(f"cap part is {part!r}, expected one of {', '.join(PART_NAMES)}")


def _crossed(along_u: Array, along_v: Array) -> Array:
    normal = np.cross(along_u, along_v)
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-30))


def _dome_normal(params: CapParams, angle: Array, v: Array) -> Array:
    inner = np.clip(v, _STEP, 1.0 - 2e-3)
    normal = _crossed(
        _dome(params, angle + _STEP, inner) - _dome(params, angle - _STEP, inner),
        _dome(params, angle, inner + _STEP) - _dome(params, angle, inner - _STEP),
    )
    flat = normal * np.array([1.0, 1.0, 0.0])
    flat = flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-12)
    normal = np.where(v[..., None] <= 0.0, flat, normal)
    # One normal for every angle at the pole, where rounding may leave v a hair below 1.
    return np.where(v[..., None] > 1.0 - 1e-6, np.array([0.0, 0.0, 1.0]), normal)


def _outside_normal(params: CapParams, part: str, u: Array, v: Array) -> Array:
    if part in _DOME_PARTS:
        return _dome_normal(params, *_to_dome(params, part, u, v))
    # u and v stay off the ends: the brim's tips and the button's top have no tangent plane of their own.
    inner_v = np.clip(v, _STEP, 1.0 - 2e-3)
    inner_u = np.clip(u, 2e-3, 1.0 - 2e-3) if part.startswith("brim") else u
    along_u = _outside(params, part, inner_u + _STEP, inner_v) - _outside(params, part, inner_u - _STEP, inner_v)
    along_v = _outside(params, part, inner_u, inner_v + _STEP) - _outside(params, part, inner_u, inner_v - _STEP)
    return _crossed(along_u, along_v)


def _broadcast(u: ArrayLike, v: ArrayLike) -> tuple[Array, Array]:
    first, second = np.broadcast_arrays(np.asarray(u, dtype=float), np.asarray(v, dtype=float))
    return first.copy(), second.copy()


def cap_point(params: CapParams, part: str, u: ArrayLike, v: ArrayLike) -> Array:
    """Return the surface point (..., 3) in metres, object frame, of `part` at (u, v), scalars or arrays.

    Raises CapError for an unknown part or coordinates outside 0..1.
    """
    first, second = _broadcast(u, v)
    if first.size and (min(first.min(), second.min()) < -1e-9 or max(first.max(), second.max()) > 1.0 + 1e-9):
        low, high = min(first.min(), second.min()), max(first.max(), second.max())
        raise CapError(f"cap coordinates (u, v) range over {low:g} to {high:g}, expected values within 0..1")
    point = _outside(params, part, first, second)
    if part in ("inner_crown", "sweatband", "brim_under"):
        point = point - params.thickness * _outside_normal(params, part, first, second)
    return point


def cap_normal(params: CapParams, part: str, u: ArrayLike, v: ArrayLike) -> Array:
    """Return the unit normal (..., 3) that points out of the material, object frame. Errors as `cap_point`."""
    first, second = _broadcast(u, v)
    normal = _outside_normal(params, part, first, second)
    return -normal if part in ("inner_crown", "sweatband", "brim_under") else normal
