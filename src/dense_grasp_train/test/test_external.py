"""Renderers in a process of their own: messages, the whole way with a small one, and Blender where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import made_meshes
import numpy as np
import pytest
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.render.external.process import blender, blenderproc, default_python, explain
from dense_grasp_train.render.external.renderer import threads_of
from dense_grasp_train.render.raycast import RenderError

OPTIONS = ["--views", "2", "--caps", "0-1", "--size", "160x120", "--seed", "3", "--quiet", "--jobs", "1"]
needs_blender = pytest.mark.skipif(
    not default_python().exists(), reason=f"Blender is not installed in {default_python().parents[1]}: make blender"
)

# A renderer that keeps to the job folder and to nothing else: it ray-casts what it is told and paints everything red.
SMALL_RENDERER = """
import json, sys
from pathlib import Path
sys.path[:0] = {path!r}
import numpy as np
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_train.render.raycast import RayCaster, RenderMesh
if "-c" in sys.argv:
    print("1.2.3")
    raise SystemExit
folder = Path(sys.argv[-1])
job = json.loads((folder / "job.json").read_text())
meshes = []
for number in range(len(job["meshes"])):
    a = np.load(folder / f"mesh_{{number}}.npz")
    meshes.append(RenderMesh(a["vertices"], a["faces"], a["normals"], a["uv"], np.zeros((1, 1, 3), np.uint8)))
camera = CameraModel(*(job[k] for k in ("width", "height", "fx", "fy", "cx", "cy")))
for view, pose in enumerate(job["poses"]):
    depth = RayCaster(meshes).cast(camera, np.array(pose)).depth + {offset}
    light = np.zeros((*depth.shape, 4))
    light[depth > 0] = 1, 0, 0, 1
    np.savez(folder / f"view_{{view:06d}}.npz", light=light, depth=depth)
{after}
"""


def small_renderer(folder: Path, offset: float = 0.0, after: str = "") -> str:
    """Words for --blenderproc that run the small renderer in place of BlenderProc's script."""
    script = folder / "small_renderer.py"
    script.write_text(SMALL_RENDERER.format(path=sys.path, offset=offset, after=after))
    return f"{sys.executable} {script}"


@pytest.fixture(scope="module")
def ray_cast(tmp_path_factory):
    root = tmp_path_factory.mktemp("ray_cast") / "set"
    assert generate.main(["--out", str(root), *OPTIONS]) == 0
    return ViewDataset(root)


