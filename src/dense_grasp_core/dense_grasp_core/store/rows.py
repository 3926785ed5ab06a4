"""Rows of the store as values, and their way to and from the columns."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.lens import Lens
from dense_grasp_core.store.errors import DamagedRowError, InvalidNameError, ModelMismatchError

CAMERA_COLUMNS = ("image_width", "image_height", "fx", "fy", "cx", "cy", "distortion")
OBJECT_COLUMNS = ("object_x", "object_y", "object_z")
#: Characters of a network's name that are kept.
NETWORK_LENGTH = 64
_LONGEST_SHOWN = 80
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True)
class Entry:
    """One taught keypoint without its bytes, as a list shows it. Fields as in Row; dimension: D.

    samples: how many it has, the first included.
    """

    id: int
    object_id: str
    keypoint: str
    dimension: int
    model_id: str
    created: float
    u: float
    v: float
    camera: CameraModel | None = None
    network: str = ""
    object_point: tuple[float, float, float] | None = None
    scan_view: int | None = None
    picture_bytes: int = 0
    scan: str = ""
    sample: int = 0
    samples: int = 1


@dataclass(frozen=True)
class Row:
    """One taught keypoint.

    descriptor: (D,) float32. created: s since 1970, UTC. u, v: px in the image it was taught on.
    patch: PNG bytes of the image around that pixel, of a row from before 0.2.0; picture_bytes: of the whole image in
    the store, 0 where it was not kept (`DescriptorStore.picture` reads it).
    camera: of that image; None when it was taught with dense_grasp 0.1.0, which did not keep it.
    network: name of the network for people, "" when it is not known; model_id says which one it is.
    object_point: (x, y, z) m in the frame of the object's scan, scan_view: the view that was clicked; None without.
    scan: that scan's `object_model.bank_file.frame_digest`; "" where it was not kept.
    sample: its number among the samples of the keypoint, 0 for the first. further: the other samples, each with its own
    descriptor and picture, in the row of the first one; they are never averaged.
    """

    id: int
    object_id: str
    keypoint: str
    descriptor: NDArray[np.float32]
    model_id: str
    created: float
    u: float
    v: float
    patch: bytes
    camera: CameraModel | None = None
    network: str = ""
    object_point: tuple[float, float, float] | None = None
    scan_view: int | None = None
    picture_bytes: int = 0
    scan: str = ""
    sample: int = 0
    further: tuple[Row, ...] = ()

    @property
    def dimension(self) -> int:
        """D."""
        return len(self.descriptor)


@dataclass(frozen=True)
class Page:
    """A part of a list. total: rows there are without offset and limit. damaged: a sentence for each row left out."""

    entries: list[Entry]
    total: int
    damaged: list[str]


def check_comparable(row: Row, model_id: str, dimension: int) -> None:
    """Raises ModelMismatchError unless the row was taught with this network and dimension."""
    if row.model_id != model_id or row.dimension != dimension:
        raise ModelMismatchError(
            f"{row.object_id}/{row.keypoint} was taught with model {row.model_id} (D = {row.dimension}), "
            f"expected {model_id} (D = {dimension}); describe the store for it (`ros2 run dense_grasp redescribe`), or "
            "teach it again"
        )


def comparable_descriptors(row: Row, model_id: str, dimension: int) -> NDArray[np.float32]:
    """(K, D) descriptors of the row's samples by this network. Raises ModelMismatchError when there is none."""
    same = [each.descriptor for each in (row, *row.further) if (each.model_id, each.dimension) == (model_id, dimension)]
    if not same:
        check_comparable(row, model_id, dimension)
    return np.stack(same)


def is_name(name: str) -> bool:
    """Whether it can name an object or a keypoint: 1..64 characters of [A-Za-z0-9_.-]."""
    return _NAME.fullmatch(name) is not None


def shown(name: str) -> str:
    """A name as a message shows it, whatever it holds and however long it is."""
    return repr(name) if len(name) <= _LONGEST_SHOWN else f"{name[:_LONGEST_SHOWN]!r}... ({len(name)} characters)"


def check_name(kind: str, name: str) -> None:
    """Raises InvalidNameError, naming `kind`, unless `name` is 1..64 characters of [A-Za-z0-9_.-]."""
    if not is_name(name):
        raise InvalidNameError(f"{kind} is {shown(name)}, expected 1..64 characters of [A-Za-z0-9_.-]")


