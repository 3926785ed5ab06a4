"""Names of files in BOP scenes, also of sets with several sensors, and symmetries from whichever folder has them.

Since 2024 a scene may hold what several sensors saw: `scene_gt_realsense.json`, `rgb_realsense/000000.png`, and so on.
See https://github.com/thodan/bop_toolkit/blob/master/docs/bop_datasets_format.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dense_grasp_train.data.files import DatasetError, find_picture, read_json

SYMMETRIES = ("symmetries_discrete", "symmetries_continuous")
UNKNOWN_SYMMETRIES = (
    "{} has no models*/models_info.json, so nothing says which objects are symmetric: a point of theirs counts as if "
    "it were in one place"
)
_POSES, _INFO = "scene_gt", "scene_gt_info"


@dataclass(frozen=True)
class SceneFiles:
    """The files of a scene as one sensor saw it; sensor: its name in them, empty where there is none."""

    folder: Path
    sensor: str = ""

    def json(self, name: str) -> Path:
        """Path of `scene_gt`, `scene_camera` or `scene_gt_info`."""
        return self.folder / f"{name}{self._suffix}.json"

    @property
    def poses(self) -> dict[str, Any]:
        """What scene_gt holds. Raises DatasetError."""
        return read_json(self.json(_POSES))

    @property
    def cameras(self) -> dict[str, Any]:
        """What scene_camera holds. Raises DatasetError."""
        return read_json(self.json("scene_camera"))

    @property
    def infos(self) -> dict[str, Any]:
        """What scene_gt_info holds; empty where there is none. Raises DatasetError."""
        path = self.json(_INFO)
        return read_json(path) if path.is_file() else {}

    def colour(self, image: int) -> Path:
        """The colour or grey picture of an image. Raises DatasetError where there is none."""
        return find_picture(self.folder, self._folders("rgb", "gray"), f"{image:06d}")

    def depth(self, image: int) -> Path:
        """The depth of an image. Raises DatasetError where there is none."""
        return find_picture(self.folder, self._folders("depth"), f"{image:06d}")

    def visible_mask(self, image: int, instance: int) -> Path:
        """The mask of an instance's visible pixels. Raises DatasetError where there is none."""
        return find_picture(self.folder, self._folders("mask_visib"), f"{image:06d}_{instance:06d}")

    @property
    def _suffix(self) -> str:
        return f"_{self.sensor}" if self.sensor else ""

    def _folders(self, *names: str) -> tuple[str, ...]:
        return tuple(f"{name}{self._suffix}" for name in names)


def scene_files(folder: Path, sensor: str | None = None) -> SceneFiles:
    """The files of a scene of the sensor that is asked for.

    sensor: its name; without it the scene's only one. Raises DatasetError that names the sensors where it is none of
    them, or where there are several.
    """
    sensors = sensors_of(folder)
    if (folder / f"{_POSES}.json").is_file() or not sensors:
        if sensor is not None:
            raise DatasetError(f"--sensor is {sensor!r}, and {folder} has no sensors in its names: leave it away")
        return SceneFiles(folder)
    if sensor is None and len(sensors) > 1:
        raise DatasetError(f"{folder} was seen by several sensors, expected --sensor with one of {', '.join(sensors)}")
    if sensor is not None and sensor not in sensors:
        raise DatasetError(f"--sensor is {sensor!r}, expected one that {folder} has: {', '.join(sensors)}")
    return SceneFiles(folder, sensor or sensors[0])


def sensors_of(folder: Path) -> list[str]:
    """Names of the sensors that a scene was seen by; empty where its names hold none."""
    names = (path.stem for path in folder.glob(f"{_POSES}_*.json"))
    return sorted(name[len(_POSES) + 1 :] for name in names if name != _INFO and not name.startswith(f"{_INFO}_"))


def symmetric_objects(root: Path) -> tuple[set[int], list[Path]]:
    """Objects that a models_info.json of any models folder of a set declares symmetric, and the files that were read.

    A set may have models, models_eval, models_cad, models_fine and others, with symmetries in one of them alone. Raises
    DatasetError for a file that is not as in BOP.
    """
    files = sorted(root.glob("models*/models_info.json"))
    found: set[int] = set()
    for path in files:
        infos = read_json(path)
        try:
            found |= {int(key) for key, info in infos.items() if any(info.get(name) for name in SYMMETRIES)}
        except (AttributeError, ValueError) as error:
            raise DatasetError(f"{path} is not the models_info.json of BOP: {error}") from error
    return found, files


def scene_numbers(folder: Path) -> list[int]:
    """Numbers of the scenes in a folder of BOP scenes; empty where it holds none."""
    names = [path.name for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(int(name) for name in names)
