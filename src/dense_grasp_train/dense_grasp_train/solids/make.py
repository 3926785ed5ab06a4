"""A solid for the simulated cell of a mesh: colours as its file says, convex pieces, rests, where to pinch it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_assets.solids.files import solid_name
from dense_grasp_assets.solids.solid import Hull, Solid
from numpy.typing import NDArray

from dense_grasp_train.render.mesh_source import load_mesh
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.texture_atlas import bake
from dense_grasp_train.solids.rests import choose_pinch
from dense_grasp_train.solids.symmetries import symmetries

Floats = NDArray[np.float64]
_CONCAVITY = 0.1  # of CoACD: how far, as a share of the size, the hulls may be from the surface
_PIECES = 16
#: Of CoACD's search: 3 s for a mug instead of 10, with hulls that are as near.
_EFFORT = {"mcts_iterations": 60, "mcts_nodes": 10, "resolution": 1000}
_DENSITY = 300.0  # kg/m^3: a packed thing, partly air
_LIGHTEST, _HEAVIEST = 0.03, 0.3  # kg
_HELD = 0.5  # of the width across the contact: fingers that are closer have nothing of it between them


def solid_of(path: Path, scale: float = 1.0, untextured: bool = False) -> Solid:
    """The solid of a mesh file; its origin is the middle of its box in the rest that it comes to lie in most often.

    scale: metres of the file's unit. Raises MeshError, PinchError, AtlasError, which name the file.
    """
    import trimesh

    body = _outwards(load_mesh(path, scale, untextured).body)
    surface = trimesh.Trimesh(body.vertices, body.faces, process=True)
    hulls = convex_pieces(surface)
    volume = sum(float(hull.volume) for hull in hulls)
    centre = sum(hull.volume * hull.center_mass for hull in hulls) / volume
    pinch = choose_pinch(surface, centre, str(path))
    first = pinch.rests[0].rotation
    turned = body.vertices @ first.T
    middle = 0.5 * (turned.min(axis=0) + turned.max(axis=0))

    def moved(points: Floats) -> Floats:
        return np.asarray(points @ first.T - middle)

    uv, picture = bake(replace(body, vertices=moved(body.vertices)))
    corners = body.faces.ravel()
    mass = float(np.clip(_DENSITY * volume, _LIGHTEST, _HEAVIEST))
    solid = Solid(
        solid_name(path.stem),
        0,
        vertices=moved(body.vertices)[corners],
        faces=np.arange(len(corners)).reshape(-1, 3),
        normals=(body.normals @ first.T)[corners],
        uv=uv.reshape(-1, 2).astype(np.float32),
        texture=picture,
        pieces=tuple(Hull(moved(hull.vertices), float(hull.volume)) for hull in hulls),
        rests=tuple(rest.rotation @ first.T for rest in pinch.rests),
        contact=moved(pinch.contact),
        thinnest=_HELD * pinch.width,
        mass=mass,
    )
    # The file's own axes, which makers of meshes lay along what they model.
    return replace(solid, same=symmetries(solid, first.T))


def convex_pieces(surface: Any) -> list[Any]:
    """Convex meshes that together are nearly a trimesh.Trimesh (CoACD, Wei et al. 2022), in its frame, m."""
    import coacd
    import trimesh

    coacd.set_log_level("error")
    mesh = coacd.Mesh(surface.vertices, surface.faces)
    parts = coacd.run_coacd(mesh, threshold=_CONCAVITY, max_convex_hull=_PIECES, seed=0, **_EFFORT)
    return [trimesh.convex.convex_hull(np.asarray(vertices)) for vertices, _ in parts]


def _outwards(body: RenderMesh) -> RenderMesh:
    """With faces that are anticlockwise seen from outside, and normals of length 1 that look out."""
    a, b, c = np.moveaxis(body.vertices[body.faces], 1, 0)
    faces = body.faces if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else body.faces[:, ::-1]
    face_normals = np.cross(*np.moveaxis(np.diff(body.vertices[faces], axis=1), 1, 0))
    normals = body.normals / np.maximum(np.linalg.norm(body.normals, axis=1, keepdims=True), 1e-12)
    along = np.zeros(len(normals))
    np.add.at(along, faces.ravel(), np.repeat((face_normals * normals[faces].mean(axis=1)).sum(axis=1), 3))
    return replace(body, faces=faces, normals=np.where(along[:, None] < 0, -normals, normals))
