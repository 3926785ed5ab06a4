"""Random scenes with one cap as the wrist camera meets them, and their rendered views.

World frame: z up, the table is the plane z = 0. Everything follows from (seed, scene index, view index).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, make_cap
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_train.render.primitives import make_clutter
from dense_grasp_train.render.raycast import Floats, Hits, RayCaster, RenderMesh, surface_coordinates
from dense_grasp_train.render.shading import Exposure, Lighting, TablePlane, expose, shade
from dense_grasp_train.render.textures import SURFACES, make_backdrop, make_surface

MESH_RESOLUTION = 0.65
POSES = ("crown_down", "crown_up", "tilted")
POSE_SHARES = (0.6, 0.15, 0.25)
TILT_DEG = 50.0
_STEEP_DEG = 15.0


@dataclass(frozen=True)
class RenderScene:
    """One arrangement: which cap (None for another object), how it lies, light and surroundings.

    tilt_deg: how far from straight down cameras look at it, at most.
    """

    cap_seed: int | None
    pose: str
    world_from_object: Floats
    meshes: tuple[RenderMesh, ...]
    lighting: Lighting
    table: TablePlane | None
    tilt_deg: float = TILT_DEG


@dataclass(frozen=True)
class RenderedView:
    """One picture with its ground truth.

    rgb (H, W, 3) uint8; depth (H, W) metres along the optical axis, 0 where unknown; mask_visible and mask_whole (H, W)
    bool, the object as seen and as it were without occluders; part (H, W) int8, -1 off the cap, and part_uv (H, W, 2),
    both None for objects without surface coordinates; camera_from_object (4, 4).
    """

    rgb: NDArray[np.uint8]
    depth: Floats
    mask_visible: NDArray[np.bool_]
    mask_whole: NDArray[np.bool_]
    part: NDArray[np.int8] | None
    part_uv: Floats | None
    camera: CameraModel
    camera_from_object: Floats


def wrist_camera(width: int = 640, height: int = 480) -> CameraModel:
    """Intrinsics like a D435's colour stream, scaled to the picture's width."""
    focal = 615.0 * width / 640.0
    return CameraModel(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)


@lru_cache(maxsize=4)
def _cap(seed: int) -> CapMesh:
    return make_cap(seed, MESH_RESOLUTION)


def rotation_about(axis: Floats, angle: float) -> Floats:
    """Rotation matrix (3, 3) about `axis` by `angle` (Rodrigues)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _cap_orientation(pose: str, rng: np.random.Generator) -> Floats:
    yaw = rotation_about(np.array([0.0, 0.0, 1.0]), rng.uniform(-np.pi, np.pi))
    lean_axis = np.append(rng.standard_normal(2), 0.0)
    if pose == "tilted":
        vector = rng.standard_normal(4)
        w, x, y, z = vector / np.linalg.norm(vector)
        angle = 2 * np.arctan2(np.linalg.norm([x, y, z]), w)
        return yaw @ rotation_about(np.array([x, y, z]) + 1e-12, angle)
    lean = rotation_about(
        lean_axis, float(np.clip(rng.normal(0, np.radians(13 if pose == "crown_down" else 6)), -0.6, 0.6))
    )
    return yaw @ lean @ (np.diag([1.0, -1.0, -1.0]) if pose == "crown_down" else np.eye(3))


def compose_scene(
    seed: int,
    index: int,
    cap_seeds: tuple[int, ...],
    photos: str | None = None,
    pose_shares: tuple[float, float, float] = POSE_SHARES,
    tilt_deg: float = TILT_DEG,
) -> RenderScene:
    """Draw scene `index`; caps take turns in the order of `cap_seeds`. pose_shares: of POSES, 1 together."""
    rng = np.random.default_rng([0x5CE, seed, index])
    cap = _cap(cap_seeds[index % len(cap_seeds)])
    pose = str(rng.choice(POSES, p=pose_shares))
    body = RenderMesh(cap.vertices, cap.faces, cap.normals, cap.uv, cap.texture, cap.part_id, cap.part_uv)
    scene = _arrange(body, cap.params.seed, pose, _cap_orientation(pose, rng), rng, photos)
    return replace(scene, tilt_deg=tilt_deg)


