"""Make views with exact ground truth in the BOP layout: rendered caps or meshes, or captures of a depth camera."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from dense_grasp_assets.cap.mesh import make_cap
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.object_model.bop_scene import DEPTH_SCALE, json_bytes
from dense_grasp_core.wording import some_of
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from dense_grasp_train.data.captures import convert
from dense_grasp_train.data.dataset_writer import (
    box_info,
    model_info,
    write_model,
    write_scene,
    write_whole,
)
from dense_grasp_train.data.files import DatasetError, read_json
from dense_grasp_train.data.generate_request import Request, build_parser, manifest_of, parse_request, versions_of
from dense_grasp_train.data.parallel import check_worker, connected, in_parallel
from dense_grasp_train.data.rendered import most_rendered
from dense_grasp_train.render.external.renderer import render_views, threads_of
from dense_grasp_train.render.mesh_source import ObjectMesh, load_mesh
from dense_grasp_train.render.meshes.files import other_meshes, shapenet_without_mesh
from dense_grasp_train.render.meshes.read import SUFFIXES
from dense_grasp_train.render.scene import MESH_RESOLUTION, compose_mesh_scene, compose_scene, render_view, wrist_camera
from dense_grasp_train.render.textures import photo_files, unreadable_photos


def prepare_folder(request: Request) -> list[int]:
    """Write the manifest or check it against an earlier one; return the scenes that are still missing.

    Raises DatasetError when the folder holds something else or a data set of other settings.
    """
    wanted, path = manifest_of(request), request.out / "manifest.json"
    if path.is_file():
        found = read_json(path)
        if not isinstance(found, dict):
            raise DatasetError(f"{path} holds {type(found).__name__}, expected the manifest of a data set")
        keys = {*wanted, *found} - {"versions"}
        other = sorted(key for key in keys if found.get(key) != wanted.get(key))
        if other:
            detail = ", ".join(f"{key} {found.get(key)!r} instead of {wanted.get(key)!r}" for key in other)
            raise DatasetError(f"{request.out} holds a data set of other settings ({detail}); expected an empty folder")
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


def generate_scene(request: Request, index: int, threads: int, versions: dict[str, str] | None = None) -> int:
    """Render and write one scene; returns the number of its views.

    threads: for a renderer of its own. versions: of the machine that asks, where this may be another one.
    """
    if versions is not None:
        check_worker(request.out / "manifest.json", versions, versions_of(request))
    if request.meshes:
        which = index % len(request.meshes)
        body = _object(request.meshes[which].path, request.mesh_scale, request.untextured).body
        scene, object_id = compose_mesh_scene(request.seed, index, body, request.photos), which + 1
    else:
        scene = compose_scene(request.seed, index, request.caps, request.photos, request.pose_shares, request.tilt_deg)
        object_id = request.caps[index % len(request.caps)] + 1
    camera = wrist_camera(request.width, request.height)
    numbers, folder = range(request.views_of(index)), request.out / request.split / f"{index:06d}"
    if request.renderer is None:
        views = [render_view(scene, camera, request.seed, index, view, request.photos) for view in numbers]
    else:
        job = folder.with_name(f".{folder.name}.job.part")
        views = render_views(
            request.renderer, scene, camera, numbers, request.seed, index, job, threads, request.photos
        )
    write_scene(folder, views, object_id)
    return len(views)


@lru_cache(maxsize=4)
def _object(path: Path, scale: float, untextured: bool) -> ObjectMesh:
    return load_mesh(path, scale, untextured)


def write_models(request: Request) -> None:
    """Write meshes, models_info.json and camera.json."""
    models = request.out / "models"
    infos = {}
    for number, file in enumerate(request.meshes, start=1):
        body = _object(file.path, request.mesh_scale, request.untextured).body
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


def generate(request: Request, jobs: int = -1, quiet: bool = False, scheduler: str | None = None) -> int:
    """Generate what is missing of a data set; returns the number of views made. Raises DenseGraspError.

    jobs: processes on this machine. scheduler: address of a Dask scheduler whose workers do it instead. Killed at any
    moment, it goes on when called again and ends with the same bytes.
    """
    looks = []
    _object.cache_clear()  # files may have changed since this process read them
    for file in request.meshes:  # all of them are looked at before anything is written
        mesh = _object(file.path, request.mesh_scale, request.untextured)
        looks.append(mesh.look)
        if mesh.open_edges:
            _note(f"mesh {file.path} has holes ({mesh.open_edges} open edges), through which its inside is seen")
        for part in mesh.see_through:
            _note(f"mesh {file.path}: {part} is see-through, it is rendered opaque")
    request = replace(request, looks=tuple(looks))
    made = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with connected(scheduler) as client:
        missing = prepare_folder(request)
        if not (request.out / "camera.json").is_file():
            write_models(request)
        (request.out / request.split).mkdir(parents=True, exist_ok=True)
        remote = client is not None
        asked, threads = (_anywhere(request), 1) if remote else (request, threads_of(jobs))
        tasks = [(asked, index, threads, versions_of(request) if remote else None) for index in missing]
        with Progress(*columns, disable=quiet) as progress:
            task = progress.add_task("views", total=sum(request.views_of(index) for index in missing))
            for count in in_parallel(generate_scene, tasks, jobs, client):
                made += count
                progress.advance(task, count)
    return made


def _note(text: str) -> None:
    print(f"generate: {text}", file=sys.stderr)


def _left_out(arguments: argparse.Namespace, request: Request) -> Iterator[str]:
    """A sentence each for files of the folders given that are not used."""
    for file in other_meshes(arguments.meshes or []):
        yield f"{file} is left out, it is none of {', '.join(SUFFIXES)}: write it as one of them, GLB loses nothing"
    if arguments.shapenet:
        for path in shapenet_without_mesh(arguments.shapenet, arguments.category, request.meshes):
            yield f"{path} is left out, it has no models/model_normalized.obj and no model.obj"
    if request.photos is not None and (unreadable := unreadable_photos(request.photos)):
        yield (
            f"{len(unreadable)} of {len(photo_files(request.photos))} photographs in {request.photos} are left out, "
            f"they cannot be read as pictures: {some_of(path.name for path in unreadable)}"
        )


def _anywhere(request: Request) -> Request:
    """The request with paths that mean the same in every folder of every machine."""
    return replace(
        request,
        out=request.out.resolve(),
        photos=None if request.photos is None else str(Path(request.photos).resolve()),
        meshes=tuple(replace(mesh, path=mesh.path.resolve()) for mesh in request.meshes),
    )


def main(argv: list[str] | None = None) -> int:
    """Run the command; returns 0, or 1 with a message when something cannot be read or written, 130 on Ctrl-C."""
    arguments = build_parser().parse_args(argv)
    try:
        request = parse_request(arguments)
        if arguments.captures:
            most = most_rendered(arguments.rendered_views, True)
            count, objects = convert(arguments.captures, arguments.out, arguments.split, _note, most)
            print(f"{arguments.out}: {count} captures of {objects} objects converted")
            return 0
        for sentence in _left_out(arguments, request):
            _note(sentence)
        jobs = -1 if arguments.jobs is None else arguments.jobs
        made = generate(request, jobs, arguments.quiet, arguments.dask)
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
