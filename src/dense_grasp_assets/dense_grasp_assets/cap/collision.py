"""Collision geometry of the cap: thin boxes, because a physics engine closes a mesh to its convex hull."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dense_grasp_assets.cap.params import CapParams
from dense_grasp_assets.cap.surface import cap_point, in_opening, profile_height_to_v, strap_top_v

Floats = NDArray[np.float64]
Box = tuple[Floats, Floats, Floats]

_COLUMNS = 24
_UPPER_COLUMNS = 12
_BRIM_STRIPS = 10
_FOOT_SHARE = 0.34


def _quaternion(rotation: Floats) -> Floats:
    """Quaternion (w, x, y, z) of a rotation matrix (3, 3)."""
    m = rotation
    candidates = np.array(
        [
            1 + m[0, 0] + m[1, 1] + m[2, 2],
            1 + m[0, 0] - m[1, 1] - m[2, 2],
            1 - m[0, 0] + m[1, 1] - m[2, 2],
            1 - m[0, 0] - m[1, 1] + m[2, 2],
        ]
    )
    largest = int(np.argmax(candidates))
    s = 2.0 * np.sqrt(candidates[largest])
    a, b, c = (m[2, 1] - m[1, 2]) / s, (m[0, 2] - m[2, 0]) / s, (m[1, 0] - m[0, 1]) / s
    d, e, f = (m[0, 1] + m[1, 0]) / s, (m[0, 2] + m[2, 0]) / s, (m[1, 2] + m[2, 1]) / s
    value = [[s / 4, a, b, c], [a, s / 4, d, e], [b, d, s / 4, f], [c, e, f, s / 4]][largest]
    return np.asarray(value) * (1.0 if value[0] >= 0 else -1.0)


def _patch_box(outer: Floats, inner: Floats, thickness: float) -> Box:
    """Fit a box of the sheet's thickness to a patch; outer and inner (n, n, 3) sample both surfaces."""
    middle = 0.5 * (outer + inner)
    along = (middle[:, -1] - middle[:, 0]).mean(axis=0)
    up = (middle[-1] - middle[0]).mean(axis=0)
    normal = np.cross(along, up)
    normal /= np.linalg.norm(normal)
    along = along - normal * (along @ normal)
    along /= np.linalg.norm(along)
    axes = np.stack([along, np.cross(normal, along), normal], axis=1)
    local = middle.reshape(-1, 3) @ axes
    low, high = local.min(axis=0), local.max(axis=0)
    centre = 0.5 * (low + high)
    # The mean level of a curved patch splits the error between its middle and its edges.
    centre[2] = local[:, 2].mean()
    half = 0.5 * (high - low)
    half[2] = 0.5 * thickness
    return axes @ centre, half, _quaternion(axes)


def _dome_box(params: CapParams, angle: tuple[float, float], v: tuple[float, float]) -> Box:
    a, h = np.meshgrid(np.linspace(*angle, 5) / (2 * np.pi) % 1.0, np.linspace(*v, 5))
    return _patch_box(cap_point(params, "crown", a, h), cap_point(params, "inner_crown", a, h), params.thickness)


def _brim_box(params: CapParams, u: tuple[float, float], v: tuple[float, float]) -> Box:
    """Fit a box to a strip of the brim; its ends lie midway along the strip's slanted ends."""
    across, forward = np.meshgrid(np.linspace(*u, 5), np.linspace(*v, 5))
    middle = 0.5 * (cap_point(params, "brim", across, forward) + cap_point(params, "brim_under", across, forward))
    ahead = (middle[-1] - middle[0]).mean(axis=0)
    ahead /= np.linalg.norm(ahead)
    normal = np.cross((middle[:, -1] - middle[:, 0]).mean(axis=0), ahead)
    normal /= np.linalg.norm(normal)
    axes = np.stack([ahead, np.cross(normal, ahead), normal], axis=1)
    local = middle @ axes
    ends = np.array([local[0, :, 0].mean(), local[-1, :, 0].mean()])
    sides = np.sort([local[:, 0, 1].mean(), local[:, -1, 1].mean()])
    centre = np.array([ends.mean(), sides.mean(), local[..., 2].mean()])
    half = np.array([0.5 * (ends[1] - ends[0]), 0.5 * (sides[1] - sides[0]), 0.5 * params.thickness])
    return axes @ centre, half, _quaternion(axes)


def collision_boxes(params: CapParams) -> list[Box]:
    """Return about 95 boxes (centre (3,), half size (3,), quaternion (w, x, y, z)) in the object frame, metres.

    The first ring ends at the strap's upper edge and has one box centred on the back of the rim, so that a pinch there
    meets one flat sheet of the shell's thickness. The rear opening stays open. Give all boxes the same density, so that
    the mass follows the area of cloth; a cap on its crown then stands on the last dome box, the flattened top.
    """
    boxes: list[Box] = []
    strap = strap_top_v(params)
    rows = [
        (0.0, strap),
        (strap, profile_height_to_v(params, 0.55 * params.height, np.pi / 2)),
    ]
    rows += [(rows[1][1], 0.66), (0.66, 0.86)]
    for index, (low, high) in enumerate(rows):
        columns = _COLUMNS if index < 2 else 18 if index == 2 else _UPPER_COLUMNS
        for column in range(columns):
            centre = 2 * np.pi * column / columns
            span = (centre - np.pi / columns, centre + np.pi / columns)
            probe = np.meshgrid(np.linspace(*span, 7), np.linspace(low, high, 7)[1:])
            open_share = float(np.mean(in_opening(params, *probe)))
            if open_share > 0.75:
                continue
            if open_share > 0.25 and not in_opening(params, centre, high - 1e-6):
                # The arch ends inside this patch: the box covers what lies above it.
                column_v = np.linspace(low, high, 41)
                low_closed = column_v[np.flatnonzero(in_opening(params, np.full(41, centre), column_v)).max(initial=0)]
                boxes.append(_dome_box(params, span, (float(low_closed), high)))
            else:
                boxes.append(_dome_box(params, span, (low, high)))
    # Cloth flattens where a cap stands on its crown: the top is a level foot at the height of the button's tip.
    tip = params.height + params.button_height - 0.5 * params.thickness
    foot = np.array([_FOOT_SHARE * params.half_length, _FOOT_SHARE * params.half_width, 0.5 * params.thickness])
    boxes.append((np.array([0.0, 0.0, tip]), foot, np.array([1.0, 0.0, 0.0, 0.0])))
    across = np.linspace(0.05, 0.95, _BRIM_STRIPS + 1)
    for left, right in pairwise(across):
        boxes += [_brim_box(params, (left, right), v) for v in ((0.0, 0.45), (0.45, 1.0))]
    return boxes
