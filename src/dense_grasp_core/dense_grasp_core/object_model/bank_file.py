"""A bank of views on disk: one file of one network and one scan, so that a scan is described once."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_core.object_model.view_bank import Cells, ViewBank

FORMAT = 3
_SCAN_PARTS = ("rgb", "depth", "mask")
_SCAN_FILES = ("poses.json", "camera.json")
_LOOKS = ("fine", "coarse")


def fingerprint(folder: Path) -> str:
    """Of all that a bank is made of: names and contents of a scan's pictures, poses and camera. Raises ScanError."""
    digest = hashlib.sha256()
    try:
        parts = [path for part in _SCAN_PARTS for path in sorted((folder / part).iterdir())]
        files = [folder / name for name in _SCAN_FILES if (folder / name).is_file()]
        for path in parts + files:
            if path.is_file() and not path.name.startswith("."):
                digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
    except OSError as error:
        raise ScanError(f"the scan {folder} cannot be read: {error}") from error
    return digest.hexdigest()


def frame_digest(folder: Path) -> str:
    """Of a scan's poses, which say what the object's frame is: a point of another digest is of another frame.

    A scan that another one has joined keeps the digest of before, in scan.json, as it keeps its frame. Raises
    ScanError.
    """
    about = folder / "scan.json"
    told = read_json(about) if about.is_file() else None
    if isinstance(told, dict) and isinstance(told.get("frame"), str):
        return str(told["frame"])
    try:
        return hashlib.sha256((folder / "poses.json").read_bytes()).hexdigest()
    except OSError as error:
        raise ScanError(f"the poses of the scan {folder} cannot be read: {error}") from error


def bank_path(folder: Path, model_id: str) -> Path:
    """Where the bank of a scan lies for a network: beside the scan's pictures, so that it goes with them."""
    return folder / f"bank-{model_id}.npz"


def write_bank(path: Path, bank: ViewBank, scan: str) -> None:
    """Write a bank with the fingerprint of its scan; descriptors in half precision. The file appears whole or not at
    all. Raises OSError.
    """
    values: dict[str, Any] = {
        field.name: getattr(bank, field.name) for field in fields(ViewBank) if field.name not in _LOOKS
    }
    for look in _LOOKS:
        views: Sequence[Sequence[Cells]] = getattr(bank, look)
        cells = [of_roll for of_view in views for of_roll in of_view]
        values[f"{look}_counts"] = np.array([[len(c.index) for c in of_view] for of_view in views])
        values[f"{look}_descriptors"] = np.concatenate([c.descriptors for c in cells]).astype(np.float16)
        values[f"{look}_points"] = np.concatenate([c.points_object for c in cells]).astype(np.float32)
        values[f"{look}_colours"] = np.concatenate([c.colours for c in cells])
        values[f"{look}_index"] = np.concatenate([c.index for c in cells]).astype(np.int32)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as file:
            np.savez(file, format=FORMAT, scan=scan, **values)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_bank(path: Path, scan: str) -> ViewBank | None:
    """The bank that `write_bank` wrote; None when there is none, or one of another scan or format, or a damaged one."""
    try:
        with np.load(path, allow_pickle=False) as file:
            if int(file["format"]) != FORMAT or str(file["scan"]) != scan:
                return None
            plain = {f.name: file[f.name] for f in fields(ViewBank) if f.name not in _LOOKS}
            looks = {look: _cells(file, look) for look in _LOOKS}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile):
        return None
    numbers = {"radius": float(plain["radius"]), "photographs": int(plain["photographs"])}
    return ViewBank(**{**plain, **numbers, **looks})


def _cells(file: Any, look: str) -> list[list[Cells]]:
    counts: NDArray[np.int64] = file[f"{look}_counts"]
    last = np.cumsum(counts.ravel())
    descriptors = np.split(file[f"{look}_descriptors"].astype(np.float32), last[:-1])
    points = np.split(file[f"{look}_points"].astype(float), last[:-1])
    index = np.split(file[f"{look}_index"].astype(np.int64), last[:-1])
    colours = np.split(file[f"{look}_colours"], last[:-1])
    flat = [Cells(*parts) for parts in zip(descriptors, points, index, colours, strict=True)]
    rolls = counts.shape[1]
    return [flat[start : start + rolls] for start in range(0, len(flat), rolls)]