def camera_columns(camera: CameraModel | None) -> dict[str, Any]:
    """What the columns hold for a camera, or for none."""
    if camera is None:
        return {"image_width": 0, "image_height": 0, "fx": 0.0, "fy": 0.0, "cx": 0.0, "cy": 0.0, "distortion": "[]"}
    return {
        "image_width": camera.width,
        "image_height": camera.height,
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        "distortion": _lens_column(camera),
    }


def entry_from(found: Mapping[str, Any]) -> Entry:
    """An entry of selected columns. Raises DamagedRowError, naming the row and what is wrong with it."""
    name = f"{found['object_id']}/{found['keypoint']}"
    try:
        check_name("object_id", str(found["object_id"]))
        check_name("keypoint", str(found["keypoint"]))
        dimension, length = int(found["dimension"]), int(found["descriptor_bytes"])
        if dimension < 1 or length != 4 * dimension:
            raise DamagedRowError(f"its vector has {length / 4:g} numbers, expected {dimension}, at least 1")
        created, u, v = (float(found[column]) for column in ("created", "u", "v"))
        if not all(map(math.isfinite, (created, u, v))):
            raise DamagedRowError(f"created, u and v are {created}, {u} and {v}, expected finite numbers")
        if not isinstance(found["model_id"], str) or not found["model_id"]:
            raise DamagedRowError(f"model_id is {found['model_id']!r}, expected the network's id")
        return Entry(
            int(found["id"]),
            found["object_id"],
            found["keypoint"],
            dimension,
            found["model_id"],
            created,
            u,
            v,
            _camera(found),
            str(found["network"]),
            _object_point(found),
            None if found["scan_view"] is None else int(found["scan_view"]),
            int(found["picture_bytes"]),
            str(found["scan"]),
            int(found["sample"]),
            int(found.get("samples", 1)),
        )
    except (TypeError, ValueError, DenseGraspError) as error:
        raise DamagedRowError(f"{name} (row {found['id']}) is damaged: {error}") from error


def row_from(found: Mapping[str, Any]) -> Row:
    """A row of selected columns with bytes. Raises DamagedRowError, naming the row and what is wrong with it."""
    entry = entry_from(found)
    name = f"{entry.object_id}/{entry.keypoint} (row {entry.id})"
    try:
        vector = np.frombuffer(bytes(memoryview(found["descriptor"])), dtype="<f4").astype(np.float32)
        patch = bytes(memoryview(found["patch"]))
    except TypeError as error:  # SQLite keeps a text where bytes should be
        raise DamagedRowError(f"{name} is damaged: {error}") from error
    if not np.isfinite(vector).all():
        raise DamagedRowError(f"{name} is damaged: its vector is not finite")
    return Row(
        entry.id,
        entry.object_id,
        entry.keypoint,
        vector,
        entry.model_id,
        entry.created,
        entry.u,
        entry.v,
        patch,
        entry.camera,
        entry.network,
        entry.object_point,
        entry.scan_view,
        entry.picture_bytes,
        entry.scan,
        entry.sample,
    )


def _object_point(found: Mapping[str, Any]) -> tuple[float, float, float] | None:
    numbers = [found[name] for name in OBJECT_COLUMNS]
    if numbers == [None, None, None]:
        return None
    x, y, z = (float(number) for number in numbers)
    if not all(map(math.isfinite, (x, y, z))):
        raise DamagedRowError(f"its point in the object's frame is ({x}, {y}, {z}), expected finite numbers")
    return x, y, z


def _camera(found: Mapping[str, Any]) -> CameraModel | None:
    if int(found["image_width"]) == 0:
        return None
    return _camera_of(*(found[column] for column in CAMERA_COLUMNS))


@lru_cache(maxsize=64)  # rows by the thousand were taught with one camera
def _camera_of(width: int, height: int, fx: float, fy: float, cx: float, cy: float, distortion: str) -> CameraModel:
    found = json.loads(distortion)
    lens = Lens.BROWN_CONRADY
    if isinstance(found, dict):
        lens, found = Lens(found.get("lens")), found.get("coefficients")
    numbers = tuple(float(number) for number in found)
    return CameraModel(int(width), int(height), float(fx), float(fy), float(cx), float(cy), numbers, lens)


def _lens_column(camera: CameraModel) -> str:
    """A list of coefficients, as versions before other lenses wrote it, and the lens where it is another."""
    numbers = [float(number) for number in camera.distortion]
    if camera.lens is Lens.BROWN_CONRADY:
        return json.dumps(numbers)
    return json.dumps({"lens": camera.lens.value, "coefficients": numbers})
