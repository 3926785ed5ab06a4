"""The annotations of one BOP scene: cameras, poses and visibility of one object in pictures.

See https://github.com/thodan/bop_toolkit/blob/master/docs/bop_datasets_format.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel

DEPTH_SCALE = 0.1
"""Millimetres of a depth value of 1 in files that this package writes."""


@dataclass(frozen=True)
class SceneImage:
    """camera_from_object (4, 4), metres; masks (H, W) bool: the whole object, and what other things leave visible."""

    camera: CameraModel
    camera_from_object: NDArray[np.float64]
    mask_whole: NDArray[np.bool_]
    mask_visible: NDArray[np.bool_]


def json_bytes(value: Any) -> bytes:
    """Serialise with a fixed order, so that equal content is equal bytes."""
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def scene_annotations(images: Sequence[SceneImage], object_id: int) -> dict[str, bytes]:
    """File name → content of the annotations; image i is number i of the scene."""
    cameras, poses, infos = {}, {}, {}
    for image, view in enumerate(images):
        pose = view.camera_from_object
        cameras[str(image)] = {"cam_K": view.camera.matrix.ravel().tolist(), "depth_scale": DEPTH_SCALE}
        poses[str(image)] = [
            {
                "cam_R_m2c": pose[:3, :3].ravel().tolist(),
                "cam_t_m2c": (pose[:3, 3] * 1000.0).tolist(),
                "obj_id": object_id,
            }
        ]
        whole, visible = int(view.mask_whole.sum()), int(view.mask_visible.sum())
        infos[str(image)] = [
            {
                "px_count_all": whole,
                "px_count_visib": visible,
                "bbox_obj": _box(view.mask_whole),
                "bbox_visib": _box(view.mask_visible),
                "visib_fract": visible / whole if whole else 0.0,
            }
        ]
    return {
        "scene_camera.json": json_bytes(cameras),
        "scene_gt.json": json_bytes(poses),
        "scene_gt_info.json": json_bytes(infos),
    }


def _box(mask: NDArray[np.bool_]) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return [-1, -1, -1, -1]
    return [int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)]
