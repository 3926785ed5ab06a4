"""Reader of generated views on disk, in the BOP layout with surface coordinates beside it.

    manifest.json                      what was asked for: seeds, caps, size, versions
    camera.json                        BOP: intrinsics and depth scale
    models/obj_000001.ply (+ .png)     BOP: mesh in millimetres; object id = cap seed + 1
    models/models_info.json            BOP: diameter and box per object, and the cap's parameters
    <split>/000000/rgb/000000.png
                   depth/000000.png        16 bit; value × depth_scale = millimetres
                   mask/000000_000000.png, mask_visib/000000_000000.png
                   coord/000000.png        16 bit; red = part id + 1 (0 = none), green = u × 65535, blue = v × 65535
                   scene_camera.json, scene_gt.json, scene_gt_info.json

A scene folder appears whole or not at all. `coord` is ours: equal (part, u, v) is the same place on every cap.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.camera import CameraModel
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

FORMAT_VERSION = 1
COORDINATE_SCALE = 65535.0


class DatasetError(DenseGraspError):
    """A data set on disk is missing, half-written, of another format, or cannot be written."""


@dataclass(frozen=True)
class ViewKey:
    """Where a view lies: scene and image number, and which of the image's objects it is about."""

    scene: int
    image: int
    instance: int
    object_id: int


@dataclass(frozen=True)
class LoadedView:
    """One view in memory.

    rgb (H, W, 3) uint8; depth (H, W) float32 metres along the optical axis, 0 where unknown; mask (H, W) bool, the
    object's visible pixels; part (H, W) int8 with -1 off the object and part_uv (H, W, 2) float32, both None where the
    data set has no surface coordinates; camera_from_object (4, 4); object_id 1-based; cap_seed or None.
    """

    key: ViewKey
    rgb: NDArray[np.uint8]
    depth: NDArray[np.float32]
    mask: NDArray[np.bool_]
    part: NDArray[np.int8] | None
    part_uv: NDArray[np.float32] | None
    camera: CameraModel
    camera_from_object: NDArray[np.float64]
    object_id: int
    cap_seed: int | None


def read_json(path: Path) -> Any:
    """Read a JSON file. Raises DatasetError that names the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DatasetError(f"{path} does not exist, expected a file of a generated data set") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} cannot be read as JSON: {error}") from error


def read_image(path: Path) -> NDArray:
    """Read an image unchanged (H, W[, C in file order BGR]). Raises DatasetError that names the file."""
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}") from error
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if image is None:
        raise DatasetError(f"{path} is no readable image ({len(data)} bytes), expected a whole PNG or JPEG")
    return image


class ViewDataset:
    """Views of a data set in the BOP layout, in the order of scene and image."""

    def __init__(self, root: str | Path, partial: bool = False) -> None:
        """Open a data set.

        root: folder with manifest.json. partial: accept a data set whose generation has not finished and see the scenes
        that exist. Raises DatasetError when it is missing, unfinished, of another format or lacks files.
        """
        self.root = Path(root)
        self.manifest = read_json(self.root / "manifest.json")
        version = self.manifest.get("format_version") if isinstance(self.manifest, dict) else None
        if version != FORMAT_VERSION:
            raise DatasetError(f"{self.root} has format version {version}, expected {FORMAT_VERSION}")
        self.split = str(self.manifest["split"])
        present = [i for i in range(int(self.manifest["scenes"])) if self.scene_folder(i).is_dir()]
        if not present:
            raise DatasetError(f"{self.root} holds no scene, expected {self.manifest['scenes']}")
        if len(present) < int(self.manifest["scenes"]) and not partial:
            raise DatasetError(
                f"{self.root} holds {len(present)} of {self.manifest['scenes']} scenes: generation has not "
                "finished, run the same generate command again to complete it"
            )
        self.keys: list[ViewKey] = []
        self._cameras: dict[int, dict] = {}
        self._poses: dict[int, dict] = {}
        for scene in present:
            self._index_scene(scene)

    def scene_folder(self, scene: int) -> Path:
        """Folder of scene number `scene`."""
        return self.root / self.split / f"{scene:06d}"

    def _index_scene(self, scene: int) -> None:
        folder = self.scene_folder(scene)
        self._cameras[scene] = read_json(folder / "scene_camera.json")
        self._poses[scene] = read_json(folder / "scene_gt.json")
        for image in sorted(self._poses[scene], key=int):
            if not (folder / "rgb" / f"{int(image):06d}.png").is_file():
                raise DatasetError(f"{folder} lacks rgb/{int(image):06d}.png, which its scene_gt.json names")
            for instance, entry in enumerate(self._poses[scene][image]):
                self.keys.append(ViewKey(scene, int(image), instance, int(entry["obj_id"])))

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, index: int) -> LoadedView:
        return self.load(self.keys[index])

    def by_scene(self) -> dict[int, list[int]]:
        """Scene → indices of its views: views of one scene show the same object in the same place."""
        return self._grouped("scene")

    def by_object(self) -> dict[int, list[int]]:
        """Object id → indices of its views."""
        return self._grouped("object_id")

    def _grouped(self, field: str) -> dict[int, list[int]]:
        groups: dict[int, list[int]] = {}
        for index, key in enumerate(self.keys):
            groups.setdefault(getattr(key, field), []).append(index)
        return groups

    def load(self, key: ViewKey) -> LoadedView:
        """Read one view from disk. Raises DatasetError that names a missing or damaged file."""
        folder, name = self.scene_folder(key.scene), f"{key.image:06d}.png"
        rgb = read_image(folder / "rgb" / name)
        entry = self._cameras[key.scene][str(key.image)]
        pose = self._poses[key.scene][str(key.image)][key.instance]
        depth = read_image(folder / "depth" / name).astype(np.float32) * np.float32(
            entry["depth_scale"] / 1000.0
        )
        mask = read_image(folder / "mask_visib" / f"{key.image:06d}_{key.instance:06d}.png") > 0
        if not rgb.shape[:2] == depth.shape == mask.shape:
            raise DatasetError(
                f"{folder} image {key.image}: colour {rgb.shape[:2]}, depth {depth.shape} and mask "
                f"{mask.shape} differ in size"
            )
        part, part_uv = self._coordinates(folder / "coord" / name, mask)
        matrix = np.array(entry["cam_K"], dtype=float).reshape(3, 3)
        camera = CameraModel(
            rgb.shape[1], rgb.shape[0], matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
        )
        camera_from_object = np.eye(4)
        camera_from_object[:3, :3] = np.array(pose["cam_R_m2c"], dtype=float).reshape(3, 3)
        camera_from_object[:3, 3] = np.array(pose["cam_t_m2c"], dtype=float) / 1000.0
        cap_seed = key.object_id - 1 if self.manifest.get("source") == "cap" else None
        return LoadedView(
            key,
            np.ascontiguousarray(rgb[..., 2::-1]),
            depth,
            mask,
            part,
            part_uv,
            camera,
            camera_from_object,
            key.object_id,
            cap_seed,
        )

    @staticmethod
    def _coordinates(
        path: Path, mask: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int8] | None, NDArray[np.float32] | None]:
        if not path.is_file():
            return None, None
        packed = read_image(path)
        if packed.dtype != np.uint16 or packed.shape != (*mask.shape, 3):
            raise DatasetError(f"{path} is {packed.dtype} {packed.shape}, expected uint16 {(*mask.shape, 3)}")
        part = np.where(mask, packed[..., 2].astype(np.int16) - 1, -1).astype(np.int8)
        return part, packed[..., 1::-1].astype(np.float32) / np.float32(COORDINATE_SCALE)
