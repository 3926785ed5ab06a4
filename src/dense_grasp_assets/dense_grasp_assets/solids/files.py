"""Solids on disk: one file each (.npz), as `ros2 run dense_grasp_train solids` makes them of anyone's meshes."""

from __future__ import annotations

import json
import os
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from dense_grasp_assets.solids.make import KINDS, SUPPORTS, make_solid
from dense_grasp_assets.solids.solid import Hull, Solid, SolidError

SUFFIX = ".npz"
_FORMAT = 2
_ARRAYS = (
    *("vertices", "faces", "normals", "uv", "texture", "rests", "contact", "same"),
    *("corners", "corner_counts", "volumes"),
)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


def solid_name(text: str) -> str:
    """What a solid of this name is called: it is the name of a scene and of an object in the store."""
    name = re.sub(r"[^a-z0-9_-]+", "_", text.lower()).strip("_-")[:60]
    if not _NAME.fullmatch(name):
        raise SolidError(f"name of the solid is {text!r}, expected letters or digits")
    return name if name not in {*KINDS, *SUPPORTS} else f"{name}_mesh"


def write_solid(path: Path, solid: Solid) -> None:
    """Write a solid whose pieces are hulls, whole or not at all. Raises SolidError for another piece."""
    hulls = [piece for piece in solid.pieces if isinstance(piece, Hull)]
    if len(hulls) != len(solid.pieces):
        raise SolidError(f"the {solid.kind} has pieces that are no hulls, expected hulls alone in {path}")
    about = {"format": _FORMAT, "kind": solid.kind, "thinnest": solid.thinnest, "mass": solid.mass}
    partial = path.with_name(f".{path.name}.partial{SUFFIX}")
    np.savez_compressed(
        partial,
        about=np.array(json.dumps(about)),
        vertices=solid.vertices,
        faces=solid.faces,
        normals=solid.normals,
        uv=solid.uv,
        texture=solid.texture,
        rests=np.array(solid.rests),
        contact=solid.contact,
        same=np.array(solid.same),
        corners=np.concatenate([hull.corners for hull in hulls]),
        corner_counts=np.array([len(hull.corners) for hull in hulls]),
        volumes=np.array([hull.volume for hull in hulls]),
    )
    os.replace(partial, path)


def read_solid(path: Path) -> Solid:
    """The solid in a file, seed 0. Raises SolidError that names the file."""
    try:
        with np.load(path, allow_pickle=False) as content:
            about = json.loads(str(content["about"]))
            is_known = about.get("format") == _FORMAT
            arrays = {name: content[name] for name in _ARRAYS} if is_known else {}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise SolidError(f"{path} cannot be read as a solid ({error}): make it anew with `solids`") from error
    if not is_known:
        raise SolidError(f"{path} has the format {about.get('format')}, expected {_FORMAT}: make it anew with `solids`")
    ends = np.cumsum(arrays["corner_counts"])[:-1]
    hulls = zip(np.split(arrays["corners"], ends), arrays["volumes"], strict=True)
    return Solid(
        about["kind"],
        0,
        vertices=arrays["vertices"],
        faces=arrays["faces"],
        normals=arrays["normals"],
        uv=arrays["uv"],
        texture=arrays["texture"],
        pieces=tuple(Hull(corners, float(volume)) for corners, volume in hulls),
        rests=tuple(arrays["rests"]),
        contact=arrays["contact"],
        thinnest=float(about["thinnest"]),
        mass=float(about["mass"]),
        same=tuple(arrays["same"]),
    )


def solids_in(folder: str) -> tuple[str, ...]:
    """Names of the solids in a folder; none for ""."""
    return tuple(sorted(path.stem for path in Path(folder).glob(f"[!.]*{SUFFIX}"))) if folder else ()


def named_solid(kind: str, seed: int, folder: str = "") -> Solid:
    """A solid of KINDS or SUPPORTS of this seed, or the one of this name in the folder, which is the same for any seed.

    Raises SolidError for an unknown name, a negative seed and a damaged file.
    """
    if kind in solids_in(folder):
        if seed < 0:
            raise SolidError(f"seed of the {kind} is {seed}, expected 0 or larger")
        return replace(read_solid(Path(folder) / f"{kind}{SUFFIX}"), seed=seed)
    if kind not in {*KINDS, *SUPPORTS} and folder:
        known = ", ".join((*KINDS, *SUPPORTS, *solids_in(folder)))
        raise SolidError(f"kind of solid is {kind!r}, expected one of {known}")
    return make_solid(kind, seed)
