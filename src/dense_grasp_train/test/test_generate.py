import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import PART_NAMES, cap_point, make_cap_params
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.files import DatasetError, read_image

OPTIONS = [
    "--views",
    "5",
    "--views-per-scene",
    "2",
    "--caps",
    "0-1",
    "--size",
    "160x120",
    "--jobs",
    "1",
    "--quiet",
]


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "set"
    assert generate.main(["--out", str(root), *OPTIONS]) == 0
    return root


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "set")


def test_layout_is_that_of_bop(made):
    names = set(digest(made))
    assert {"manifest.json", "camera.json", "models/models_info.json", "models/obj_000001.ply"} <= names
    for folder in (
        "rgb/000001.png",
        "depth/000001.png",
        "mask/000001_000000.png",
        "mask_visib/000001_000000.png",
    ):
        assert f"train/000000/{folder}" in names
    poses = json.loads((made / "train/000001/scene_gt.json").read_text())
    assert poses["0"][0]["obj_id"] == 2 and len(poses["0"][0]["cam_R_m2c"]) == 9
    cameras = json.loads((made / "train/000001/scene_camera.json").read_text())
    assert len(cameras["1"]["cam_K"]) == 9 and cameras["1"]["depth_scale"] == 0.1
    assert not [name for name in names if name.endswith(".part")]


def test_reader_gives_what_was_rendered(made):
    data = ViewDataset(made)
    assert len(data) == 5
    assert data.by_scene() == {0: [0, 1], 1: [2, 3], 2: [4]}
    assert data.by_object() == {1: [0, 1, 4], 2: [2, 3]}
    view = data[2]
    assert view.rgb.shape == (120, 160, 3) and view.rgb.dtype == np.uint8
    assert view.depth.dtype == np.float32 and 0.2 < view.depth[view.mask].mean() < 1.2
    assert view.cap_seed == 1 and ((view.part >= 0) == view.mask).all()
    params = make_cap_params(1)
    for index in np.unique(view.part[view.mask]):
        rows, columns = np.nonzero(view.part == index)
        uv = view.part_uv[rows, columns].astype(float)
        points = cap_point(params, PART_NAMES[index], uv[:, 0], uv[:, 1])
        points = points @ view.camera_from_object[:3, :3].T + view.camera_from_object[:3, 3]
        pixels = view.camera.project(points)
        assert np.median(np.hypot(pixels[:, 0] - columns, pixels[:, 1] - rows)) < 1.5
        assert np.median(np.abs(points[:, 2] - view.depth[rows, columns])) < 0.003


def test_same_seed_gives_the_same_bytes_with_any_number_of_processes(made, tmp_path):
    other = tmp_path / "set"
    assert generate.main(["--out", str(other), *[o if o != "1" else "2" for o in OPTIONS]]) == 0
    assert digest(other) == digest(made)


def test_killed_run_resumes_to_the_same_bytes(made, tmp_path):
    root = tmp_path / "set"
    command = [sys.executable, "-m", "dense_grasp_train", "generate", "--out", str(root), *OPTIONS]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    deadline = time.monotonic() + 120
    while not (root / "train/000000").is_dir() and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (root / "train/000000").is_dir()
    (root / "train/.000002.part/rgb").mkdir(parents=True, exist_ok=True)
    (root / "train/.000002.part/rgb/000000.png").write_bytes(b"half")
    (root / ".camera.json.1.part").write_bytes(b"half")
    assert generate.main(["--out", str(root), *OPTIONS]) == 0
    assert digest(root) == digest(made)


def test_unfinished_set_is_told_from_a_finished_one(copy):
    shutil.rmtree(copy / "train/000001")
    with pytest.raises(DatasetError, match="2 of 3 scenes"):
        ViewDataset(copy)
    assert len(ViewDataset(copy, partial=True)) == 3


def test_damaged_files_are_named(copy):
    picture = copy / "train/000000/rgb/000000.png"
    picture.write_bytes(picture.read_bytes()[:50])
    with pytest.raises(DatasetError, match=r"rgb/000000\.png"):
        ViewDataset(copy)[0]
    picture.unlink()
    with pytest.raises(DatasetError, match=r"000000 lacks rgb or gray/000000"):
        ViewDataset(copy)
    (copy / "manifest.json").write_text("{")
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        ViewDataset(copy)
    with pytest.raises(DatasetError, match="does not exist"):
        ViewDataset(copy / "nowhere")


def test_views_without_coordinates_still_load(copy):
    shutil.rmtree(copy / "train/000000/coord")
    view = ViewDataset(copy)[0]
    assert view.part is None and view.part_uv is None and view.mask.any()


def test_model_is_a_ply_in_millimetres(made):
    import trimesh

    mesh = trimesh.load(made / "models/obj_000001.ply", process=False)
    info = json.loads((made / "models/models_info.json").read_text())["1"]
    assert np.ptp(mesh.vertices[:, 0]) == pytest.approx(info["size_x"], abs=1e-2)
    assert 220 < info["size_x"] < info["diameter"] < 330
    assert info["cap"]["seed"] == 0
    assert read_image(made / "models/obj_000001.png").shape[2] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--views", "0"], "--views is 0"),
        (["--caps", "9-3"], "9-3"),
        (["--size", "640"], "--size is '640'"),
        (["--jobs", "0"], "--jobs is 0"),
        (["--split", "../x"], "--split"),
        (["--seed", "-1"], "--seed is -1"),
        (["--photos", "/nonexistent"], "/nonexistent"),
        (["--poses", "upside_down=1"], "'upside_down=1', expected crown_down, crown_up, tilted"),
        (["--poses", "crown_up=0"], "expected a weight above 0"),
        (["--tilt", "5"], "--tilt is 5, expected degrees above 15"),
        (["--tilt", "60", "--meshes", "x.obj"], "--tilt is 60.0, expected it with caps alone"),
    ],
)
def test_wrong_options_are_named(change, message, tmp_path, capsys):
    assert generate.main(["--out", str(tmp_path / "set"), *OPTIONS, *change]) == 1
    assert message in capsys.readouterr().err


def test_folder_of_other_settings_or_of_other_files_is_refused(copy, tmp_path, capsys):
    assert generate.main(["--out", str(copy), *OPTIONS, "--seed", "9"]) == 1
    assert "seed 0 instead of 9" in capsys.readouterr().err
    assert generate.main(["--out", str(copy), *OPTIONS, "--tilt", "70"]) == 1
    assert "tilt_deg None instead of 70" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    assert generate.main(["--out", str(tmp_path / "mine"), *OPTIONS]) == 1
    assert "not empty" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert generate.main(["--out", str(tmp_path / "file" / "set"), *OPTIONS]) == 1
    assert "file" in capsys.readouterr().err


def test_caps_lie_and_are_seen_as_asked(tmp_path):
    from dense_grasp_train.data.generate_request import build_parser, manifest_of, parse_request

    asked = build_parser().parse_args(["--out", str(tmp_path / "s"), "--poses", "crown_up=3,tilted=1", "--tilt", "75"])
    request = parse_request(asked)
    assert request.pose_shares == (0.0, 0.75, 0.25) and manifest_of(request)["tilt_deg"] == 75.0
    plain = parse_request(build_parser().parse_args(["--out", str(tmp_path / "s")]))
    assert not {"pose_shares", "tilt_deg"} & set(manifest_of(plain))