def compose_mesh_scene(seed: int, index: int, body: RenderMesh, photos: str | None = None) -> RenderScene:
    """Draw scene `index` with another object, given in its own frame; it lies in any orientation."""
    rng = np.random.default_rng([0x3E5, seed, index])
    return _arrange(body, None, "tilted", _cap_orientation("tilted", rng), rng, photos)


def _arrange(
    body: RenderMesh, cap_seed: int | None, pose: str, rotation: Floats, rng: np.random.Generator, photos: str | None
) -> RenderScene:
    vertices = body.vertices @ rotation.T
    on_table = bool(rng.uniform() < 0.85)
    middle = 0.5 * (vertices.min(axis=0) + vertices.max(axis=0))
    lift = 0.0 if rng.uniform() < 0.8 else rng.uniform(0.0, 0.15)
    translation = np.array([-middle[0], -middle[1], lift - vertices[:, 2].min()])
    world_from_object = np.eye(4)
    world_from_object[:3, :3], world_from_object[:3, 3] = rotation, translation
    meshes = [replace(body, vertices=vertices + translation, normals=body.normals @ rotation.T)]
    table = None
    if on_table:
        kind = str(rng.choice(SURFACES, p=[0.2, 0.12, 0.12, 0.1, 0.16, 0.14, 0.16]))
        table = TablePlane(
            make_surface(kind, rng, 512, photos), float(rng.uniform(0.25, 1.2)), rng.uniform(0, 2 * np.pi)
        )
        meshes += make_clutter(
            rng, count=int(rng.choice([0, 1, 2, 3, 4], p=[0.35, 0.2, 0.2, 0.15, 0.1])), photos=photos
        )
    elevation, azimuth = np.radians(rng.uniform(25, 85)), rng.uniform(0, 2 * np.pi)
    sun, sky = rng.uniform(0.1, 0.75), rng.uniform(0.3, 0.7)
    warmth = rng.uniform(-0.12, 0.12)
    lighting = Lighting(
        direction=(
            float(np.cos(elevation) * np.cos(azimuth)),
            float(np.cos(elevation) * np.sin(azimuth)),
            float(np.sin(elevation)),
        ),
        colour=(sun * (1 + warmth), sun, sun * (1 - warmth)),
        ambient=(sky * (1 - warmth / 2), sky, sky * (1 + warmth / 2)),
        softness=float(rng.uniform(0.01, 0.2)),
        gloss=float(rng.choice([0.0, rng.uniform(0.0, 0.12)])),
        occlusion=float(rng.uniform(0.0, 1.0)),
    )
    return RenderScene(cap_seed, pose, world_from_object, tuple(meshes), lighting, table)


def draw_camera_pose(scene: RenderScene, view: int, rng: np.random.Generator) -> Floats:
    """Draw world_from_camera (4, 4), 0.45 to 0.8 m away: even views within 15° of straight down, odd ones from there to
    the scene's tilt.
    """
    vertices = scene.meshes[0].vertices
    target = 0.5 * (vertices.min(axis=0) + vertices.max(axis=0)) + rng.uniform(-0.05, 0.05, 3) * [1, 1, 0.4]
    tilt = np.radians(rng.uniform(0, _STEEP_DEG) if view % 2 == 0 else rng.uniform(_STEEP_DEG, scene.tilt_deg))
    azimuth, distance = rng.uniform(0, 2 * np.pi), rng.uniform(0.45, 0.8)
    outward = np.array([np.sin(tilt) * np.cos(azimuth), np.sin(tilt) * np.sin(azimuth), np.cos(tilt)])
    forward = -outward
    seed_axis = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
    right = np.cross(forward, seed_axis)
    right /= np.linalg.norm(right)
    frame = np.stack([right, np.cross(forward, right), forward], axis=1)
    roll = rotation_about(np.array([0.0, 0.0, 1.0]), rng.uniform(-np.pi, np.pi))
    pose = np.eye(4)
    pose[:3, :3] = frame @ roll
    pose[:3, 3] = target + distance * outward
    return pose


