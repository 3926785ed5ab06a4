"""BOP sets as others publish them: symmetries in any models folder, sensors in the names, shared pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from dense_grasp_train.data.bop import BopSet
from dense_grasp_train.data.bop_layout import scene_files, sensors_of
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import LoadError, load_views
from dense_grasp_train.data.view_memory import MemoryLackError, available_bytes, bytes_of, check_memory
from dense_grasp_train.evaluation.evaluate import main as evaluate
from dense_grasp_train.training.train import main as train

SHAPE = (120, 160)
LARGE, SMALL = (slice(20, 80), slice(10, 60)), (slice(20, 50), slice(90, 120))  # 3000 and 900 pixels


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def make_scene(folder: Path, images: int = 2, areas=(LARGE, LARGE), sensor: str = "", value: int = 100) -> Path:
    """A scene whose object ids are 1, 2, ... by area, of one grey value, half a metre away."""
    suffix = f"_{sensor}" if sensor else ""
    pose = {"cam_R_m2c": np.eye(3).ravel().tolist(), "cam_t_m2c": [0, 0, 500]}
    for image in range(images):
        write(folder / f"rgb{suffix}/{image:06d}.png", np.full((*SHAPE, 3), value + image, np.uint8))
        write(folder / f"depth{suffix}/{image:06d}.png", np.full(SHAPE, 500, np.uint16))
        for instance, area in enumerate(areas):
            mask = np.zeros(SHAPE, np.uint8)
            mask[area] = 255
            write(folder / f"mask_visib{suffix}/{image:06d}_{instance:06d}.png", mask)
    names = range(images)
    camera = {"cam_K": [150.0, 0, 79.5, 0, 150.0, 59.5, 0, 0, 1], "depth_scale": 1.0}
    infos = [{"visib_fract": 1.0} for _ in areas]
    for name, content in (
        ("scene_camera", {str(i): camera for i in names}),
        ("scene_gt", {str(i): [pose | {"obj_id": k + 1} for k in range(len(areas))] for i in names}),
        ("scene_gt_info", {str(i): infos for i in names}),
    ):
        (folder / f"{name}{suffix}.json").write_text(json.dumps(content))
    return folder


def symmetric(root: Path, folder: str, number: int) -> None:
    path = root / folder / "models_info.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"1": {"diameter": 9}, "2": {}, str(number): {"symmetries_discrete": [[1] * 16]}}))


@pytest.mark.parametrize("folder", ["models", "models_eval", "models_cad", "models_fine"])
def test_symmetries_are_read_from_whichever_models_folder_has_them(tmp_path, folder):
    make_scene(tmp_path / "train_pbr" / "000000")
    symmetric(tmp_path, folder, 2)
    if folder != "models":
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "models_info.json").write_text(json.dumps({"1": {}, "2": {}}))
    said: list[str] = []
    views = load_views(tmp_path / "train_pbr", say=said.append)
    assert {view.instance for view in views} == {1}
    assert said == [f"{tmp_path / 'train_pbr'}: 2 views are left out, of symmetric objects (2)"]
    bop = BopSet(tmp_path, "train_pbr")
    assert {a.object_id for a in bop.annotations} == {1} and "symmetric objects (2)" in bop.left_out[0]


def test_that_nothing_says_what_is_symmetric_is_said(tmp_path):
    make_scene(tmp_path / "train" / "000000")
    said: list[str] = []
    load_views(tmp_path / "train", say=said.append)
    assert said == BopSet(tmp_path, "train").left_out
    assert "has no models*/models_info.json, so nothing says which objects are symmetric" in said[0]


def test_a_models_info_of_another_kind_is_named(tmp_path):
    make_scene(tmp_path / "train" / "000000")
    (tmp_path / "models_eval").mkdir()
    (tmp_path / "models_eval" / "models_info.json").write_text('["cap"]')
    with pytest.raises(DatasetError, match=r"models_eval/models_info\.json is not the models_info\.json of BOP"):
        ViewDataset(tmp_path / "train")


@pytest.fixture
def sensors(tmp_path):
    """A scene seen by two sensors; the pictures of one are darker."""
    for name, value in (("realsense", 100), ("photoneo", 20)):
        make_scene(tmp_path / "val" / "000000", sensor=name, value=value)
    symmetric(tmp_path, "models", 9)
    return tmp_path


def test_a_sensor_is_chosen_by_its_name(sensors):
    assert sensors_of(sensors / "val" / "000000") == ["photoneo", "realsense"]
    for name, value in (("realsense", 100), ("photoneo", 20)):
        views = load_views(sensors / "val", sensor=name)
        assert len(views) == 4 and views[0].rgb[0, 0, 0] == value
        annotation = BopSet(sensors, "val", name).annotations[0]
        assert annotation.scene.colour(0) == sensors / f"val/000000/rgb_{name}/000000.png"


@pytest.mark.parametrize(
    ("sensor", "message"),
    [
        (None, r"000000 was seen by several sensors, expected --sensor with one of photoneo, realsense"),
        ("kinect", r"--sensor is 'kinect', expected one that .*000000 has: photoneo, realsense"),
    ],
)
def test_a_sensor_that_is_not_there_is_named(sensors, sensor, message, capsys):
    with pytest.raises(DatasetError, match=message):
        load_views(sensors / "val", sensor=sensor)
    with pytest.raises(DatasetError, match=message):
        BopSet(sensors, "val", sensor)
    words = ["--data", str(sensors / "val"), "--out", str(sensors / "net.safetensors"), "--quiet"]
    assert train([*words, *(["--sensor", sensor] if sensor else [])]) == 2
    assert "--sensor" in capsys.readouterr().err


def test_a_sensor_without_a_bop_set_is_refused(capsys):
    assert evaluate(["--sensor", "realsense"]) == 2
    assert "--sensor realsense is for --bop, which is not given" in capsys.readouterr().err


def test_the_only_sensor_needs_no_name_and_a_set_without_has_none(tmp_path):
    make_scene(tmp_path / "val" / "000000", sensor="cam1")
    assert scene_files(tmp_path / "val" / "000000").sensor == "cam1" and len(load_views(tmp_path / "val")) == 4
    make_scene(tmp_path / "train" / "000000")
    with pytest.raises(DatasetError, match=r"--sensor is 'cam1', and .*000000 has no sensors in its names"):
        load_views(tmp_path / "train", sensor="cam1")


def test_a_sensor_without_depth_is_named(sensors):
    (sensors / "val/000000/depth_photoneo/000001.png").unlink()
    with pytest.raises(DatasetError, match="000000 lacks depth_photoneo/000001"):
        load_views(sensors / "val", sensor="photoneo")


def test_instances_share_their_picture(tmp_path):
    make_scene(tmp_path / "train" / "000000", areas=[LARGE] * 5)
    views = load_views(tmp_path / "train")
    assert len(views) == 10 and len({id(view.rgb) for view in views}) == 2
    assert bytes_of(views) == 2 * 120 * 160 * 3 + 10 * 3000 * (1 + 4 + 8 + 1)


def test_views_are_spread_over_the_set(tmp_path):
    for scene in range(5):
        make_scene(tmp_path / "train" / f"{scene:06d}", images=4, areas=[LARGE], value=10 * scene)
    values = [int(view.rgb[0, 0, 0]) for view in load_views(tmp_path / "train", limit=3)]
    assert len(values) == 3 and values[0] // 10 == 0 and values[1] // 10 == 2 and values[2] // 10 == 4


def test_what_would_not_fit_is_refused_before_it_is_loaded(tmp_path, monkeypatch, capsys):
    make_scene(tmp_path / "train" / "000000", images=8, areas=[LARGE] * 3)
    monkeypatch.setattr("dense_grasp_train.data.view_memory.available_bytes", lambda: 1_000_000)
    loaded = []
    honest = ViewDataset.load
    monkeypatch.setattr(
        ViewDataset, "load", lambda self, key, frame=None: loaded.append(key) or honest(self, key, frame)
    )
    with pytest.raises(
        MemoryLackError, match=r"about 1\.5 MB of memory \(24 views in 8 pictures\).* 0\.7 MB are free .*--views 11 "
    ):
        load_views(tmp_path / "train")
    assert len(set(loaded)) == 18  # of the six pictures by which it was estimated
    assert len(load_views(tmp_path / "train", limit=11)) == 11
    words = ["--data", str(tmp_path / "train"), "--out", str(tmp_path / "net.safetensors"), "--quiet"]
    assert train(words) == 2 and "--views 11 reads so many" in capsys.readouterr().err
    assert train([*words, "--views", "0"]) == 2 and "--views is 0, expected 1 or more" in capsys.readouterr().err


def test_the_memory_of_a_container_counts(tmp_path):
    for name, text in (("memory.max", "1000000"), ("memory.current", "600000"), ("memory.stat", "inactive_file 50000")):
        (tmp_path / name).write_text(text + "\n")
    assert available_bytes(tmp_path) == 450_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_bytes(tmp_path) > 450_000
    assert available_bytes(tmp_path / "nowhere") > 450_000
    check_memory(tmp_path, 600, 1, 1, available=1000)
    with pytest.raises(MemoryLackError, match=r"about 250\.0 GB of memory \(1000 views in 500 pictures\)"):
        check_memory(tmp_path, 250e9, 500, 1000, available=10**9)


def test_every_view_left_out_is_counted_and_explained(tmp_path):
    scene = make_scene(tmp_path / "train" / "000000", areas=(LARGE, SMALL))
    symmetric(tmp_path, "models", 9)
    depth = np.full(SHAPE, 500, np.uint16)
    depth[LARGE] = 0
    write(scene / "depth/000001.png", depth)
    said: list[str] = []
    assert len(load_views(tmp_path / "train", say=said.append)) == 1
    root = tmp_path / "train"
    assert said == [
        f"{root}: 2 of 4 views are left out, they show fewer than 2000 pixels of the object: come closer or take "
        "larger pictures (scene 0 image 0, scene 0 image 1)",
        f"{root}: 1 of 4 views are left out, they have depth on fewer than 2000 pixels of the object, which shows "
        "more: see whether the depth is aligned to the colour (scene 0 image 1)",
    ]
    for image in range(2):
        write(scene / f"mask_visib/{image:06d}_000000.png", np.zeros(SHAPE, np.uint8))
    with pytest.raises(LoadError, match="train has no view with 2000 pixels of the object"):
        load_views(root, say=said.append)
    assert "4 of 4 views are left out" in said[-1]
