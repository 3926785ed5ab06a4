"""Camera poses from colour pictures alone, with COLMAP.

Schönberger and Frahm, Structure-from-Motion Revisited, CVPR 2016.

The world of the result has any size and any place; `world_size` gives it metres.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanError
from numpy.typing import NDArray

from dense_grasp_train.scanning.colour_pictures import ColourPicture

Array = NDArray[np.float64]
LEAST_REGISTERED = 0.6
"""Share of the pictures that must find their place; fewer are too few of an object, or several scenes."""


@dataclass(frozen=True)
class Reconstruction:
    """What the pictures agree on, in the units of an unknown size until `scaled` by one.

    pictures: those that found their place, distortion undone. camera: of all of them. camera_from_world (V, 4, 4).
    points (n, 3): of the scene, world. seen: for each picture the numbers of the points that it saw. left_out: names.
    """

    pictures: Sequence[ColourPicture]
    camera: CameraModel
    camera_from_world: Array
    points: Array
    seen: Sequence[NDArray[np.int64]]
    left_out: Sequence[str] = ()

    @property
    def places(self) -> Array:
        """Centres (V, 3) of the cameras in the world."""
        return -np.einsum("vji,vj->vi", self.camera_from_world[:, :3, :3], self.camera_from_world[:, :3, 3])

    def index(self, name: str) -> int:
        """The number of a picture. Raises ScanError for one that is not among them."""
        names = [picture.name for picture in self.pictures]
        if name not in names:
            raise ScanError(f"picture {name!r} is not among those that found their place: {', '.join(names)}")
        return names.index(name)

    def scaled(self, factor: float) -> Reconstruction:
        """The same with all lengths times ``factor``."""
        poses = self.camera_from_world.copy()
        poses[:, :3, 3] *= factor
        return replace(self, camera_from_world=poses, points=self.points * factor)

    def moved(self, new_from_world: Array) -> Reconstruction:
        """The same in another frame (4, 4)."""
        points = transform(new_from_world, self.points)
        return replace(self, camera_from_world=self.camera_from_world @ inverse(new_from_world), points=points)


def reconstruct(
    pictures: Sequence[ColourPicture], intrinsics: tuple[float, float, float, float] | None, threads: int, seed: int = 0
) -> Reconstruction:
    """Poses of pictures that one camera took; intrinsics (fx, fy, cx, cy) of them where they are known.

    Raises ScanError when too few pictures find their place.
    """
    import pycolmap

    pycolmap.logging.minloglevel = int(pycolmap.logging.Level.ERROR)
    with tempfile.TemporaryDirectory(prefix="dense_grasp_scan") as work:
        folder = Path(work) / "pictures"
        folder.mkdir()
        for index, picture in enumerate(pictures):
            done, data = cv2.imencode(".png", picture.rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
            if not done:
                raise ScanError(f"picture {picture.name} cannot be encoded")
            (folder / f"{index:06d}.png").write_bytes(data.tobytes())
        reader = pycolmap.ImageReaderOptions()
        reader.camera_model = "SIMPLE_RADIAL" if intrinsics is None else "PINHOLE"
        if intrinsics is not None:
            fx, fy, cx, cy = intrinsics
            reader.camera_params = f"{fx},{fy},{cx + 0.5},{cy + 0.5}"  # COLMAP counts from the corner of a pixel
        extraction = pycolmap.FeatureExtractionOptions()
        matching = pycolmap.FeatureMatchingOptions()
        mapping = pycolmap.IncrementalPipelineOptions()
        extraction.num_threads = matching.num_threads = mapping.num_threads = threads
        verification = pycolmap.TwoViewGeometryOptions()
        mapping.random_seed = verification.ransac.random_seed = seed
        mapping.multiple_models = False
        if intrinsics is not None:
            mapping.ba_refine_focal_length = mapping.ba_refine_extra_params = False
        database = Path(work) / "database.db"
        pycolmap.extract_features(
            database,
            folder,
            camera_mode=pycolmap.CameraMode.SINGLE,
            reader_options=reader,
            extraction_options=extraction,
        )
        pycolmap.match_exhaustive(database, matching_options=matching, verification_options=verification)
        models = pycolmap.incremental_mapping(database, folder, Path(work), options=mapping)
    best = max(models.values(), key=lambda model: model.num_reg_images(), default=None)
    if best is None or best.num_reg_images() < max(3, LEAST_REGISTERED * len(pictures)):
        found = 0 if best is None else best.num_reg_images()
        raise ScanError(
            f"{found} of {len(pictures)} pictures found their place among the others, expected {LEAST_REGISTERED:.0%} "
            "or more: take them sharp, in small steps around the object, something with a pattern (a newspaper, "
            "tags) under it, and do not move the object between two pictures"
        )
    return reconstruction_of(best, pictures)


def reconstruction_of(model, pictures: Sequence[ColourPicture]) -> Reconstruction:  # type: ignore[no-untyped-def]
    """The Reconstruction of a `pycolmap.Reconstruction` whose images are named by the pictures' numbers."""
    (camera,) = model.cameras.values()
    names = ("fx", "fy", "cx", "cy") if camera.model.name == "PINHOLE" else ("fx", "cx", "cy", "bend")
    found = dict(zip(names, map(float, camera.params), strict=True))
    fx, fy = found["fx"], found.get("fy", found["fx"])
    straight = CameraModel(camera.width, camera.height, fx, fy, found["cx"] - 0.5, found["cy"] - 0.5)
    bend = found.get("bend", 0.0)
    numbers = {identity: number for number, identity in enumerate(sorted(model.points3D))}
    chosen, poses, seen = [], [], []
    images = sorted((image for image in model.images.values() if image.has_pose), key=lambda image: image.name)
    for image in images:
        picture = pictures[int(Path(image.name).stem)]
        pose = np.eye(4)
        pose[:3] = image.cam_from_world().matrix()
        chosen.append(replace(picture, rgb=_straightened(picture.rgb, straight, bend)))
        poses.append(pose)
        seen.append(np.array([numbers[p.point3D_id] for p in image.points2D if p.has_point3D()], int))
    points = np.array([model.points3D[identity].xyz for identity in sorted(model.points3D)])
    placed = {int(Path(image.name).stem) for image in images}
    left_out = [picture.name for number, picture in enumerate(pictures) if number not in placed]
    return Reconstruction(chosen, straight, np.array(poses), points, seen, left_out)


def _straightened(rgb: NDArray[np.uint8], camera: CameraModel, bend: float) -> NDArray[np.uint8]:
    """The picture of a camera without the radial distortion ``bend``."""
    if not bend:
        return rgb
    return np.asarray(cv2.undistort(rgb, camera.matrix, np.array([bend, 0.0, 0.0, 0.0]), None, camera.matrix), np.uint8)
