"""A scan is checked against itself before it is believed: neighbouring views predict each other.

Points that one view's depth puts on the object are carried by the poses into a neighbour and must lie on its surface
there. What makes few of them agree is looked for among the usual mistakes, and the one that mends it is named. Where
the surfaces agree, so must the colours: pictures that were turned or mirrored apart from their depth are found by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanError, ScanView

Array = NDArray[np.float64]
AGREE_SHARE = 0.5  # of a view's points that must lie on the neighbour's surface for the pair to agree
LEAST_PAIRS_SHARE = 0.7
_POINTS = 150
_TOLERANCE = 0.06  # of the object's size
_SAME_PLACE = 0.02  # radians, seen from the object
_COLOUR_BETTER = 0.75  # of the difference that a mended picture may leave to count as right


@dataclass(frozen=True)
class ScanCheck:
    """agreeing of pairs neighbours predict each other; remedy: what would fit, and how many pairs then agree.

    No pairs: all pictures are from one place, so there is nothing to compare.
    """

    agreeing: int
    pairs: int
    remedy: str = ""
    agreeing_then: int = 0

    @property
    def good(self) -> bool:
        """Whether enough neighbours agree."""
        return self.pairs > 0 and self.agreeing >= LEAST_PAIRS_SHARE * self.pairs

    def __str__(self) -> str:
        count = f"{self.agreeing} of {max(self.pairs, self.agreeing_then)} neighbours agree"
        if self.good:
            return count
        if self.remedy:
            return f"{self.remedy}: {count}, {self.agreeing_then} do after that"
        if not self.pairs:
            return "all pictures are from one place, expected a walk around the object"
        return (
            f"{count}, expected at least {LEAST_PAIRS_SHARE:.0%}; no usual mistake explains it: did the object move, "
            "or does the camera belong to other pictures?"
        )


def mended(views: Sequence[ScanView], check: ScanCheck) -> list[ScanView]:
    """The views after the remedy that a check names. Raises ScanError where it names none."""
    if check.remedy not in _ALL_REMEDIES:
        raise ScanError(f"nothing can be mended: {check}")
    return [_ALL_REMEDIES[check.remedy](view) for view in views]


def require_consistent(views: Sequence[ScanView]) -> ScanCheck:
    """The check of a scan that passes it. Raises ScanError with the mistake that would explain the scan."""
    check = check_scan(views)
    if not check.good:
        raise ScanError(f"the scan cannot be believed: {check}")
    return check


def check_scan(views: Sequence[ScanView]) -> ScanCheck:
    """Count the neighbours that predict each other, and where too few do, try what would mend it.

    Raises ScanError for fewer than two views.
    """
    if len(views) < 2:
        raise ScanError(f"the scan has {len(views)} view, expected 2 or more")
    rng = np.random.default_rng(0)
    known = [view.surface_pixels() for view in views]
    pixels = [of_view[rng.integers(0, len(of_view), _POINTS)] for of_view in known]
    found = ScanCheck(*_agreeing(views, pixels))
    if found.good:
        return _colours(views, pixels) or found
    best, remedy = found.agreeing, ""
    # Pictures from one place agree by chance with whatever carries them apart, as another camera does.
    for name, mend in (_REMEDIES | (_CAMERA_REMEDIES if found.pairs else {})).items():
        agreeing, pairs = _agreeing([mend(view) for view in views], pixels)
        if agreeing > best and agreeing >= 2 and agreeing >= LEAST_PAIRS_SHARE * pairs:
            best, remedy = agreeing, name
    return replace(found, remedy=remedy, agreeing_then=best if remedy else 0)


def _agreeing(views: Sequence[ScanView], pixels: list[NDArray[np.int64]]) -> tuple[int, int]:
    """How many views agree with their nearest neighbour by direction, and how many have one."""
    samples = [_sample(view, of_view) for view, of_view in zip(views, pixels, strict=True)]
    size = float(np.median([size for _, size in samples]))
    pairs = _neighbours(views, [points for points, _ in samples])
    good = sum(
        _share_on_surface(samples[index][0], views[neighbour], size) >= AGREE_SHARE
        and _share_on_surface(samples[neighbour][0], views[index], size) >= AGREE_SHARE
        for index, neighbour in pairs
    )
    return int(good), len(pairs)


def _neighbours(views: Sequence[ScanView], points: list[Array]) -> list[tuple[int, int]]:
    """Each view that has one, with its nearest neighbour by direction from the object."""
    towards = np.array([-view.pose[:3, :3].T @ view.pose[:3, 3] for view in views])
    towards = towards - np.median(np.concatenate(points), axis=0)
    towards /= np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-12)
    alike = towards @ towards.T
    # A picture from the same place would say nothing of a wrong pose, nor do poses that all lie in one place.
    alike[alike > np.cos(_SAME_PLACE)] = -np.inf
    return [(i, int(row.argmax())) for i, row in enumerate(alike) if np.isfinite(row.max())]


def _colours(views: Sequence[ScanView], pixels: list[NDArray[np.int64]]) -> ScanCheck | None:
    """The check that fails because turned or mirrored pictures would predict their neighbours clearly better."""
    points = [_sample(view, of_view)[0] for view, of_view in zip(views, pixels, strict=True)]
    pairs = _neighbours(views, points)
    as_is = _colour_differences(views, points, pairs)
    for name, mend in _COLOUR_REMEDIES.items():
        if any(view.rgb.shape != mend(view).rgb.shape for view in views):
            continue
        then = _colour_differences([mend(view) for view in views], points, pairs)
        better = then < _COLOUR_BETTER * as_is
        if better.sum() >= 2 and better.sum() >= LEAST_PAIRS_SHARE * len(pairs):
            return ScanCheck(int((~better).sum()), len(pairs), name, int(better.sum()))
    return None


def _colour_differences(views: Sequence[ScanView], points: list[Array], pairs: list[tuple[int, int]]) -> Array:
    """Mean difference of grey (n,) between the two views of each pair at points that both see, light evened out.

    Not a number where they see next to none in common.
    """
    differences = np.full(len(pairs), np.nan)
    for number, (index, neighbour) in enumerate(pairs):
        one, other = (_grey_at(views[i], points[index]) for i in (index, neighbour))
        seen = np.isfinite(one) & np.isfinite(other)
        if seen.sum() >= 10:
            difference = one[seen] - other[seen]
            differences[number] = np.abs(difference - np.median(difference)).mean()
    return differences


def _grey_at(view: ScanView, points: Array) -> Array:
    """Grey (n,) of points (n, 3) of the object's frame in a view, NaN where it does not see them."""
    u, v, z, inside = _pixels(view, points)
    seen = inside & view.mask[v, u] & (np.abs(view.depth[v, u] - z) < 0.02 * z)
    return np.where(seen, view.rgb[v, u].astype(float).mean(-1), np.nan)


