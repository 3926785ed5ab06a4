"""Small ray-cast views of caps for the tests of pairs, training and evaluation; made once per test process."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from dense_grasp_assets.cap.mesh import make_cap
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.data.views import View, cropped
from dense_grasp_train.evaluation.average_cap import places
from dense_grasp_train.render.raycast import RayCaster, RenderMesh, surface_coordinates

WIDTH, HEIGHT, FOCAL = 160, 120, 150.0


def camera() -> CameraModel:
    return CameraModel(WIDTH, HEIGHT, FOCAL, FOCAL, (WIDTH - 1) / 2, (HEIGHT - 1) / 2)


@lru_cache(maxsize=1)
def cap_views(caps: int = 2, views: int = 4) -> tuple[View, ...]:
    """Views of caps from above, crown down, 10 to 35 degrees off the vertical."""
    out = []
    for seed in range(caps):
        cap = make_cap(seed, 0.4)
        mesh = RenderMesh(cap.vertices, cap.faces, cap.normals, cap.uv, cap.texture, cap.part_id, cap.part_uv)
        caster = RayCaster([mesh])
        for number in range(views):
            angle, tilt = 2.0 * np.pi * number / views, np.deg2rad(10 + 25 * (number % 2))
            eye = 0.5 * np.array([np.cos(angle) * np.sin(tilt), np.sin(angle) * np.sin(tilt), -np.cos(tilt)])
            world_from_camera = se3.look_at(eye, np.zeros(3), np.array([1.0, 0.2, 0.0]))
            hits = caster.cast(camera(), world_from_camera)
            mask = hits.mesh == 0
            part, part_uv = surface_coordinates(hits, [mesh], 0)
            place = np.zeros((*mask.shape, 4))
            place[mask] = places(part[mask], part_uv[mask])
            rgb = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
            texture = cap.texture
            face_uv = cap.uv[cap.faces[hits.face[mask]]].mean(1)
            rows = np.clip(((1 - face_uv[:, 1]) * texture.shape[0]).astype(int), 0, texture.shape[0] - 1)
            columns = np.clip((face_uv[:, 0] * texture.shape[1]).astype(int), 0, texture.shape[1] - 1)
            rgb[mask] = texture[rows, columns]
            camera_from_object = np.linalg.inv(world_from_camera)
            out.append(cropped(rgb, mask, hits.depth, place, part, camera().matrix, camera_from_object, seed))
    return tuple(out)
