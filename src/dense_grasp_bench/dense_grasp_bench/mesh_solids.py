"""Anyone's meshes as objects of the running simulated cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_bench.graph_client import GraphClient

FOLDER = "solids"


class MeshObjectError(DenseGraspError):
    """Meshes that cannot be objects of the cell."""


def make_mesh_solids(meshes: Sequence[Path], unit: str, out: Path) -> tuple[str, ...]:
    """Names of the solids made of mesh files, or folders of them, in <out>/solids; a line is printed for each.

    unit: of the meshes. Raises MeshObjectError where what reads meshes is not installed or one cannot be a solid.
    """
    try:
        from dense_grasp_train.render.mesh_source import UNITS
        from dense_grasp_train.render.meshes.files import find_meshes
        from dense_grasp_train.solids.command import make_solids
    except ImportError as error:
        if (error.name or "").startswith("dense_grasp"):
            raise
        raise MeshObjectError(
            f"the library {error.name} is not installed: `make setup-train` adds what reads meshes"
        ) from error
    if unit not in UNITS:
        raise MeshObjectError(f"unit of the meshes is {unit!r}, expected one of {', '.join(UNITS)}")
    folder = out / FOLDER
    for old in folder.glob("*.npz"):
        old.unlink()
    found = find_meshes(list(meshes))
    names = make_solids(found, folder, UNITS[unit], untextured=False)
    if len(names) < len(found):
        raise MeshObjectError(f"{len(found) - len(names)} of {len(found)} meshes cannot be objects: see above")
    return tuple(names)


def show_solids(client: GraphClient, out: Path) -> str:
    """Make the solids in <out>/solids scenes of the running cell; the folder, "" where there is none."""
    folder = out / FOLDER
    if not folder.is_dir():
        return ""
    client.set_parameter("sim_cell", "solids_folder", str(folder.resolve()))
    return str(folder)
