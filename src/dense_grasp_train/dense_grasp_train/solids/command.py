"""Make solids for the simulated cell of meshes (OBJ, GLB, glTF, PLY, STL): NAME.npz and a picture of each.

The cell's parameter solids_folder names the folder: each solid is a scene of its name then, can be scanned by the arm
and grasped. What it weighs, how it lies and where it is pinched is worked out from its shape.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_assets.solids.files import SUFFIX, solid_name, write_solid
from dense_grasp_assets.solids.solid import Solid, SolidError
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_train.render.mesh_source import UNITS
from dense_grasp_train.render.meshes.files import MeshFile, find_meshes
from dense_grasp_train.solids.make import solid_of


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="solids", description=__doc__)
    parser.add_argument("meshes", type=Path, nargs="+", help="mesh files, or folders of them")
    parser.add_argument("--to", type=Path, default=Path("out/solids"), help="folder (default %(default)s)")
    parser.add_argument("--mesh-unit", choices=tuple(UNITS), default="m", help="(default %(default)s)")
    parser.add_argument("--untextured", action="store_true", help="accept meshes without colours: they are grey")
    return parser


def make_solids(meshes: tuple[MeshFile, ...], to: Path, scale: float, untextured: bool) -> list[str]:
    """Write the solid of each mesh and print a line for it; what cannot be one is named. Names of those written.

    Raises SolidError where two meshes have one name.
    """
    names = [solid_name(mesh.path.stem) for mesh in meshes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SolidError(f"meshes have one name: {', '.join(twice)}; expected a name of its own for each")
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for name, mesh in zip(names, meshes, strict=True):
        try:
            solid = solid_of(mesh.path, scale, untextured)
        except DenseGraspError as error:
            print(f"{name}: left out: {error}", file=sys.stderr, flush=True)
            continue
        write_solid(to / f"{name}{SUFFIX}", solid)
        written.append(name)
        print(described(solid), flush=True)
    return written


def described(solid: Solid) -> str:
    """One line: size, weight, pieces, rests, contact."""
    size = " x ".join(f"{100 * edge:.1f}" for edge in np.sort(solid.size)[::-1])
    x, y, z = 1000 * solid.contact
    return (
        f"{solid.kind}: {size} cm, {1000 * solid.mass:.0f} g, {len(solid.pieces)} convex pieces, "
        f"lies in {len(solid.rests)} ways, pinched at ({x:.0f}, {y:.0f}, {z:.0f}) mm, "
        f"at least {1000 * solid.thinnest:.0f} mm thick there"
    )


def run(arguments: argparse.Namespace) -> int:
    """Make them; 1 where none could be made."""
    meshes = find_meshes(arguments.meshes)
    return 0 if make_solids(meshes, arguments.to, UNITS[arguments.mesh_unit], arguments.untextured) else 1


def main(argv: list[str] | None = None) -> int:
    """Entry point of `ros2 run dense_grasp_train solids`."""
    return exit_status("solids", partial(run, build_parser().parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
