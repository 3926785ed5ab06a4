"""What to generate: the options of `generate`, checked, and the manifest that a data set keeps of them."""

from __future__ import annotations

import argparse
import importlib.metadata
import math
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dense_grasp_train.data import rendered
from dense_grasp_train.data.dataset import FORMAT_VERSION
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.render.external.process import BLENDER, BLENDERPROC, External, blender, blenderproc
from dense_grasp_train.render.mesh_source import UNITS, scale_to
from dense_grasp_train.render.meshes.files import MeshFile, find_meshes, find_shapenet
from dense_grasp_train.render.scene import MESH_RESOLUTION, POSE_SHARES, POSES, TILT_DEG
from dense_grasp_train.render.textures import photo_files

RENDERERS = ("embree", BLENDER, BLENDERPROC)
_SAMPLES = 4
_LEAST_TILT_DEG, _MOST_TILT_DEG = 15.0, 85.0


@dataclass(frozen=True)
class Request:
    """What to generate; two requests that are equal give the same bytes.

    mesh_scale: metres of the meshes' unit. looks: a digest of each mesh with the pictures that it names. renderer: the
    program that makes the colours, None for the ray caster. pose_shares, tilt_deg: how caps lie, and how far from
    straight down the camera looks at them.
    """

    out: Path
    views: int
    seed: int
    caps: tuple[int, ...]
    width: int
    height: int
    views_per_scene: int
    split: str
    photos: str | None
    meshes: tuple[MeshFile, ...] = ()
    mesh_scale: float = 1.0
    untextured: bool = False
    renderer: External | None = None
    looks: tuple[str, ...] = ()
    pose_shares: tuple[float, float, float] = POSE_SHARES
    tilt_deg: float = TILT_DEG

    @property
    def scenes(self) -> int:
        """Number of scenes; the last one may hold fewer views."""
        return -(-self.views // self.views_per_scene)

    def views_of(self, scene: int) -> int:
        """Number of views of scene number `scene`."""
        return min(self.views_per_scene, self.views - scene * self.views_per_scene)


def parse_caps(text: str) -> tuple[int, ...]:
    """Turn `0-39,50` into seeds in that order. Raises DatasetError for anything else."""
    seeds: list[int] = []
    for item in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?:-(\d+))?\s*", item)
        if not match or int(match[2] or match[1]) < int(match[1]):
            raise DatasetError(f"--caps has {item!r}, expected seeds like 0-39 or 0-9,15,20")
        seeds += range(int(match[1]), int(match[2] or match[1]) + 1)
    return tuple(dict.fromkeys(seeds))


def parse_size(text: str) -> tuple[int, int]:
    """Turn `640x480` into (width, height). Raises DatasetError for anything else."""
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if not match or not (32 <= int(match[1]) <= 8192 and 32 <= int(match[2]) <= 8192):
        raise DatasetError(f"--size is {text!r}, expected WIDTHxHEIGHT such as 640x480, 32 to 8192 each")
    return int(match[1]), int(match[2])


def parse_poses(text: str) -> tuple[float, float, float]:
    """Turn `crown_up=3,tilted=1` into shares of POSES that are 1 together. Raises DatasetError for anything else."""
    weights = dict.fromkeys(POSES, 0.0)
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        if name not in weights or not re.fullmatch(r"\d+(\.\d+)?", value):
            raise DatasetError(f"--poses has {item!r}, expected {', '.join(POSES)}, each with its weight: crown_up=3")
        weights[name] = float(value)
    total = sum(weights.values())
    if total <= 0:
        raise DatasetError(f"--poses is {text!r}, expected a weight above 0")
    down, up, tilted = (weight / total for weight in weights.values())
    return down, up, tilted


def versions_of(request: Request) -> dict[str, str]:
    """Versions of what makes the pictures, on this machine; an external renderer's is that of the request."""
    import cv2

    names = ("numpy", "embreex", *(("trimesh",) if request.meshes else ()))
    versions = {name: importlib.metadata.version(name) for name in names}
    if request.renderer is not None:
        versions[request.renderer.name] = request.renderer.version
    return versions | {"opencv": cv2.__version__, "python": platform.python_version()}


