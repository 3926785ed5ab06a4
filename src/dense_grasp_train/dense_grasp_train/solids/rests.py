"""How a mesh lies still on a table, and where a hand would pinch it then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SELDOM = 0.02  # share of the throws: an object hardly ever comes to lie in a rest of less
_SAME_REST = np.cos(np.radians(15.0))  # between the directions that look up: the sides of a can that came as facets
_RESTS = 5
_POINTS = 4000
_THINNEST, _WIDEST = 0.003, 0.065  # m between the fingers of a hand that opens by 80 mm
_OPPOSED = np.cos(np.radians(20.0))  # of the two sides of a pinch: within the friction of the pads
_LEVEL = np.sin(np.radians(30.0))  # of a closing axis
_CLEAR = 0.015  # m of a contact over the table: half a finger's width and some
_INSIDE = 1e-5  # m


class PinchError(DenseGraspError):
    """An object that a hand cannot pinch in any way in which it lies still."""


@dataclass(frozen=True)
class Rest:
    """rotation (3, 3) table_from_mesh, with z up; height (m) of the mesh's origin over the table; share of the throws
    that end like that.
    """

    rotation: Floats
    height: float
    share: float


@dataclass(frozen=True)
class Pinch:
    """contact (3,) m, mesh frame, on the surface; width (m) across it; and the rests in which a hand gets there."""

    contact: Floats
    width: float
    rests: tuple[Rest, ...]


def rests_of(mesh: Any, centre: Floats) -> list[Rest]:
    """The rests of a trimesh.Trimesh, the most frequent first; those of one can's side are one. centre: of mass."""
    transforms, shares = mesh.convex_hull.compute_stable_poses(center_mass=centre, threshold=1e-4, seed=0)
    found: list[Rest] = []
    for transform, share in sorted(zip(transforms, shares, strict=True), key=lambda pair: -pair[1]):
        up = transform[2, :3]
        same = next((index for index, rest in enumerate(found) if rest.rotation[2] @ up > _SAME_REST), None)
        if same is None:
            found.append(Rest(np.array(transform[:3, :3]), float(transform[2, 3]), float(share)))
        else:
            kept = found[same]
            found[same] = Rest(kept.rotation, kept.height, kept.share + float(share))
    return sorted((rest for rest in found if rest.share >= _SELDOM), key=lambda rest: -rest.share)


def choose_pinch(mesh: Any, centre: Floats, name: str) -> Pinch:
    """Of many points of a trimesh.Trimesh the one that a hand reaches in most throws, nearest to the centre of mass.

    Both fingers touch opposite sides, level, clear of the table. Raises PinchError.
    """
    rests = rests_of(mesh, centre)
    points, opposite = _opposite_points(mesh)
    widths = np.linalg.norm(opposite - points, axis=1)
    axes = (opposite - points) / np.maximum(widths, 1e-9)[:, None]
    usable = np.zeros((len(rests), len(points)), bool)
    for number, rest in enumerate(rests):
        level = np.abs(axes @ rest.rotation[2]) < _LEVEL
        low = np.minimum(points @ rest.rotation[2], opposite @ rest.rotation[2]) + rest.height
        usable[number] = level & (low > _CLEAR)
    share = np.array([rest.share for rest in rests]) @ usable if rests else np.zeros(len(points))
    if not len(points) or not share.max() > 0:
        raise PinchError(
            f"{name}: no place where fingers {1000 * _THINNEST:.0f} to {1000 * _WIDEST:.0f} mm apart touch opposite "
            f"sides, level and {1000 * _CLEAR:.0f} mm over the table (size {1000 * mesh.extents.round(3)} mm, "
            f"{len(rests)} ways to lie): is its unit right?"
        )
    off = np.linalg.norm(0.5 * (points + opposite) - centre, axis=1)
    best = int(np.lexsort((off, -np.round(share, 1)))[0])
    reached = [rest for number, rest in enumerate(rests) if usable[number, best]]
    return Pinch(points[best], float(widths[best]), tuple(reached[:_RESTS]))


def _opposite_points(mesh: Any) -> tuple[Floats, Floats]:
    """Points of the surface, and where a line goes out again that goes in there across it; (N, 3) each."""
    import trimesh

    points, faces = trimesh.sample.sample_surface_even(mesh, _POINTS, seed=0)
    normals = mesh.face_normals[faces]
    hits, rays, hit_faces = mesh.ray.intersects_location(points - _INSIDE * normals, -normals, multiple_hits=False)
    width = np.linalg.norm(hits - points[rays], axis=1)
    opposed = -(normals[rays] * mesh.face_normals[hit_faces]).sum(axis=1) > _OPPOSED
    kept = opposed & (width > _THINNEST) & (width < _WIDEST)
    return points[rays[kept]], hits[kept]
