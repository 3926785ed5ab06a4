"""Simulated pictures of an object given by its mesh, with a D435's depth: its scan, and pictures of one or several."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_sim.devices.d435 import DepthSensor, imitate
from dense_grasp_train.render.primitives import make_primitive
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.scene import (
    RenderedView,
    RenderScene,
    aimed_camera,
    compose_mesh_scene,
    render_from,
    rotation_about,
    wrist_camera,
)
from dense_grasp_train.render.shading import Lighting
from dense_grasp_train.render.textures import make_surface
from numpy.typing import NDArray

Array = NDArray[np.float64]
_SCAN_LIGHT = Lighting((0.4, 0.2, 0.9), (0.5, 0.5, 0.48), (0.5, 0.5, 0.52), 0.1, 0.0)
_OCCLUDED_SHARE = 0.35  # of the pictures: something is in front of the object
_ABOVE_TABLE_M = 0.002
_WALL_M = 3.0


@dataclass(frozen=True)
class LabelledPicture:
    """rgb (H, W, 3), the sensor's depth (H, W) in metres, 0 unknown; truth: exact depth (H, W), and camera_from_object
    (4, 4) of each instance. mask (H, W): where the only instance is; of several, nowhere.
    """

    rgb: NDArray[np.uint8]
    depth: NDArray[np.float64]
    camera: CameraModel
    exact: Array
    poses: tuple[Array, ...]
    mask: NDArray[np.bool_]


def scan(mesh: RenderMesh, seed: int, count: int, camera: CameraModel | None = None) -> list[ScanView]:
    """Views from all sides, 0.4 to 0.5 m away, with a D435's depth. camera: None for 640 x 480."""
    rng = np.random.default_rng([0x5CA, seed])
    camera = camera or wrist_camera()
    scene = RenderScene(None, "held", np.eye(4), (mesh,), _SCAN_LIGHT, None)
    views = []
    for index in range(count):
        height = 1.0 - 2.0 * (index + 0.5) / count
        azimuth = index * np.pi * (3.0 - np.sqrt(5.0))
        away = np.array([np.sqrt(1 - height**2) * np.cos(azimuth), np.sqrt(1 - height**2) * np.sin(azimuth), height])
        world_from_camera = _aimed_at_origin(away, rng.uniform(0.4, 0.5), rng.uniform(-0.5, 0.5))
        view = render_from(scene, camera, world_from_camera, rng)
        depth = _sensor_depth(view, rng)
        views.append(ScanView(f"{index:02d}", view.rgb, depth, view.mask_visible, camera, view.camera_from_object))
    return views


def picture(
    mesh: RenderMesh, seed: int, index: int, camera: CameraModel | None = None, turned: float = 0.0
) -> LabelledPicture:
    """The object in any turn on a table with other things, sometimes partly hidden, other light than the scan's.

    camera: None for 640 x 480. turned: of the camera about its optical axis, rad, beyond how it is drawn.
    """
    camera = camera or wrist_camera()
    scene = compose_mesh_scene(seed, index, mesh)
    world_from_camera, rng = aimed_camera(scene, camera, seed, index, 1)
    world_from_camera[:3, :3] @= rotation_about(np.array([0.0, 0.0, 1.0]), turned)
    if rng.uniform() < _OCCLUDED_SHARE:
        scene = replace(scene, meshes=(*scene.meshes, _occluder(scene, world_from_camera, rng)))
    view = render_from(scene, camera, world_from_camera, rng)
    return _labelled(view, (view.camera_from_object,), view.mask_visible, rng)


def crowd(mesh: RenderMesh, others: list[RenderMesh], seed: int, index: int) -> LabelledPicture:
    """Three of the object and the others on a table, each in its own place and turn."""
    scene = compose_mesh_scene(seed, index, mesh)
    rng = np.random.default_rng([0xC40, seed, index])
    bodies = [mesh] * 3 + others
    places = np.array([[x, y] for x in (-0.16, 0.0, 0.16) for y in (-0.08, 0.08)])[rng.permutation(6)]
    meshes, poses = [], []
    for body, place in zip(bodies, places, strict=True):
        turn = rotation_about(rng.standard_normal(3), rng.uniform(0, np.pi))
        vertices = body.vertices @ turn.T
        shift = np.array([*(place + rng.uniform(-0.01, 0.01, 2)), _ABOVE_TABLE_M - vertices[:, 2].min()])
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn, shift
        meshes.append(replace(body, vertices=vertices + shift, normals=body.normals @ turn.T))
        poses.append(pose)
    tilt, azimuth = np.radians(rng.uniform(5, 35)), rng.uniform(0, 2 * np.pi)
    away = np.array([np.sin(tilt) * np.cos(azimuth), np.sin(tilt) * np.sin(azimuth), np.cos(tilt)])
    world_from_camera = _aimed_at_origin(away, rng.uniform(0.55, 0.7), rng.uniform(-np.pi, np.pi))
    scene = replace(scene, meshes=tuple(meshes), world_from_object=poses[0])
    view = render_from(scene, wrist_camera(), world_from_camera, rng)
    camera_from_world = np.linalg.inv(world_from_camera)
    nowhere = np.zeros(view.depth.shape, bool)
    return _labelled(view, tuple(camera_from_world @ pose for pose in poses[:3]), nowhere, rng)


def _labelled(
    view: RenderedView, poses: tuple[Array, ...], mask: NDArray[np.bool_], rng: np.random.Generator
) -> LabelledPicture:
    return LabelledPicture(view.rgb, _sensor_depth(view, rng), view.camera, view.depth, poses, mask)


def _sensor_depth(view: RenderedView, rng: np.random.Generator) -> Array:
    """What a D435 measures, metres, 0 unknown; where nothing was rendered there is a wall."""
    measured = np.where(view.depth > 0, view.depth, _WALL_M).astype(np.float32)
    return imitate(measured, rng, DepthSensor(focal=view.camera.fx)) / 1000.0


def _aimed_at_origin(away: Array, distance: float, roll: float) -> Array:
    """world_from_camera (4, 4) that looks at the origin from a direction (3,) of length 1."""
    aside = np.array([1.0, 0.0, 0.0]) if abs(away[2]) > 0.9 else np.array([0.0, 0.0, 1.0])
    right = np.cross(aside, away)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    turn = rotation_about(np.array([0.0, 0.0, 1.0]), roll)
    pose[:3, :3] = np.stack([right, np.cross(-away, right), -away], axis=1) @ turn
    pose[:3, 3] = distance * away
    return pose


def _occluder(scene: RenderScene, world_from_camera: Array, rng: np.random.Generator) -> RenderMesh:
    """A box between object and camera, beside the line of sight: it hides a part."""
    vertices = scene.meshes[0].vertices
    middle = (vertices.min(0) + vertices.max(0)) / 2.0
    towards = world_from_camera[:3, 3] - middle
    towards /= np.linalg.norm(towards)
    aside = world_from_camera[:3, :3] @ [np.cos(a := rng.uniform(0, 2 * np.pi)), np.sin(a), 0.0]
    size = np.array([0.05, 0.05, 0.05])
    points, faces, normals, uv = make_primitive("box", size)
    reach = 0.5 * float(np.linalg.norm(np.ptp(vertices, axis=0)))
    place = middle + towards * (reach + 0.05) + aside * rng.uniform(0.5, 1.0) * reach - [0.0, 0.0, 0.025]
    return RenderMesh(points + place, faces, normals, uv, make_surface("noise", rng, 128))
