"""Write a cap as Wavefront OBJ with material and texture."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2

from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.cap.params import CapError


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it appears whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def obj_text(mesh: CapMesh, material_file: str) -> str:
    """Return the OBJ file's text: metres, object frame, texture coordinates with the origin at the bottom left."""
    lines = [f"mtllib {material_file}", "usemtl cap"]
    lines += [f"v {x:.6f} {y:.6f} {z:.6f}" for x, y, z in mesh.vertices.tolist()]
    lines += [f"vt {u:.6f} {v:.6f}" for u, v in mesh.uv.tolist()]
    lines += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in mesh.normals.tolist()]
    lines += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in (mesh.faces + 1).tolist()]
    return "\n".join(lines) + "\n"


def save_obj(mesh: CapMesh, path: str | Path) -> Path:
    """Write `path` (.obj) with a .mtl and .png of the same stem beside it; returns the OBJ's path.

    The OBJ appears last, so an existing OBJ has its texture. Raises CapError when the folder cannot be written.
    """
    target = Path(path)
    if target.suffix != ".obj":
        raise CapError(f"cap mesh file is {target}, expected a name that ends in .obj")
    done, png = cv2.imencode(".png", mesh.texture[..., ::-1])
    if not done:
        raise CapError(f"texture {target.with_suffix('.png')} cannot be encoded, expected an 8-bit image")
    material = f"newmtl cap\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nmap_Kd {target.with_suffix('.png').name}\n"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(target.with_suffix(".png"), png.tobytes())
        _write_whole(target.with_suffix(".mtl"), material.encode())
        _write_whole(target, obj_text(mesh, target.with_suffix(".mtl").name).encode())
    except OSError as error:
        raise CapError(f"cap mesh {target} cannot be written: {error}") from error
    return target