def manifest_of(request: Request) -> dict[str, Any]:
    """Return the manifest: everything that the pictures depend on, and the versions that made them."""
    if request.meshes:
        objects: dict[str, Any] = {
            "source": "mesh",
            "meshes": [{"file": mesh.path.name, "sha256": mesh.sha256} for mesh in request.meshes],
            "mesh_scale": request.mesh_scale,
            "untextured": request.untextured,
            "looks": list(request.looks),
        }
    else:
        objects = {"source": "cap", "caps": list(request.caps)}
        if request.pose_shares != POSE_SHARES:  # only then: sets of before say nothing of them
            objects["pose_shares"] = list(request.pose_shares)
        if request.tilt_deg != TILT_DEG:
            objects["tilt_deg"] = request.tilt_deg
    renderer: dict[str, Any] = {"renderer": "embree ray caster"}
    if request.renderer is not None:
        renderer = {"renderer": request.renderer.name, "samples": request.renderer.samples}
    return {
        "format_version": FORMAT_VERSION,
        **objects,
        **renderer,
        "seed": request.seed,
        "views": request.views,
        "scenes": request.scenes,
        "views_per_scene": request.views_per_scene,
        "size": [request.width, request.height],
        "split": request.split,
        "photos": request.photos,
        "mesh_resolution": MESH_RESOLUTION,
        "versions": versions_of(request),
    }


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="generate", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the data set; the same command resumes it")
    parser.add_argument("--views", type=int, default=800, help="number of pictures (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of scenes and cameras (default %(default)s)")
    parser.add_argument(
        "--caps",
        default="0-39",
        help="cap seeds, e.g. 0-39 or 0-9,15; 0-199 are for training, 200-299 for validation, from 1000 on "
        "unseen (default %(default)s)",
    )
    parser.add_argument(
        "--poses",
        help="how caps lie on the table, with weights, e.g. crown_up=3,tilted=1 (default: crown_down 12, crown_up 3, "
        "tilted 5)",
    )
    parser.add_argument(
        "--tilt",
        type=float,
        help=f"how far from straight down the camera looks at caps, degrees, at most (default {TILT_DEG:g})",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--meshes", type=Path, nargs="+", help="instead of caps: mesh files (OBJ, GLB, PLY, ...) or folders of them"
    )
    source.add_argument("--shapenet", type=Path, help="instead of caps: folder of ShapeNet; needs --category")
    source.add_argument(
        "--captures", type=Path, help="instead of rendering: folder of real colour, depth and mask images to convert"
    )
    parser.add_argument("--rendered-views", type=int, metavar="N", help=f"with --captures: {rendered.HELP}")
    parser.add_argument("--category", help="ShapeNet category id, e.g. 02954340 for caps")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument(
        "--mesh-unit", choices=tuple(UNITS), default="m", help="unit of the meshes (default %(default)s)"
    )
    scale.add_argument(
        "--mesh-size",
        type=float,
        help="scale all meshes alike, so that the largest has this diagonal in metres and the others keep their size "
        "beside it",
    )
    parser.add_argument(
        "--untextured",
        action="store_true",
        help="accept meshes of whose colour the file says nothing, or whose pictures are not there: they are grey",
    )
    parser.add_argument("--size", default="640x480", help="picture size (default %(default)s)")
    parser.add_argument(
        "--views-per-scene",
        type=int,
        default=4,
        help="pictures of one arrangement, for true view pairs (default %(default)s)",
    )
    parser.add_argument("--split", default="train", help="name of the folder of scenes (default %(default)s)")
    parser.add_argument(
        "--photos",
        help="folder of photographs for surfaces and backdrops (default: those that come with scikit-image)",
    )
    parser.add_argument(
        "--renderer",
        choices=RENDERERS,
        default="embree",
        help="embree: the ray caster, a third of a second a picture (default); blender: Cycles, some 10 s a picture; "
        "blenderproc: Cycles through an installation of BlenderProc",
    )
    parser.add_argument("--samples", type=int, help=f"light paths a pixel of Cycles, denoised (default {_SAMPLES})")
    parser.add_argument(
        "--blender-python",
        type=Path,
        help="Python with bpy, for --renderer blender (default: what `make blender` installs)",
    )
    parser.add_argument(
        "--blenderproc",
        default="blenderproc run",
        help="words that run a script with BlenderProc, for --renderer blenderproc (default '%(default)s')",
    )
    parser.add_argument("--jobs", type=int, help="processes on this machine; -1 uses all cores (default)")
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="instead of processes on this machine: the workers of this Dask scheduler, e.g. tcp://host:8786; they "
        "need this package in the same versions, and --out and the source at the same paths",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    return parser


