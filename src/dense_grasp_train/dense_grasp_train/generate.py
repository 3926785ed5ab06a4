"""Make views with exact ground truth in the BOP layout: rendered caps or meshes, or captures of a depth camera."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dense_grasp_core.cap_mesh import make_cap
from dense_grasp_core.errors import DenseGraspError
from joblib import Parallel, delayed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dense_grasp_train.captures import convert
from dense_grasp_train.dataset import FORMAT_VERSION, DatasetError, read_json
from dense_grasp_train.dataset_writer import (
    DEPTH_SCALE,
    box_info,
    json_bytes,
    model_info,
    write_model,
    write_scene,
    write_whole,
)
from dense_grasp_train.mesh_source import MeshFile, ObjectMesh, find_meshes, find_shapenet, load_mesh
from dense_grasp_train.scene import MESH_RESOLUTION, compose_mesh_scene, compose_scene, render_view, wrist_camera
from dense_grasp_train.textures import photo_files


@dataclass(frozen=True)
class Request:
    """What to generate; two requests that are equal give the same bytes."""

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
    mesh_size: float | None = None
    untextured: bool = False

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


def manifest_of(request: Request) -> dict[str, Any]:
    """Return the manifest: everything that the pictures depend on, and the versions that made them."""
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "embreex")}
    import cv2

    versions |= {"opencv": cv2.__version__, "python": platform.python_version()}
    if request.meshes:
        versions["trimesh"] = importlib.metadata.version("trimesh")
        objects: dict[str, Any] = {
            "source": "mesh",
            "meshes": [{"file": mesh.path.name, "sha256": mesh.sha256} for mesh in request.meshes],
            "mesh_size": request.mesh_size,
        }
    else:
        objects = {"source": "cap", "caps": list(request.caps)}
    return {
        "format_version": FORMAT_VERSION,
        **objects,
        "renderer": "embree ray caster",
        "seed": request.seed,
        "views": request.views,
        "scenes": request.scenes,
        "views_per_scene": request.views_per_scene,
        "size": [request.width, request.height],
        "split": request.split,
        "photos": request.photos,
        "mesh_resolution": MESH_RESOLUTION,
        "versions": versions,
    }


def prepare_folder(request: Request) -> list[int]:
    """Write the manifest or check it against an earlier one; return the scenes that are still missing.

    Raises DatasetError when the folder holds something else or a data set of other settings.
    """
    wanted, path = manifest_of(request), request.out / "manifest.json"
    if path.is_file():
        found = read_json(path)
        other = sorted(key for key in wanted if key != "versions" and found.get(key) != wanted[key])
        if other:
            detail = ", ".join(f"{key} {found.get(key)!r} instead of {wanted[key]!r}" for key in other)
            raise DatasetError(
                f"{request.out} holds a data set of other settings ({detail}); expected an empty folder"
            )
        if found.get("versions") != wanted["versions"]:
            raise DatasetError(
                f"{request.out} was begun with {found.get('versions')}, now running {wanted['versions']}; "
                "expected the same versions, or an empty folder"
            )
    elif request.out.exists() and any(not item.name.endswith(".part") for item in request.out.iterdir()):
        raise DatasetError(f"{request.out} is not empty and has no manifest.json, expected an empty folder")
    else:
        write_whole(path, json_bytes(wanted))
    split = request.out / request.split
    for folder in (request.out, request.out / "models", split):
        for leftover in folder.glob(".*.part"):
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)
    return [scene for scene in range(request.scenes) if not (split / f"{scene:06d}").is_dir()]


def generate_scene(request: Request, index: int) -> int:
    """Render and write one scene; returns the number of its views."""
    if request.meshes:
        which = index % len(request.meshes)
        body = _object(request.meshes[which].path, request.mesh_size, request.untextured).body
        scene, object_id = compose_mesh_scene(request.seed, index, body, request.photos), which + 1
    else:
        scene = compose_scene(request.seed, index, request.caps, request.photos)
        object_id = request.caps[index % len(request.caps)] + 1
    camera = wrist_camera(request.width, request.height)
    count = request.views_of(index)
    views = [render_view(scene, camera, request.seed, index, view, request.photos) for view in range(count)]
    write_scene(request.out / request.split / f"{index:06d}", views, object_id)
    return count


@lru_cache(maxsize=4)
def _object(path: Path, size_m: float | None, untextured: bool) -> ObjectMesh:
    return load_mesh(path, size_m, untextured)


def write_models(request: Request) -> None:
    """Write meshes, models_info.json and camera.json."""
    models = request.out / "models"
    infos = {}
    for number, file in enumerate(request.meshes, start=1):
        body = _object(file.path, request.mesh_size, request.untextured).body
        write_model(models, number, body)
        infos[str(number)] = box_info(body.vertices)
    for seed in () if request.meshes else request.caps:
        mesh = make_cap(seed, MESH_RESOLUTION)
        write_model(models, seed + 1, mesh)
        infos[str(seed + 1)] = model_info(mesh)
    write_whole(models / "models_info.json", json_bytes(infos))
    camera = wrist_camera(request.width, request.height)
    write_whole(
        request.out / "camera.json",
        json_bytes(
            {
                "fx": camera.fx,
                "fy": camera.fy,
                "cx": camera.cx,
                "cy": camera.cy,
                "width": camera.width,
                "height": camera.height,
                "depth_scale": DEPTH_SCALE,
            }
        ),
    )


def generate(request: Request, jobs: int = -1, quiet: bool = False) -> int:
    """Generate what is missing of a data set; returns the number of views made. Raises DatasetError.

    Killed at any moment, it goes on when called again and ends with the same bytes.
    """
    for file in request.meshes:  # all of them are looked at before anything is written
        open_edges = _object(file.path, request.mesh_size, request.untextured).open_edges
        if open_edges:
            note = f"mesh {file.path} has holes ({open_edges} open edges), through which its inside is seen"
            print(f"generate: {note}", file=sys.stderr)
    missing = prepare_folder(request)
    if not (request.out / "camera.json").is_file():
        write_models(request)
    (request.out / request.split).mkdir(parents=True, exist_ok=True)
    results: Iterable[int] = Parallel(n_jobs=jobs, return_as="generator_unordered")(
        delayed(generate_scene)(request, index) for index in missing
    )
    made = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task("views", total=sum(request.views_of(index) for index in missing))
        for count in results:
            made += count
            progress.advance(task, count)
    return made


def build_parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="generate", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the data set; the same command resumes it"
    )
    parser.add_argument("--views", type=int, default=800, help="number of pictures (default %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of scenes and cameras (default %(default)s)"
    )
    parser.add_argument(
        "--caps",
        default="0-39",
        help="cap seeds, e.g. 0-39 or 0-9,15; 0-199 are for training, 200-299 for validation, from 1000 on "
        "unseen (default %(default)s)",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--meshes", type=Path, nargs="+", help="instead of caps: mesh files (OBJ, GLB, PLY, ...) or folders of them"
    )
    source.add_argument("--shapenet", type=Path, help="instead of caps: folder of ShapeNet; needs --category")
    source.add_argument(
        "--captures", type=Path, help="instead of rendering: folder of real colour, depth and mask images to convert"
    )
    parser.add_argument("--category", help="ShapeNet category id, e.g. 02954340 for caps")
    parser.add_argument(
        "--mesh-size", type=float, help="scale meshes to this diagonal in metres (default: their unit is the metre)"
    )
    parser.add_argument("--untextured", action="store_true", help="accept meshes of one colour")
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
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 uses all cores (default)")
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
    if not re.fullmatch(r"[A-Za-z0-9_-]+", arguments.split) or arguments.split == "models":
        raise DatasetError(
            f"--split is {arguments.split!r}, expected a plain folder name other than 'models'"
        )
    width, height = parse_size(arguments.size)
    photo_files(arguments.photos)
    if (arguments.shapenet is None) != (arguments.category is None):
        raise DatasetError("--shapenet and --category belong together, one of them is missing")
    if arguments.mesh_size is not None and not arguments.mesh_size > 0:
        raise DatasetError(f"--mesh-size is {arguments.mesh_size}, expected metres above 0")
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
        arguments.mesh_size,
        arguments.untextured,
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns 0, or 1 with a message when something cannot be read or written, 130 on Ctrl-C."""
    arguments = build_parser().parse_args(argv)
    try:
        request = parse_request(arguments)
        if arguments.captures:
            count, objects = convert(arguments.captures, arguments.out, arguments.split)
            print(f"{arguments.out}: {count} captures of {objects} objects converted")
            return 0
        made = generate(request, arguments.jobs, arguments.quiet)
    except (DenseGraspError, OSError) as error:
        print(f"generate: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("generate: interrupted; the same command goes on where it stopped", file=sys.stderr)
        return 130
    objects_made = f"{len(request.meshes)} meshes" if request.meshes else f"{len(request.caps)} caps"
    print(f"{request.out}: {made} views made, {request.views} in all, {request.scenes} scenes, {objects_made}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
