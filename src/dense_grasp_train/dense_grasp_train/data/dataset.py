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

A scene folder appears whole or not at all. `coord` is ours: equal (part, u, v) is the same place on every cap. Any
other BOP data set is read by the folder of its scenes, `<root>/train_pbr` say, without a manifest; see
https://github.com/thodan/bop_toolkit/blob/master/docs/bop_datasets_format.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_core.geometry.camera import CameraError, CameraModel
from numpy.typing import NDArray

from dense_grasp_train.data.bop_layout import SceneFiles, scene_files, scene_numbers, symmetric_objects
from dense_grasp_train.data.files import DatasetError, read_colour, read_image, read_json

FORMAT_VERSION = 1
COORDINATE_SCALE = 65535.0


@dataclass(frozen=True)
class ViewKey:
    """Where a view lies: scene and image number, and which of the image's objects it is about."""

    scene: int
    image: int
    instance: int
    object_id: int


@dataclass(frozen=True)
class RgbdImage:
    """What the instances of an image share: rgb (H, W, 3) uint8 and raw depth (H, W) as the file has it."""

    rgb: NDArray[np.uint8]
    raw_depth: NDArray


@dataclass(frozen=True)
class LoadedView:
    """One view in memory.

    rgb (H, W, 3) uint8; depth (H, W) float32 metres along the optical axis, 0 where unknown; mask (H, W) bool, the
    object's visible pixels; part (H, W) int8 with -1 off the object and part_uv (H, W, 2) float32, both None where the
    data set has no surface coordinates; camera_from_object (4, 4); object_id 1-based; cap_seed or None;
    rendered: made from the other pictures of a real scan.
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
    rendered: bool = False


class ViewDataset:
    """Views of a data set in the BOP layout, in the order of scene and image."""

    def __init__(self, root: str | Path, partial: bool = False, sensor: str | None = None) -> None:
        """Open a data set.

        root: folder with manifest.json, or the folder of the scenes of any other BOP data set. partial: accept a data
        set whose generation has not finished and see the scenes that exist. sensor: whose pictures, of a set that has
        several. Raises DatasetError when it is missing, unfinished, of another format or lacks files.

        symmetric: how many instances of which symmetric objects are left out. models_infos: files that say which are
        symmetric.
        """
        self.root = Path(root)
        self.manifest: dict[str, Any]
        self.symmetric: dict[int, int] = {}
        self.models_infos: list[Path] = []
        numbers = scene_numbers(self.root)
        if numbers and not (self.root / "manifest.json").exists():
            self.manifest, self._folder = {"source": "bop", "scenes": len(numbers)}, self.root
            left_out, self.models_infos = symmetric_objects(self.root.parent)
        else:
            self.manifest, self._folder = self._read_manifest()
            expected, left_out = int(self.manifest["scenes"]), set()
            numbers = [i for i in range(expected) if self.scene_folder(i).is_dir()]
            if not numbers:
                raise DatasetError(f"{self.root} holds no scene, expected {expected}")
            if len(numbers) < expected and not partial:
                raise DatasetError(
                    f"{self.root} holds {len(numbers)} of {expected} scenes: generation has not finished, run the same "
                    "generate command again to complete it"
                )
        self.keys: list[ViewKey] = []
        self._files: dict[int, SceneFiles] = {}
        self._cameras: dict[int, dict] = {}
        self._poses: dict[int, dict] = {}
        self._rendered_from: dict[int, int] = {}
        for scene in numbers:
            self._index_scene(scene, left_out, sensor)
        if not self.keys:
            raise DatasetError(f"{self.root} shows no object, or only symmetric ones: {sorted(left_out)}")

    def _read_manifest(self) -> tuple[dict[str, Any], Path]:
        path = self.root / "manifest.json"
        manifest = read_json(path)
        version = manifest.get("format_version") if isinstance(manifest, dict) else None
        if version != FORMAT_VERSION:
            raise DatasetError(f"{self.root} has format version {version}, expected {FORMAT_VERSION}")
        if not isinstance(manifest.get("scenes"), int) or not isinstance(manifest.get("split"), str):
            raise DatasetError(
                f"{path} has scenes {manifest.get('scenes')!r} and split {manifest.get('split')!r}, expected a number "
                "and a folder's name"
            )
        rendered = manifest.get("rendered", {})
        if not isinstance(rendered, dict) or not all(isinstance(count, int) for count in rendered.values()):
            raise DatasetError(f"{path} has rendered {rendered!r}, expected a number of images for each scene's folder")
        return manifest, self.root / manifest["split"]

    def scene_folder(self, scene: int) -> Path:
        """Folder of scene number `scene`."""
        return self._folder / f"{scene:06d}"

    def _index_scene(self, scene: int, left_out: set[int], sensor: str | None) -> None:
        files = self._files[scene] = scene_files(self.scene_folder(scene), sensor)
        self._cameras[scene], self._poses[scene] = files.cameras, files.poses
        if count := self.manifest.get("rendered", {}).get(f"{scene:06d}"):
            self._rendered_from[scene] = len(files.poses) - count
        try:
            for image in sorted(self._poses[scene], key=int):
                files.colour(int(image))
                for instance, entry in enumerate(self._poses[scene][image]):
                    number = int(entry["obj_id"])
                    if number in left_out:
                        self.symmetric[number] = self.symmetric.get(number, 0) + 1
                    else:
                        self.keys.append(ViewKey(scene, int(image), instance, number))
        except (KeyError, ValueError, TypeError) as error:
            raise DatasetError(f"{files.json('scene_gt')} is not annotated as in BOP: {error!r}") from error

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

    def rgbd(self, key: ViewKey) -> RgbdImage:
        """Read what the instances of the view's image share. Raises DatasetError that names a file."""
        files = self._files[key.scene]
        return RgbdImage(read_colour(files.colour(key.image)), read_image(files.depth(key.image)))

    def load(self, key: ViewKey, rgbd: RgbdImage | None = None) -> LoadedView:
        """Read one view from disk. Raises DatasetError that names a missing or damaged file.

        rgbd: what was read of its image already; the view then shares the picture.
        """
        files, folder, name = self._files[key.scene], self.scene_folder(key.scene), f"{key.image:06d}"
        shared = rgbd or self.rgbd(key)
        rgb = shared.rgb
        mask_file = files.visible_mask(key.image, key.instance)
        matrix, depth_scale, camera_from_object = self._annotation(key)
        depth = shared.raw_depth.astype(np.float32) * np.float32(depth_scale / 1000.0)
        mask = read_image(mask_file) > 0
        if not rgb.shape[:2] == depth.shape == mask.shape:
            raise DatasetError(
                f"{folder} image {key.image}: colour {rgb.shape[:2]}, depth {depth.shape} and mask "
                f"{mask.shape} differ in size"
            )
        part, part_uv = self._coordinates(folder / "coord" / f"{name}.png", mask)
        try:
            camera = CameraModel(rgb.shape[1], rgb.shape[0], matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2])
        except CameraError as error:
            raise DatasetError(f"{files.json('scene_camera')}, image {key.image}: {error}") from error
        cap_seed = key.object_id - 1 if self.manifest.get("source") == "cap" else None
        return LoadedView(
            key,
            rgb,
            depth,
            mask,
            part,
            part_uv,
            camera,
            camera_from_object,
            key.object_id,
            cap_seed,
            key.image >= self._rendered_from.get(key.scene, key.image + 1),
        )

    def _annotation(self, key: ViewKey) -> tuple[NDArray, float, NDArray]:
        """Camera matrix (3, 3), millimetres of a depth value of 1, and camera_from_object (4, 4)."""
        try:
            entry = self._cameras[key.scene][str(key.image)]
            pose = self._poses[key.scene][str(key.image)][key.instance]
            matrix = np.array(entry["cam_K"], dtype=float).reshape(3, 3)
            camera_from_object = np.eye(4)
            camera_from_object[:3, :3] = np.array(pose["cam_R_m2c"], dtype=float).reshape(3, 3)
            camera_from_object[:3, 3] = np.array(pose["cam_t_m2c"], dtype=float) / 1000.0
            scale = float(entry["depth_scale"])
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise DatasetError(
                f"{self.scene_folder(key.scene)}: image {key.image}, instance {key.instance} is not annotated as in "
                f"BOP: {error!r}"
            ) from error
        if not (np.isfinite(camera_from_object).all() and np.isfinite(scale) and scale > 0):
            raise DatasetError(
                f"{self.scene_folder(key.scene)}: image {key.image}, instance {key.instance} has pose "
                f"{camera_from_object[:3].tolist()} and depth_scale {scale}, expected finite numbers, the scale above 0"
            )
        return matrix, scale, camera_from_object

    @staticmethod
    def _coordinates(path: Path, mask: NDArray[np.bool_]) -> tuple[NDArray[np.int8] | None, NDArray[np.float32] | None]:
        if not path.is_file():
            return None, None
        packed = read_image(path)
        if packed.dtype != np.uint16 or packed.shape != (*mask.shape, 3):
            raise DatasetError(f"{path} is {packed.dtype} {packed.shape}, expected uint16 {(*mask.shape, 3)}")
        part = np.where(mask, packed[..., 2].astype(np.int16) - 1, -1).astype(np.int8)
        return part, packed[..., 1::-1].astype(np.float32) / np.float32(COORDINATE_SCALE)
