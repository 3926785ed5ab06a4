"""Bodies for the things on the table that are no caps. They are fixed: nothing is to be done with them."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from dense_grasp_sim.world.hat_stand import FOOT_HEIGHT, FOOT_RADIUS, HEAD_HEIGHT, POLE_RADIUS
from dense_grasp_sim.world.robot_mjcf import FRICTION, GROUP_SCENE, OBJECT, ROBOT, SOLIMP, SOLREF, WORLD
from dense_grasp_sim.world.surroundings import RGB, Thing, lathe, vessel_profile

_Geom = mujoco.mjtGeom
HANDLE_RADIUS = 0.005  # m
RIDGE = np.radians(25.0)  # of a bin's floor, on both sides


def names_of(things: Sequence[Thing]) -> tuple[str, ...]:
    """Names of their bodies."""
    return tuple(f"{thing.kind}_{number}" for number, thing in enumerate(things))


def add_things(spec: mujoco.MjSpec, things: Sequence[Thing]) -> None:
    """Put them on the table (z = 0)."""
    for name, thing in zip(names_of(things), things):
        turn = (float(np.cos(0.5 * thing.yaw)), 0.0, 0.0, float(np.sin(0.5 * thing.yaw)))
        body = spec.worldbody.add_body(name=name, pos=(thing.x, thing.y, 0.0), quat=turn)
        if thing.kind in ("mug", "bowl", "plate"):
            _add_vessel(spec, body, name, thing)
        elif thing.kind == "stand":
            _add_stand(body, thing)
        elif thing.kind == "bin":
            _add_bin(body, thing)
        elif thing.kind == "ball":
            _add(body, _Geom.mjGEOM_SPHERE, (thing.radius, 0, 0), (0, 0, thing.radius), thing.colour)
        else:
            _add_block(body, thing)


def _add_block(body: mujoco.MjsBody, thing: Thing) -> None:
    """A carton, book, can or post, with a label or lid of another colour."""
    half = 0.5 * thing.height
    if thing.kind in ("can", "post"):
        _add(body, _Geom.mjGEOM_CYLINDER, (thing.radius, half, 0), (0, 0, half), thing.colour)
        lid = (0.85 * thing.radius, 0.001, 0)
        _add(body, _Geom.mjGEOM_CYLINDER, lid, (0, 0, thing.height + 0.001), thing.second_colour)
        return
    # The circle around the thing goes through the corners of its base.
    long, short = 0.8 * thing.radius, 0.6 * thing.radius
    _add(body, _Geom.mjGEOM_BOX, (long, short, half), (0, 0, half), thing.colour)
    label = (0.6 * long, 0.5 * short, 0.0005)
    _add(body, _Geom.mjGEOM_BOX, label, (0.1 * long, 0, thing.height + 0.0005), thing.second_colour)


def _add_stand(body: mujoco.MjsBody, thing: Thing) -> None:
    """Foot, pole and a flat head; the contacts are those of the table, as a cap lies on it."""
    parts = (
        (FOOT_RADIUS, 0.0, FOOT_HEIGHT, thing.second_colour),
        (POLE_RADIUS, FOOT_HEIGHT, thing.height - HEAD_HEIGHT, thing.colour),
        (thing.radius, thing.height - HEAD_HEIGHT, thing.height, thing.second_colour),
    )
    for radius, low, high, colour in parts:
        middle = (0.0, 0.0, 0.5 * (low + high))
        geom = _add(body, _Geom.mjGEOM_CYLINDER, (radius, 0.5 * (high - low), 0), middle, colour)
        geom.condim, geom.friction = 4, FRICTION
        geom.solref[:2], geom.solimp[:3] = SOLREF, SOLIMP


def _add_bin(body: mujoco.MjsBody, thing: Thing) -> None:
    """Four walls and a floor with a ridge, open above; the circle around the thing goes through its corners.

    What is let go over a flat floor again and again stands one upon the other.
    """
    half, wall, low = thing.radius / np.sqrt(2.0), 0.004, 0.5 * thing.height
    slope = half / np.cos(RIDGE)
    for sign in (-1.0, 1.0):
        middle, turn = (0, 0.5 * sign * half, wall + 0.5 * half * np.tan(RIDGE)), -0.5 * sign * RIDGE
        quaternion = (np.cos(turn), np.sin(turn), 0.0, 0.0)
        _add(body, _Geom.mjGEOM_BOX, (half, 0.5 * slope, wall), middle, thing.colour, quat=quaternion)
        _add(body, _Geom.mjGEOM_BOX, (wall, half, low), (sign * (half - wall), 0, low), thing.second_colour)
        _add(body, _Geom.mjGEOM_BOX, (half, wall, low), (0, sign * (half - wall), low), thing.second_colour)


def _add_vessel(spec: mujoco.MjSpec, body: mujoco.MjsBody, name: str, thing: Thing) -> None:
    vertices, faces = lathe(vessel_profile(thing))
    spec.add_mesh(
        name=name, uservert=vertices.ravel(), userface=faces.ravel(), inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL
    )
    _add(body, _Geom.mjGEOM_MESH, (0, 0, 0), (0, 0, 0), thing.colour, meshname=name)
    if thing.kind == "mug":
        reach = 0.022
        for z in (0.3 * thing.height, 0.75 * thing.height):
            arm = (thing.radius - 0.002, 0.0, z, thing.radius + reach, 0.0, z)
            _add(body, _Geom.mjGEOM_CAPSULE, (HANDLE_RADIUS, 0, 0), None, thing.second_colour, fromto=arm)
        x = thing.radius + reach
        bow = (x, 0.0, 0.3 * thing.height, x, 0.0, 0.75 * thing.height)
        _add(body, _Geom.mjGEOM_CAPSULE, (HANDLE_RADIUS, 0, 0), None, thing.second_colour, fromto=bow)


def _add(
    body: mujoco.MjsBody,
    shape: int,
    size: tuple[float, float, float],
    position: tuple[float, float, float] | None,
    colour: RGB,
    **more: object,
) -> mujoco.MjsGeom:
    if position is not None:
        more["pos"] = position
    geom = body.add_geom(type=shape, size=size, rgba=(*colour, 1.0), group=GROUP_SCENE, **more)
    geom.contype, geom.conaffinity = WORLD, OBJECT | ROBOT
    return geom
