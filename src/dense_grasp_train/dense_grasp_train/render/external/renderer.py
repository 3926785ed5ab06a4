"""Views whose colour another process renders; depth, masks and surface coordinates are the ray caster's."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from numpy.typing import NDArray

from dense_grasp_train.render.external.job import RenderedPicture, read_picture, write_job
from dense_grasp_train.render.external.process import External, render
from dense_grasp_train.render.raycast import Hits, RayCaster, RenderError
from dense_grasp_train.render.scene import RenderedView, RenderScene, aimed_camera, draw_exposure, labelled
from dense_grasp_train.render.shading import expose, plane_hits
from dense_grasp_train.render.srgb import linear_from_srgb, srgb_from_linear
from dense_grasp_train.render.textures import make_backdrop

DEPTH_AGREEMENT_M = 0.001
# The sRGB curve has done what the ray caster, which lights sRGB values as they are, leaves to its exposure.
_GAMMA = (0.85, 1.15)


def render_views(
    renderer: External,
    scene: RenderScene,
    camera: CameraModel,
    views: Sequence[int],
    seed: int,
    index: int,
    folder: Path,
    threads: int,
    photos: str | None = None,
) -> list[RenderedView]:
    """Render `views` of scene number `index` from the poses that the ray caster would take.

    folder: for the job, removed at the end. Raises RenderError when the renderer fails or its depth on the object is
    not the ray caster's, and OSError when the disk refuses.
    """
    aimed = [aimed_camera(scene, camera, seed, index, view) for view in views]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        noise = int(np.random.default_rng([0xB1E, seed, index]).integers(2**31))
        write_job(folder, scene, camera, [pose for pose, _ in aimed], renderer.samples, noise, threads)
        render(renderer, folder)
        pictures = [read_picture(folder, number, camera) for number in range(len(aimed))]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return [
        _view(renderer, scene, camera, pose, rng, picture, photos)
        for (pose, rng), picture in zip(aimed, pictures, strict=True)
    ]


def _view(
    renderer: External,
    scene: RenderScene,
    camera: CameraModel,
    world_from_camera: NDArray[np.float64],
    rng: np.random.Generator,
    picture: RenderedPicture,
    photos: str | None,
) -> RenderedView:
    hits = RayCaster(list(scene.meshes)).cast(camera, world_from_camera)
    check_rendered_depth(renderer, picture, hits)
    depth = hits.depth
    if scene.table is not None:
        table, _ = plane_hits(camera, world_from_camera, hits)
        depth = np.where(table > 0, table, depth)
    backdrop = linear_from_srgb(make_backdrop(rng, camera.width, camera.height, photos))
    light = picture.light[..., :3] + (1.0 - np.clip(picture.light[..., 3:], 0, 1)) * backdrop
    rgb = expose(srgb_from_linear(light), draw_exposure(rng, _GAMMA), rng)
    return labelled(scene, camera, world_from_camera, hits, depth, rgb)


def check_rendered_depth(renderer: External, picture: RenderedPicture, hits: Hits) -> None:
    """Raise RenderError unless the other renderer sees the object where the ray caster does.

    Its pictures would else carry labels of another pose: a program of another version may count pixels or axes in
    another way.
    """
    seen = hits.mesh == 0
    if not seen.any():
        return
    difference = float(np.median(np.abs(picture.depth - hits.depth)[seen]))
    if difference > DEPTH_AGREEMENT_M:
        raise RenderError(
            f"depth of {renderer.name} {renderer.version} and of the ray caster differ by {1000 * difference:.1f} mm "
            f"on the object (median), expected less than {1000 * DEPTH_AGREEMENT_M:g} mm"
        )


def threads_of(jobs: int) -> int:
    """Threads for one of `jobs` processes that share this machine; -1 is one process a core."""
    cores = os.cpu_count() or 1
    return max(1, cores // (cores if jobs < 0 else jobs))