def _share_in_view(scene: RenderScene, camera: CameraModel, world_from_camera: Floats) -> float:
    points = (scene.meshes[0].vertices[::17] - world_from_camera[:3, 3]) @ world_from_camera[:3, :3]
    pixels = camera.project(points)
    inside = (pixels >= 0).all(axis=1) & (pixels[:, 0] < camera.width) & (pixels[:, 1] < camera.height)
    return float(inside.mean())


def aimed_camera(
    scene: RenderScene, camera: CameraModel, seed: int, index: int, view: int
) -> tuple[Floats, np.random.Generator]:
    """world_from_camera (4, 4) of view number `view` of scene number `index`, random but such that it sees most of the
    object, and the generator from which the rest of the view is drawn."""
    rng = np.random.default_rng([0x51E, seed, index, view])
    wanted = rng.uniform(0.6, 1.0)
    for _ in range(50):
        world_from_camera = draw_camera_pose(scene, view, rng)
        if _share_in_view(scene, camera, world_from_camera) >= wanted:
            break
    return world_from_camera, rng


def render_view(
    scene: RenderScene, camera: CameraModel, seed: int, index: int, view: int, photos: str | None = None
) -> RenderedView:
    """Ray-cast view number `view` of scene number `index`."""
    world_from_camera, rng = aimed_camera(scene, camera, seed, index, view)
    return render_from(scene, camera, world_from_camera, rng, photos)


def draw_exposure(rng: np.random.Generator, gamma: tuple[float, float] = (0.6, 1.05)) -> Exposure:
    """Draw how the sensor sees the light; gamma: its range."""
    return Exposure(
        gain=float(rng.uniform(0.75, 1.35)),
        gamma=float(rng.uniform(*gamma)),
        white_balance=tuple(float(x) for x in rng.uniform(0.92, 1.08, 3)),  # type: ignore[arg-type]
        blur_px=float(rng.uniform(0.3, 0.9)),
        noise=float(rng.uniform(0.0, 0.02)),
        vignette=float(rng.uniform(0, 0.25)),
    )


def render_from(
    scene: RenderScene,
    camera: CameraModel,
    world_from_camera: Floats,
    rng: np.random.Generator,
    photos: str | None = None,
) -> RenderedView:
    """Ray-cast a scene from a given camera pose; `rng` draws noise, exposure and backdrop."""
    caster = RayCaster(list(scene.meshes))
    hits = caster.cast(camera, world_from_camera)
    backdrop = make_backdrop(rng, camera.width, camera.height, photos)
    light, depth = shade(camera, world_from_camera, caster, hits, scene.lighting, scene.table, backdrop, rng)
    rgb = expose(light, draw_exposure(rng), rng)
    return labelled(scene, camera, world_from_camera, hits, depth, rgb)


def labelled(
    scene: RenderScene,
    camera: CameraModel,
    world_from_camera: Floats,
    hits: Hits,
    depth: Floats,
    rgb: NDArray[np.uint8],
) -> RenderedView:
    """The view of a picture (H, W, 3), whoever rendered it, with what the ray caster knows of the same pose."""
    part: NDArray[np.int8] | None = None
    part_uv: Floats | None = None
    if scene.meshes[0].part_id is not None:
        part, part_uv = surface_coordinates(hits, list(scene.meshes), 0)
    visible = hits.mesh == 0
    whole = visible
    if len(scene.meshes) > 1:
        whole = RayCaster([scene.meshes[0]]).cast(camera, world_from_camera).mesh == 0
    camera_from_object = np.linalg.inv(world_from_camera) @ scene.world_from_object
    return RenderedView(rgb, depth, visible, whole, part, part_uv, camera, camera_from_object)