def parse_request(arguments: argparse.Namespace) -> Request:
    """Check the options. Raises DatasetError that names the wrong one."""
    for name, value in (("--views", arguments.views), ("--views-per-scene", arguments.views_per_scene)):
        if value < 1:
            raise DatasetError(f"{name} is {value}, expected 1 or more")
    if arguments.seed < 0:
        raise DatasetError(f"--seed is {arguments.seed}, expected 0 or more")
    if arguments.jobs == 0:
        raise DatasetError("--jobs is 0, expected a number of processes or -1 for all cores")
    if arguments.dask is not None and not re.fullmatch(r"([a-z]+://)?\S+:\d+", arguments.dask):
        raise DatasetError(f"--dask is {arguments.dask!r}, expected the address of a scheduler such as tcp://host:8786")
    if arguments.dask is not None and arguments.jobs is not None:
        raise DatasetError(f"--jobs {arguments.jobs} and --dask exclude each other: the scheduler knows its workers")
    if arguments.captures and (arguments.dask is not None or arguments.renderer != "embree"):
        raise DatasetError("--captures are converted as they are, --renderer and --dask do not go with them")
    rendered.most_rendered(arguments.rendered_views, bool(arguments.captures))
    if arguments.samples is not None and (arguments.samples < 1 or arguments.renderer == "embree"):
        raise DatasetError(
            f"--samples is {arguments.samples} with --renderer {arguments.renderer}, expected 1 or more with a "
            "renderer other than embree"
        )
    if not re.fullmatch(r"[A-Za-z0-9_-]+", arguments.split) or arguments.split == "models":
        raise DatasetError(f"--split is {arguments.split!r}, expected a plain folder name other than 'models'")
    for name, value in (("--poses", arguments.poses), ("--tilt", arguments.tilt)):
        if value is not None and (arguments.meshes or arguments.shapenet or arguments.captures):
            raise DatasetError(f"{name} is {value}, expected it with caps alone")
    if arguments.tilt is not None and not _LEAST_TILT_DEG < arguments.tilt <= _MOST_TILT_DEG:
        raise DatasetError(
            f"--tilt is {arguments.tilt:g}, expected degrees above {_LEAST_TILT_DEG:g}, at most {_MOST_TILT_DEG:g}"
        )
    width, height = parse_size(arguments.size)
    photo_files(arguments.photos)
    if (arguments.shapenet is None) != (arguments.category is None):
        raise DatasetError("--shapenet and --category belong together, one of them is missing")
    if arguments.mesh_size is not None and not 0 < arguments.mesh_size < math.inf:
        raise DatasetError(f"--mesh-size is {arguments.mesh_size}, expected metres above 0")
    if arguments.mesh_size is not None and not (arguments.meshes or arguments.shapenet):
        raise DatasetError("--mesh-size is for --meshes and --shapenet, neither is given")
    meshes: tuple[MeshFile, ...] = ()
    if arguments.meshes:
        meshes = find_meshes(arguments.meshes)
    elif arguments.shapenet:
        meshes = find_shapenet(arguments.shapenet, arguments.category)
    return Request(
        arguments.out,
        arguments.views,
        arguments.seed,
        parse_caps(arguments.caps),
        width,
        height,
        arguments.views_per_scene,
        arguments.split,
        arguments.photos,
        meshes,
        UNITS[arguments.mesh_unit] if arguments.mesh_size is None else scale_to(meshes, arguments.mesh_size),
        arguments.untextured,
        parse_renderer(arguments),
        pose_shares=POSE_SHARES if arguments.poses is None else parse_poses(arguments.poses),
        tilt_deg=TILT_DEG if arguments.tilt is None else arguments.tilt,
    )


def parse_renderer(arguments: argparse.Namespace) -> External | None:
    """The renderer that the options ask for, None for the ray caster. Raises RenderError where it does not run."""
    samples = arguments.samples or _SAMPLES
    if arguments.renderer == BLENDER:
        return blender(arguments.blender_python, samples)
    if arguments.renderer == BLENDERPROC:
        return blenderproc(arguments.blenderproc, samples)
    return None
