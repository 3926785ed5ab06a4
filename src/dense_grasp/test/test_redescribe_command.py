"""The command `redescribe` with the shipped networks."""

import sqlite3
from contextlib import closing

import cv2
import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.perception.redescribe_command import main
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.store import DescriptorStore

MODELS = share_directory() / "models"
OLD, NEW = MODELS / "compact_caps.safetensors", MODELS / "general.safetensors"
WIDTH, HEIGHT = 160, 128
CAMERA = CameraModel(WIDTH, HEIGHT, 150.0, 150.0, 79.5, 63.5)
POINTS = {"contact": (60.0, 70.0), "axis_a": (110.0, 40.0)}


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """(H, W, 3) uint8, blobs of every size."""
    noise = np.random.default_rng(3).normal(size=(HEIGHT, WIDTH, 3))
    blurred = sum(cv2.GaussianBlur(noise, (0, 0), sigma) * sigma for sigma in (1.0, 3.0, 9.0))
    return cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


@pytest.fixture(scope="module")
def networks():
    return {path: DescriptorExtractor(path, threads=1) for path in (OLD, NEW)}


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    return tmp_path / "dense_grasp.db"


@pytest.fixture
def store(path, picture, networks):
    opened = DescriptorStore(str(path))
    teach(opened, picture, networks[OLD])
    yield opened
    opened.close()


def teach(store, rgb, by, **fields):
    grid = DescriptorGrid.from_array(by(rgb), by.stride, (HEIGHT, WIDTH))
    png = cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()
    for keypoint, (u, v) in POINTS.items():
        fields = {"camera": CAMERA, "picture": png, "overwrite": True, **fields}
        store.add("cap", keypoint, grid.sample(u, v), by.model_id, u, v, **fields)


def test_a_store_is_described_by_the_other_network_and_back(store, tmp_path, picture, networks, capsys):
    assert main(["--model", str(NEW), "--threads", "1"]) == 0
    told = capsys.readouterr().out
    assert f"2 keypoints are described by general ({networks[NEW].model_id})" in told
    afresh = DescriptorStore(str(tmp_path / "afresh.db"))
    teach(afresh, picture, networks[NEW], network="general")
    for row, taught in zip(store.get_all("cap"), afresh.get_all("cap"), strict=True):
        assert (row.model_id, row.network, row.keypoint) == (taught.model_id, taught.network, taught.keypoint)
        np.testing.assert_allclose(row.descriptor, taught.descriptor, atol=0.02)  # the graph may compute in bfloat16
    assert main(["--model", str(NEW)]) == 1 and "all 2 keypoints are described by it" in capsys.readouterr().err
    assert main(["--undo"]) == 0 and "2 keypoints are described as they were before" in capsys.readouterr().out
    assert {row.model_id for row in store.get_all("cap")} == {networks[OLD].model_id}
    assert main(["--undo"]) == 1 and "nothing to undo" in capsys.readouterr().err


def test_what_cannot_be_described_is_said_in_one_line(store, path, picture, networks, capsys, tmp_path):
    assert main([]) == 1 and "--model is empty" in capsys.readouterr().err
    assert main(["--model", str(tmp_path / "none.safetensors")]) == 1 and "none.safetensors" in capsys.readouterr().err
    assert main(["--model", str(NEW), "--store", str(tmp_path / "no.db")]) == 1
    assert "is not there" in capsys.readouterr().err
    teach(store, picture, networks[OLD], picture=b"")
    assert main(["--model", str(NEW)]) == 1
    assert "2 of 2 keypoints have no picture to describe: cap/axis_a, cap/contact" in capsys.readouterr().err
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE dense_grasp_schema SET version = 99")
    assert main(["--model", str(NEW)]) == 1 and "update dense_grasp" in capsys.readouterr().err


def test_a_store_that_0_1_0_has_open_is_left_alone(store, path, capsys):
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as older:
        older.execute("PRAGMA journal_mode=WAL")
        older.execute("BEGIN")
        older.execute("SELECT count(*) FROM descriptors").fetchone()
        assert main(["--model", str(NEW)]) == 1
    assert "in use by a process of dense_grasp 0.1.0" in capsys.readouterr().err