def _pixels(view: ScanView, points: Array) -> tuple[NDArray[np.int64], NDArray[np.int64], Array, NDArray[np.bool_]]:
    """u, v, depth and whether it lies in the picture, (n,) each, of points (n, 3); pixel 0, 0 where it does not."""
    points_camera = transform(view.pose, points)
    pixels, inside = view.camera.nearest_pixels(view.camera.project(points_camera))
    return pixels[:, 0], pixels[:, 1], points_camera[:, 2], inside


def _sample(view: ScanView, pixels: NDArray[np.int64]) -> tuple[Array, float]:
    """Points (n, 3) of the object's frame at pixels that the view sees, and the object's size in it, metres."""
    points = view.points(pixels)
    low, high = np.percentile(points, [5, 95], axis=0)
    return points, float(np.linalg.norm(high - low))


def _share_on_surface(points: Array, view: ScanView, size: float) -> float:
    """Share of points (n, 3) that lie on the view's surface or behind it, on the object's pixels.

    What lies behind it by less than the object's size is a side that this view does not see, and counts for nothing.
    """
    u, v, z, inside = _pixels(view, points)
    if inside.sum() < 0.3 * len(points):
        return 0.0
    u, v, z = u[inside], v[inside], z[inside]
    depth = np.where(view.mask[v, u], view.depth[v, u], 0.0)
    behind = (depth > 0) & (z > depth + _TOLERANCE * size) & (z < depth + size)
    on = (depth > 0) & (np.abs(z - depth) <= _TOLERANCE * size)
    asked = len(z) - behind.sum()
    return float(on.sum() / asked) if asked >= 0.2 * len(points) else 0.0


