"""Ray caster on the CPU: which triangle every pixel sees, and with it exact depth and surface coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_train.render.surface_colour import Picture, interpolate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class RenderError(DenseGraspError):
    """A scene cannot be rendered."""


@dataclass(frozen=True)
class RenderMesh:
    """A textured mesh placed in the world.

    vertices (V, 3) m and normals (V, 3) in the world frame, faces (F, 3), uv (V, 2) with the origin at the bottom left,
    texture (h, w, 3) uint8 RGB top row first, clamped beyond 0..1. part_id (V,) and part_uv (V, 2) name the place on
    the object; a mesh without them (a distractor, a user's mesh) has part_id None.

    A user's mesh has its colour from elsewhere: pictures, of which picture_of_face (F,) says whose is whose, the first
    is everybody's without it; colours (V, 3) float32 sRGB 0..255, which multiply them; tint (V, 3) float32 factors that
    multiply the linear light of both. With colours or pictures the texture is not used.
    """

    vertices: Floats
    faces: Ints
    normals: Floats
    uv: NDArray[np.floating]
    texture: NDArray[np.uint8]
    part_id: Ints | None = None
    part_uv: Floats | None = None
    colours: NDArray[np.float32] | None = None
    pictures: tuple[Picture, ...] = ()
    picture_of_face: Ints | None = None
    tint: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Hits:
    """What the pixels see. H × W arrays; values where `mesh` is -1 are undefined except depth, which is 0.

    depth: metres along the optical axis; mesh: index of the mesh or -1; face: index within that mesh;
    weights (H, W, 3): barycentric weights of the face's corners; points (H, W, 3): world frame.
    """

    depth: Floats
    mesh: Ints
    face: Ints
    weights: Floats
    points: Floats


def camera_rays(camera: CameraModel, world_from_camera: Floats) -> tuple[Floats, Floats]:
    """Return the origin (3,) and directions (H, W, 3), world frame; directions have unit depth, not unit length."""
    columns, rows = np.meshgrid(np.arange(camera.width, dtype=float), np.arange(camera.height, dtype=float))
    rays = camera.rays(np.stack([columns.ravel(), rows.ravel()], axis=1))
    directions = rays @ world_from_camera[:3, :3].T
    return world_from_camera[:3, 3], directions.reshape(camera.height, camera.width, 3)


class RayCaster:
    """Intersects rays with a fixed set of meshes."""

    def __init__(self, meshes: list[RenderMesh]) -> None:
        """Build the search structure. Raises RenderError when embreex is missing or there is nothing to see."""
        try:
            from embreex.mesh_construction import TriangleMesh
            from embreex.rtcore_scene import EmbreeScene
        except ImportError as error:
            raise RenderError(f"the ray caster needs the package embreex, which does not import: {error}") from error
        if not meshes or not sum(len(mesh.faces) for mesh in meshes):
            raise RenderError("the scene has no triangles, expected at least one")
        self.meshes = meshes
        self._corners = np.concatenate([mesh.vertices[mesh.faces] for mesh in meshes])
        if not np.isfinite(self._corners).all():
            raise RenderError("a mesh has vertices that are not finite, expected metres")
        self._first_face = np.cumsum([0] + [len(mesh.faces) for mesh in meshes])
        self._scene = EmbreeScene()
        self._geometry = TriangleMesh(self._scene, self._corners.astype(np.float32))

    def first_triangles(self, origins: Floats, directions: Floats) -> Ints:
        """Return the index of the first triangle on each ray (N,), over all meshes, or -1."""
        hit = self._scene.run(np.ascontiguousarray(origins, np.float32), np.ascontiguousarray(directions, np.float32))
        return np.asarray(hit, dtype=np.int64)

    def occluded(self, points: Floats, directions: Floats) -> NDArray[np.bool_]:
        """Tell for points (N, 3) whether anything lies along directions (N, 3)."""
        hit = self._scene.run(
            np.ascontiguousarray(points, np.float32),
            np.ascontiguousarray(directions, np.float32),
            query="OCCLUDED",
        )
        return np.asarray(hit) != -1

    def cast(self, camera: CameraModel, world_from_camera: Floats) -> Hits:
        """Cast one ray through the centre of every pixel."""
        origin, directions = camera_rays(camera, world_from_camera)
        flat = directions.reshape(-1, 3)
        triangle = self.first_triangles(np.broadcast_to(origin, flat.shape), flat)
        hit = np.flatnonzero(triangle >= 0)
        # Embree works in float32: the plane of the triangle it found gives depth and weights in float64.
        a, b, c = (self._corners[triangle[hit], k] for k in range(3))
        edge_b, edge_c, ray = b - a, c - a, flat[hit]
        normal = np.cross(edge_b, edge_c)
        slope = np.einsum("ij,ij->i", ray, normal)
        slope = np.where(np.abs(slope) < 1e-18, 1e-18, slope)
        distance = np.einsum("ij,ij->i", a - origin, normal) / slope
        points = origin + distance[:, None] * ray
        area = np.einsum("ij,ij->i", normal, normal)
        weight_b = np.einsum("ij,ij->i", np.cross(points - a, edge_c), normal) / area
        weight_c = np.einsum("ij,ij->i", np.cross(edge_b, points - a), normal) / area
        weights = np.clip(np.stack([1.0 - weight_b - weight_c, weight_b, weight_c], axis=1), 0.0, 1.0)
        shape = (camera.height, camera.width)
        out = Hits(
            np.zeros(shape),
            np.full(shape, -1),
            np.zeros(shape, np.int64),
            np.zeros((*shape, 3)),
            np.zeros((*shape, 3)),
        )
        mesh = np.searchsorted(self._first_face, triangle[hit], side="right") - 1
        out.depth.ravel()[hit] = distance
        out.mesh.ravel()[hit] = mesh
        out.face.ravel()[hit] = triangle[hit] - self._first_face[mesh]
        out.weights.reshape(-1, 3)[hit] = weights / weights.sum(axis=1, keepdims=True)
        out.points.reshape(-1, 3)[hit] = points
        return out


def surface_coordinates(hits: Hits, meshes: list[RenderMesh], target: int) -> tuple[NDArray[np.int8], Floats]:
    """Return the part (H, W), -1 off the target, and (u, v) (H, W, 2) of every pixel of mesh `target`."""
    mesh = meshes[target]
    if mesh.part_id is None or mesh.part_uv is None:
        raise RenderError(f"mesh {target} carries no part coordinates, expected the object of interest")
    part = np.full(hits.mesh.shape, -1, np.int8)
    coordinates = np.zeros((*hits.mesh.shape, 2))
    seen = hits.mesh == target
    face = hits.face[seen]
    part[seen] = mesh.part_id[mesh.faces[face, 0]]
    coordinates[seen] = interpolate(mesh.part_uv, mesh.faces, face, hits.weights[seen])
    return part, coordinates