def labels_agree(ours: ViewDataset, other: ViewDataset) -> None:
    """Depth, mask, pose and surface coordinates are the same bytes, whoever made the colours."""
    assert len(ours) == len(other)
    for a, b in zip(ours, other):
        for name in ("depth", "mask", "part", "part_uv", "camera_from_object"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert not np.array_equal(a.rgb, b.rgb)


def test_a_job_is_enough_to_render_from(ray_cast, tmp_path):
    command = ["--out", str(tmp_path / "set"), *OPTIONS, "--renderer", "blenderproc", "--samples", "9"]
    assert generate.main([*command, "--blenderproc", small_renderer(tmp_path)]) == 0
    data = ViewDataset(tmp_path / "set")
    labels_agree(ray_cast, data)
    for view in data:
        assert view.rgb[view.mask].mean(0)[0] > 10 * view.rgb[view.mask].mean(0)[1:].max()
    assert data.manifest["renderer"] == "blenderproc" and data.manifest["samples"] == 9
    assert data.manifest["versions"]["blenderproc"] == "1.2.3"
    assert not list((tmp_path / "set").rglob("*.part"))


@pytest.mark.parametrize(
    ("offset", "after", "message"),
    [
        (0.004, "", r"depth of blenderproc 1\.2\.3 and of the ray caster differ by 4\.0 mm on the object"),
        (0.0, "sys.exit('the lamp is broken')", "blenderproc ended with status 1: the lamp is broken"),
        (0.0, "(folder / 'view_000001.npz').unlink()", r"view_000001\.npz was not rendered"),
    ],
)
def test_a_renderer_that_fails_is_named_and_leaves_no_scene(tmp_path, capsys, offset, after, message):
    import re

    words = small_renderer(tmp_path, offset, after)
    command = ["--out", str(tmp_path / "set"), *OPTIONS, "--renderer", "blenderproc", "--blenderproc", words]
    assert generate.main(command) == 1
    assert re.search(message, capsys.readouterr().err)
    assert not list((tmp_path / "set" / "train").iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--renderer", "blender", "--blender-python", "/nowhere/python"], "`make blender` installs one"),
        (["--renderer", "blender", "--blender-python", sys.executable], "cannot import bpy: "),
        (["--renderer", "blenderproc", "--blenderproc", "/nowhere/blenderproc run"], "cannot be started: No such file"),
        (["--renderer", "blenderproc", "--blenderproc", f"{sys.executable} run"], "does not run BlenderProc"),
        (["--renderer", "blenderproc", "--blenderproc", " "], "--blenderproc is empty"),
        (["--samples", "4"], "--samples is 4 with --renderer embree"),
        (["--renderer", "blender", "--samples", "0"], "--samples is 0"),
        (["--dask", "nonsense"], "--dask is 'nonsense', expected the address of a scheduler"),
        (["--dask", "tcp://localhost:8786"], "--jobs 1 and --dask exclude each other"),
        (["--renderer", "blender", "--captures", "folder"], "--captures are converted as they are"),
    ],
)
def test_wrong_options_are_named_and_nothing_is_written(options, message, tmp_path, capsys):
    assert generate.main(["--out", str(tmp_path / "set"), *OPTIONS, *options]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_a_library_that_is_missing_is_named_with_its_package():
    said = "ImportError: libXrender.so.1: cannot open shared object file: No such file or directory\n"
    assert "`apt-get install libxrender1`" in explain(subprocess.CompletedProcess([], 1, "", said))
    assert explain(subprocess.CompletedProcess([], 1, "", "")) == "it said nothing"


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert [threads_of(jobs) for jobs in (1, 2, 3, 20, -1)] == [8, 4, 2, 1, 1]


@needs_blender
def test_cycles_sees_what_the_ray_caster_sees(ray_cast, tmp_path):
    roots = [tmp_path / name for name in ("set", "again")]
    for root, jobs in zip(roots, ("1", "2")):
        command = ["--out", str(root), *OPTIONS[:-1], jobs, "--renderer", "blender"]
        assert generate.main([*command, "--views-per-scene", "2"]) == 0
    data, again = (ViewDataset(root) for root in roots)
    labels_agree(ray_cast, data)
    assert data.manifest["versions"]["blender"].startswith("4.2")
    for view, repeated, other in zip(data, again, ray_cast):
        np.testing.assert_array_equal(view.rgb, repeated.rgb)
        # Other light, other tone curve, other noise: the same picture for all that, and not when it is mirrored.
        ours, theirs = (v.rgb.astype(float).mean(2).ravel() for v in (view, other))
        mirrored = view.rgb[:, ::-1].astype(float).mean(2).ravel()
        assert np.corrcoef(ours, theirs)[0, 1] > max(0.6, np.corrcoef(mirrored, theirs)[0, 1] + 0.2)


@needs_blender
@pytest.mark.parametrize("principal", [(79.5, 59.5), (71.0, 66.25)])
def test_depth_of_cycles_is_that_of_the_ray_caster(tmp_path, principal):
    from dense_grasp_core.geometry.camera import CameraModel
    from dense_grasp_train.render.external.job import read_picture, write_job
    from dense_grasp_train.render.external.process import render
    from dense_grasp_train.render.raycast import RayCaster
    from dense_grasp_train.render.scene import aimed_camera, compose_scene

    camera = CameraModel(160, 120, 150.0, 165.0, *principal)
    scene = compose_scene(0, 0, (0,))
    pose, _ = aimed_camera(scene, camera, 0, 0, 1)
    write_job(tmp_path, scene, camera, [pose], 1, 0, 1)
    render(blender(None, 1), tmp_path)
    seen = RayCaster(list(scene.meshes)).cast(camera, pose)
    mask = seen.mesh == 0
    difference = np.abs(read_picture(tmp_path, 0, camera).depth - seen.depth)[mask]
    assert mask.sum() > 1000
    assert np.median(difference) < 2e-5 and np.quantile(difference, 0.95) < 2e-4


@needs_blender
def test_materials_of_a_mesh_have_the_colours_of_the_ray_caster(tmp_path):
    """Several pictures with factors, mirrored, and vertex colours, under light that leaves colours as they are."""
    from dense_grasp_core.geometry.camera import CameraModel
    from dense_grasp_train.render.external.job import read_picture, write_job
    from dense_grasp_train.render.external.process import render
    from dense_grasp_train.render.mesh_source import load_mesh
    from dense_grasp_train.render.raycast import RayCaster
    from dense_grasp_train.render.scene import RenderScene
    from dense_grasp_train.render.shading import Lighting, shade
    from dense_grasp_train.render.srgb import srgb_from_linear

    camera, above = CameraModel(65, 65, 60.0, 60.0, 32.0, 32.0), np.diag([1.0, -1.0, -1.0, 1.0])
    above[:3, 3] = 0.1, 0.1, 0.2
    even = Lighting((0, 0, 1), (0, 0, 0), (1, 1, 1), 0, 0, occlusion=0.0, occlusion_rays=0)
    half, mirror = made_meshes.pbr((0.5, 0.5, 0.5), True), {"wrapS": 33648, "wrapT": 33648}
    sampled = {"textures": [{"source": 0, "sampler": 0}], "samplers": [mirror]}
    twice = [(2 * u, 2 * v) for u, v in made_meshes.UV]
    made = made_meshes.glb(tmp_path / "a.glb", [half, made_meshes.pbr((0, 1, 0))], right=1, uv=twice, **sampled)
    coloured = made_meshes.obj(tmp_path / "b.obj", None, None, None, colours=[(0.2, 0.4, 0.6)] * 6)
    places = tuple(
        (32 - round(60 * (v - 0.5)), 32 + round(60 * (u - 0.5))) for u in (0.125, 0.375, 0.75) for v in (0.1, 0.4)
    )
    for path in (made, coloured):
        scene = RenderScene(None, "tilted", np.eye(4), (load_mesh(path).body,), even, None)
        job = tmp_path / path.stem
        job.mkdir()
        write_job(job, scene, camera, [above], 16, 0, 1)
        render(blender(None, 16), job)
        caster = RayCaster(list(scene.meshes))
        black, rng = np.zeros((65, 65, 3), np.uint8), np.random.default_rng(0)
        ours, _ = shade(camera, above, caster, caster.cast(camera, above), even, None, black, rng)
        theirs = srgb_from_linear(read_picture(job, 0, camera).light[..., :3])
        np.testing.assert_allclose([theirs[p] for p in places], [ours[p] for p in places], atol=2.0)


@pytest.mark.skipif(
    "DENSE_GRASP_BLENDERPROC" not in os.environ,
    reason="DENSE_GRASP_BLENDERPROC does not say how BlenderProc is run, e.g. 'blenderproc run'",
)
def test_blenderproc_sees_what_the_ray_caster_sees(ray_cast, tmp_path):
    command = ["--out", str(tmp_path / "set"), *OPTIONS, "--renderer", "blenderproc"]
    assert generate.main([*command, "--blenderproc", os.environ["DENSE_GRASP_BLENDERPROC"]]) == 0
    labels_agree(ray_cast, ViewDataset(tmp_path / "set"))


@needs_blender
def test_blender_s_own_message_reaches_the_user(tmp_path):
    from dense_grasp_train.render.external.process import render

    (tmp_path / "job.json").write_text('{"poses": []}')
    with pytest.raises(RenderError, match=r"blender ended with status 1: .*KeyError: 'meshes'"):
        render(blender(None, 1), tmp_path)


def test_blenderproc_is_asked_for_its_version(tmp_path):
    found = blenderproc(small_renderer(tmp_path), 4)
    assert found.version == "1.2.3" and found.command[-1].endswith("blenderproc_script.py")
