"""Colours for the ray caster's hits: sun with soft shadow, sky with ambient occlusion, table, exposure."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_train.render.raycast import Floats, Hits, RayCaster, RenderMesh, camera_rays
from dense_grasp_train.render.surface_colour import colours_at, interpolate, remap

Image = NDArray[np.float32]


@dataclass(frozen=True)
class Lighting:
    """Directional light and sky of a scene.

    direction points to the light; colour and ambient are RGB factors; softness is the light's angular radius,
    occlusion how much of the sky light corners lose (0..1), gloss the strength of highlights.
    """

    direction: tuple[float, float, float]
    colour: tuple[float, float, float]
    ambient: tuple[float, float, float]
    softness: float
    gloss: float
    occlusion: float = 0.75
    occlusion_rays: int = 6


@dataclass(frozen=True)
class Exposure:
    """How the sensor turns light into bytes."""

    gain: float
    gamma: float
    white_balance: tuple[float, float, float]
    blur_px: float
    noise: float
    vignette: float


@dataclass(frozen=True)
class TablePlane:
    """The plane z = 0 with a texture (h, w, 3) uint8 that repeats every `period_m`, turned by `angle`."""

    texture: NDArray[np.uint8]
    period_m: float
    angle: float


def plane_hits(camera: CameraModel, world_from_camera: Floats, hits: Hits, far: float = 6.0) -> tuple[Floats, Floats]:
    """Depth (H, W) of the plane z = 0 where it is seen past the meshes, else 0, and its points (H, W, 3)."""
    origin, directions = camera_rays(camera, world_from_camera)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = -origin[2] / directions[..., 2]
    seen = (distance > 0) & (distance < far) & ((hits.mesh < 0) | (distance < hits.depth))
    distance = np.where(seen, distance, 0.0)
    return distance, origin + distance[..., None] * directions


def _occlusion(
    caster: RayCaster,
    points: Floats,
    normals: Floats,
    step: int,
    rays: int,
    above_table: bool,
    rng: np.random.Generator,
) -> Image:
    """Share of the sky seen (H, W), computed on every `step`-th pixel with cosine-weighted rays and smoothed."""
    if rays <= 0:
        return np.ones(points.shape[:2], np.float32)
    sub_points, sub_normals = points[::step, ::step], normals[::step, ::step]
    shape = sub_points.shape[:2]
    flat_normals = sub_normals.reshape(-1, 3)
    start = sub_points.reshape(-1, 3) + 2e-3 * flat_normals
    free = np.zeros(len(start), np.float32)
    for _ in range(rays):
        direction = rng.standard_normal((len(start), 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        direction += 1.02 * flat_normals
        blocked = caster.occluded(start, direction)
        if above_table:
            blocked |= direction[:, 2] < 0
        free += ~blocked
    small = cv2.GaussianBlur((free / rays).reshape(shape), (0, 0), 1.3)
    return np.asarray(cv2.resize(small, points.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def shade(
    camera: CameraModel,
    world_from_camera: Floats,
    caster: RayCaster,
    hits: Hits,
    lighting: Lighting,
    table: TablePlane | None,
    backdrop: NDArray[np.uint8],
    rng: np.random.Generator,
) -> tuple[Image, Floats]:
    """Return linear-ish RGB (H, W, 3) in 0..255 before exposure and the depth (H, W) with the table filled in.

    backdrop (H, W, 3) uint8 shows where neither meshes nor the table are hit.
    """
    shape = hits.mesh.shape
    albedo = backdrop.astype(np.float32)
    normals = np.zeros((*shape, 3))
    normals[..., 2] = 1.0
    points, depth = hits.points.copy(), hits.depth.copy()
    lit = np.zeros(shape, bool)
    for index, mesh in enumerate(caster.meshes):
        seen = hits.mesh == index
        if seen.any():
            albedo[seen], normals[seen] = _mesh_colours(mesh, hits, seen)
            lit |= seen
    if table is not None:
        distance, plane_points = plane_hits(camera, world_from_camera, hits)
        seen = distance > 0
        cosine, sine = np.cos(table.angle), np.sin(table.angle)
        xy = plane_points[seen][:, :2] / table.period_m
        side = table.texture.shape[0]
        x = ((xy[:, 0] * cosine - xy[:, 1] * sine) % 1.0 * side).astype(np.float32)
        y = ((xy[:, 0] * sine + xy[:, 1] * cosine) % 1.0 * side).astype(np.float32)
        albedo[seen] = remap(table.texture, x, y)
        points[seen], depth[seen] = plane_points[seen], distance[seen]
        lit |= seen
    light = np.asarray(lighting.direction) / np.linalg.norm(lighting.direction)
    sky = _occlusion(caster, points, normals, 3, lighting.occlusion_rays, table is not None, rng)
    shadow = np.zeros(shape, np.float32)
    facing = np.einsum("hwc,c->hw", normals, light)
    to_light = lit & (facing > 0)
    jitter = rng.standard_normal((int(to_light.sum()), 3)) * lighting.softness
    shadow[to_light] = caster.occluded(points[to_light] + 1.5e-3 * normals[to_light], light + jitter)
    sun = np.where(to_light, facing, 0.0).astype(np.float32) * (1.0 - cv2.GaussianBlur(shadow, (0, 0), 1.6))
    view = world_from_camera[:3, 3] - points
    view /= np.maximum(np.linalg.norm(view, axis=-1, keepdims=True), 1e-9)
    half = view + light
    half /= np.maximum(np.linalg.norm(half, axis=-1, keepdims=True), 1e-9)
    gloss = lighting.gloss * 255.0 * np.clip(np.einsum("hwc,hwc->hw", normals, half), 0, 1) ** 24 * (sun > 0)
    radiance = sun[..., None] * np.asarray(lighting.colour, np.float32)
    radiance = radiance + (1.0 - lighting.occlusion * (1.0 - sky[..., None])) * np.asarray(lighting.ambient, np.float32)
    shaded = albedo * radiance + gloss[..., None].astype(np.float32)
    return np.where(lit[..., None], shaded, albedo).astype(np.float32), depth


def _mesh_colours(mesh: RenderMesh, hits: Hits, seen: NDArray[np.bool_]) -> tuple[Image, Floats]:
    face, weights = hits.face[seen], hits.weights[seen]
    normal = interpolate(mesh.normals, mesh.faces, face, weights)
    return colours_at(mesh, face, weights), normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)


def expose(image: Image, exposure: Exposure, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn shaded light (H, W, 3) into camera bytes: gain, white balance, blur, vignette, gamma, noise."""
    height, width = image.shape[:2]
    scaled = np.clip(image * np.asarray(exposure.white_balance, np.float32) * exposure.gain / 255.0, 0.0, None)
    if exposure.blur_px > 0.05:
        scaled = cv2.GaussianBlur(scaled, (0, 0), exposure.blur_px)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    scaled = scaled * (1.0 - exposure.vignette * (x * x + y * y) / 2.0)[..., None].astype(np.float32)
    graded = np.clip(scaled, 0.0, 1.0) ** np.float32(exposure.gamma)
    graded = graded + rng.standard_normal(graded.shape, dtype=np.float32) * np.float32(exposure.noise)
    return np.clip(graded * 255.0 + 0.5, 0, 255).astype(np.uint8)