def _inverted(view: ScanView) -> ScanView:
    return replace(view, camera_from_object=inverse(view.pose))


def _mirrored(*axes: int) -> Callable[[ScanView], ScanView]:
    """A camera frame with other axes: its y and z turned round is OpenGL's, x alone is a mirror image."""
    flip = np.eye(4)
    flip[axes, axes] = -1.0

    def mend(view: ScanView) -> ScanView:
        pose = flip @ view.pose
        if np.linalg.det(pose[:3, :3]) < 0:  # both frames were left-handed
            pose = pose @ flip
        return replace(view, camera_from_object=pose)

    return mend


def _shifted(factor: float) -> Callable[[ScanView], ScanView]:
    def mend(view: ScanView) -> ScanView:
        pose = view.pose.copy()
        pose[:3, 3] *= factor
        return replace(view, camera_from_object=pose)

    return mend


def _deeper(factor: float) -> Callable[[ScanView], ScanView]:
    return lambda view: replace(view, depth=view.depth * factor)


def _of_camera(factor: float) -> Callable[[ScanView], ScanView]:
    def mend(view: ScanView) -> ScanView:
        scaled = view.camera.scaled(factor, factor)
        return replace(view, camera=replace(scaled, width=view.camera.width, height=view.camera.height))

    return mend


def _turned(turn: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> Callable[[ScanView], ScanView]:
    return lambda view: replace(view, rgb=np.ascontiguousarray(turn(view.rgb)))


_REMEDIES: dict[str, Callable[[ScanView], ScanView]] = {
    "poses look inverted (object_from_camera instead of camera_from_object)": _inverted,
    "poses look like millimetres, expected metres": _shifted(0.001),
    "poses look like centimetres, expected metres": _shifted(0.01),
    "poses look inverted and in millimetres": lambda view: _inverted(_shifted(0.001)(view)),
    "poses look like OpenGL's (y up, z backwards), expected OpenCV's axes": _mirrored(1, 2),
    "poses look mirrored along x": _mirrored(0),
    "poses look mirrored along y": _mirrored(1),
    "depth looks ten times too large; is depth_scale right?": _deeper(0.1),
    "depth looks ten times too small; is depth_scale right?": _deeper(10.0),
    "depth looks a thousand times too large; is depth_scale right?": _deeper(0.001),
    "depth looks a thousand times too small; is depth_scale right?": _deeper(1000.0),
}
_CAMERA_REMEDIES: dict[str, Callable[[ScanView], ScanView]] = {
    "camera looks made for pictures twice as wide": _of_camera(0.5),
    "camera looks made for pictures half as wide": _of_camera(2.0),
    "camera looks made for pictures 1.5 times as wide": _of_camera(2.0 / 3.0),
    "camera looks made for pictures 2/3 as wide": _of_camera(1.5),
    "camera looks made for pictures three times as wide": _of_camera(1.0 / 3.0),
    "camera looks made for pictures a third as wide": _of_camera(3.0),
}
_COLOUR_REMEDIES: dict[str, Callable[[ScanView], ScanView]] = {
    "colour looks turned by 180° against depth and mask": _turned(lambda rgb: rgb[::-1, ::-1]),
    "colour looks mirrored left to right against depth and mask": _turned(lambda rgb: rgb[:, ::-1]),
    "colour looks mirrored top to bottom against depth and mask": _turned(lambda rgb: rgb[::-1]),
}
_ALL_REMEDIES = _REMEDIES | _CAMERA_REMEDIES | _COLOUR_REMEDIES
