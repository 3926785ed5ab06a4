"""The plane that most depth points lie on: how high the table is, and how level, in whatever frame the points are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dense_grasp_core.errors import DenseGraspError

Array = NDArray[np.float64]

#: Points a plane is fitted to at least; fewer are a patch that says nothing of the table's slope.
LEAST_POINTS = 200
#: Half the thickness of what counts as the plane, as a share of the points' median distance from the camera. A stereo
#: camera's error grows with the distance: at 0.6 m this is 9 mm, where a D435's standard deviation is 2 mm.
BAND = 0.015
#: Share of the points that lie on a plane at least, else there is no dominating one.
LEAST_SHARE = 0.3
_TRIALS = 200
_SCORED = 3000
_REFITS = 4


class PlaneError(DenseGraspError):
    """Points without a plane that most of them lie on."""


@dataclass(frozen=True)
class Plane:
    """Points p with normal . p = offset.

    normal: (3,) unit vector, to the side that was looked from. offset: m. share: of all points, those that lie on it.
    residual: m, root mean square distance of those. extent: m, root mean square distance of those from their centre.
    """

    normal: Array
    offset: float
    share: float = 1.0
    residual: float = 0.0
    extent: float = 1.0

    @property
    def tilt(self) -> float:
        """Degrees, 0 to 180, between the normal and the frame's z: 0 for a level table seen from above, 180 for one
        seen from below.
        """
        return float(np.degrees(np.arctan2(np.linalg.norm(self.normal[:2]), self.normal[2])))

    def height_at(self, x: float, y: float) -> float:
        """z m of the plane over (x, y) m; NaN for a plane that stands upright."""
        if abs(self.normal[2]) < 1e-6:
            return float("nan")
        return float((self.offset - self.normal[0] * x - self.normal[1] * y) / self.normal[2])

    def moved(self, target_from_source: ArrayLike) -> Plane:
        """The same plane in another frame, by a (4, 4) motion."""
        motion = np.asarray(target_from_source, dtype=float)
        normal = motion[:3, :3] @ self.normal
        return replace(self, normal=normal, offset=float(self.offset + normal @ motion[:3, 3]))

    def scaled(self, factor: float) -> Plane:
        """The plane of points that are `factor` times as far from the origin."""
        return Plane(self.normal, self.offset * factor, self.share, self.residual * factor, self.extent * factor)

    def distances(self, points: ArrayLike) -> Array:
        """Signed distances (N,) m of points (N, 3), positive on the side that was looked from."""
        return np.asarray(points, dtype=float) @ self.normal - self.offset


def fit_plane(points: ArrayLike, viewpoint: ArrayLike = (0.0, 0.0, 0.0), *, band: float = BAND, seed: int = 0) -> Plane:
    """The dominating plane of points (N, 3) m, seen from `viewpoint` (3,) in the same frame: the origin for points of
    an optical frame. Points that are not finite are left out. Robust (RANSAC, then least squares on what lies on the
    plane), and the same for the same points and seed.

    Raises PlaneError for fewer than LEAST_POINTS points, points on a line, and when no plane holds LEAST_SHARE of them.
    """
    cloud = np.asarray(points, dtype=float)
    if cloud.ndim != 2 or cloud.shape[1] != 3:
        raise PlaneError(f"points have shape {cloud.shape}, expected (N, 3)")
    cloud = cloud[np.isfinite(cloud).all(axis=1)]
    if len(cloud) < LEAST_POINTS:
        raise PlaneError(f"{len(cloud)} points have a depth, expected at least {LEAST_POINTS} for a plane")
    eye = np.asarray(viewpoint, dtype=float)
    thickness = band * float(np.median(np.linalg.norm(cloud - eye, axis=1)))
    normal, offset = _search(cloud, thickness, np.random.default_rng(seed))
    for _ in range(_REFITS):
        near = cloud[np.abs(cloud @ normal - offset) <= thickness]
        if len(near) < LEAST_POINTS * LEAST_SHARE:
            break
        normal, offset = _least_squares(near)
    gaps = np.abs(cloud @ normal - offset)
    near = cloud[gaps <= thickness]
    share = len(near) / len(cloud)
    if share < LEAST_SHARE:
        raise PlaneError(
            f"no plane: {100 * share:.0f} % of {len(cloud)} points lie within {1000 * thickness:.0f} mm of the "
            f"best one, expected at least {100 * LEAST_SHARE:.0f} %"
        )
    if normal @ eye < offset:
        normal, offset = -normal, -offset
    residual = float(np.sqrt(np.mean((near @ normal - offset) ** 2)))
    extent = float(np.sqrt(np.mean(np.sum((near - near.mean(axis=0)) ** 2, axis=1))))
    return Plane(normal, float(offset), share, residual, extent)


def plane_in_base(points_camera: ArrayLike, base_from_camera: ArrayLike) -> Plane:
    """The dominating plane of points (N, 3) m of an optical frame, in the base frame. Raises PlaneError."""
    return fit_plane(points_camera).moved(base_from_camera)


def table_offset(points_base: ArrayLike, viewpoint: ArrayLike, centre: ArrayLike, table_height: float) -> float:
    """Metres that the dominating plane of points (N, 3), base frame, lies above `table_height` over `centre` (x, y).

    viewpoint: (3,) m, the camera in the base frame. Raises PlaneError, also for a plane more than 45 degrees from
    level.
    """
    plane = fit_plane(points_base, viewpoint)
    if abs(plane.normal[2]) < np.cos(np.pi / 4):
        raise PlaneError(f"the plane that most points lie on is {plane.tilt:.0f} degrees from level, so no table top")
    x, y = (float(value) for value in np.asarray(centre, dtype=float)[:2])
    return plane.height_at(x, y) - table_height


def _search(cloud: Array, thickness: float, rng: np.random.Generator) -> tuple[Array, float]:
    scored = cloud if len(cloud) <= _SCORED else cloud[rng.choice(len(cloud), _SCORED, replace=False)]
    triples = cloud[rng.integers(0, len(cloud), (_TRIALS, 3))]
    normals = np.cross(triples[:, 1] - triples[:, 0], triples[:, 2] - triples[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > thickness**2
    if not usable.any():
        raise PlaneError(f"{len(cloud)} points lie on one line or on one spot, expected a surface")
    normals = normals[usable] / lengths[usable, None]
    offsets = np.einsum("ij,ij->i", normals, triples[usable, 0])
    counts = np.count_nonzero(np.abs(scored @ normals.T - offsets) <= thickness, axis=0)
    best = int(np.argmax(counts))
    return normals[best], float(offsets[best])


def _least_squares(points: Array) -> tuple[Array, float]:
    centre = points.mean(axis=0)
    normal = np.linalg.eigh((points - centre).T @ (points - centre))[1][:, 0]
    return normal, float(normal @ centre)
