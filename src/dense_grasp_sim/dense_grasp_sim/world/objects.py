"""The bodies of the object that can be picked up and of what it is put on: what they show and touch, their mass."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, collision_boxes
from dense_grasp_assets.solids.solid import Hull, Piece, Solid
from numpy.typing import NDArray

from dense_grasp_sim.world.robot_mjcf import (
    FRICTION,
    GROUP_HIDDEN,
    GROUP_SCENE,
    OBJECT,
    ROBOT,
    SOLIMP,
    SOLREF,
    WORLD,
)

OBJECT_BODY, SUPPORT_BODY = "object", "support"
_SHAPES = {
    "box": mujoco.mjtGeom.mjGEOM_BOX,
    "cylinder": mujoco.mjtGeom.mjGEOM_CYLINDER,
    "capsule": mujoco.mjtGeom.mjGEOM_CAPSULE,
}


def add_texture(spec: mujoco.MjSpec, name: str, image: NDArray[np.uint8]) -> None:
    """A picture (H, W, 3) RGB under a name."""
    texture = spec.add_texture(
        name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, height=image.shape[0], width=image.shape[1], nchannel=3
    )
    texture.data = np.ascontiguousarray(image).tobytes()


def add_material(spec: mujoco.MjSpec, name: str, texture: str, repeat: tuple[float, float], specular: float) -> None:
    """A material that shows the texture."""
    material = spec.add_material(name=name, texrepeat=repeat, specular=specular, shininess=0.2)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture


def add_object(spec: mujoco.MjSpec, thing: CapMesh | Solid) -> None:
    """Add what can be picked up, clear of everything until it is placed."""
    _add(spec, OBJECT_BODY, (0.5, 0.0, 3.0), thing, OBJECT, WORLD | ROBOT)


def add_support(spec: mujoco.MjSpec, thing: Solid) -> None:
    """Add what the object is put on; it is as free to move. Clear of everything until it is placed."""
    _add(spec, SUPPORT_BODY, (0.5, 0.5, 3.0), thing, OBJECT | WORLD, WORLD | ROBOT | OBJECT)


def add_beside(spec: mujoco.MjSpec, name: str, thing: Solid) -> None:
    """Add one more that lies beside the object and can be picked up, too. Clear of everything until it is placed."""
    _add(spec, name, (0.5, -0.5, 3.0), thing, OBJECT | WORLD, WORLD | ROBOT | OBJECT)


def _add(
    spec: mujoco.MjSpec, name: str, at: tuple[float, float, float], thing: CapMesh | Solid, own: int, meets: int
) -> None:
    """own, meets: contact classes. Its density is the same in all of its pieces."""
    body = spec.worldbody.add_body(name=name, pos=at)
    body.add_freejoint(name=name)
    _add_visual(spec, body, name, thing)
    pieces, mass = _pieces(thing)
    volume = sum(piece.volume for piece in pieces)
    for number, piece in enumerate(pieces):
        geom = body.add_geom(
            **_shape(spec, f"{name}_{number}", piece),
            mass=mass * piece.volume / volume,
            group=GROUP_HIDDEN,
            contype=own,
            conaffinity=meets,
            friction=FRICTION,
        )
        geom.solref[:2], geom.solimp[:3] = SOLREF, SOLIMP


def _shape(spec: mujoco.MjSpec, name: str, piece: Piece | Hull) -> dict[str, Any]:
    """What a geom of the piece is given; what may roll (a cylinder, any hull) has friction against it: condim 6."""
    if isinstance(piece, Hull):
        corners = np.asarray(piece.corners, float)
        spec.add_mesh(name=name, uservert=corners.ravel(), inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX)
        return {"type": mujoco.mjtGeom.mjGEOM_MESH, "meshname": name, "condim": 6}
    return {
        "type": _SHAPES[piece.shape],
        "size": (*piece.size, 0.0, 0.0)[:3],
        "pos": piece.centre,
        "quat": piece.quaternion,
        "condim": 6 if piece.shape == "cylinder" else 4,
    }


def _pieces(thing: CapMesh | Solid) -> tuple[tuple[Piece | Hull, ...], float]:
    """What it touches, and its mass, kg."""
    if isinstance(thing, Solid):
        return thing.pieces, thing.mass
    boxes = collision_boxes(thing.params)
    return tuple(Piece("box", tuple(half), centre, turn) for centre, half, turn in boxes), thing.params.mass


def _add_visual(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, thing: CapMesh | Solid) -> None:
    # MuJoCo counts texture rows from the top when coordinates are given as an array (it turns OBJ files' itself).
    texture_coordinates = np.stack([thing.uv[:, 0], 1.0 - thing.uv[:, 1]], axis=1).astype(float)
    spec.add_mesh(
        name=name,
        uservert=np.asarray(thing.vertices, dtype=float).ravel(),
        usernormal=np.asarray(thing.normals, dtype=float).ravel(),
        usertexcoord=texture_coordinates.ravel(),
        userface=np.asarray(thing.faces, dtype=int).ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    add_texture(spec, name, thing.texture)
    add_material(spec, name, name, (1.0, 1.0), 0.05)
    body.add_geom(
        name=f"{name}_visual",
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=name,
        material=name,
        contype=0,
        conaffinity=0,
        mass=0.0,
        group=GROUP_SCENE,
    )
