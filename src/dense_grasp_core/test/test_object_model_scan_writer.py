"""A scan is written whole, in the layout that its reader takes, or not at all."""

from __future__ import annotations

import importlib.util
import json
import resource
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanError, read_scan
from dense_grasp_core.object_model.scan_writer import write_scan

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


@pytest.fixture(scope="module")
def views():
    return scanned_box.scan()[:4]


@pytest.fixture(scope="module")
def surface(views):
    return fuse(views)


@contextmanager
def largest_file(size):
    """No file of this process may grow beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_is_written_is_read_again(views, surface, tmp_path):
    folder = tmp_path / "shelf" / "box"
    write_scan(folder, views, surface, {"object": "box"}, {"sheet.png": np.zeros((8, 8, 3), np.uint8)})
    again = read_scan(folder)
    assert [view.name for view in again] == ["000000", "000001", "000002", "000003"]
    for before, after in zip(views, again, strict=True):
        np.testing.assert_array_equal(after.rgb, before.rgb)
        np.testing.assert_array_equal(after.mask, before.mask)
        np.testing.assert_allclose(after.depth, before.depth, atol=6e-5)
        np.testing.assert_allclose(after.pose, before.pose)
        assert after.camera == before.camera
    about = json.loads((folder / "scan.json").read_text())
    assert about["object"] == "box" and about["pictures"]["000001"] == views[1].name
    assert (folder / "sheet.png").is_file() and (folder / "surface.ply").is_file()
    assert not list(tmp_path.rglob("*.part"))


def test_it_is_a_scene_of_bop(views, surface, tmp_path):
    write_scan(tmp_path / "box", views, surface, {}, lossy=True)
    poses = json.loads((tmp_path / "box" / "scene_gt.json").read_text())
    np.testing.assert_allclose(np.array(poses["2"][0]["cam_t_m2c"]) / 1000.0, views[2].pose[:3, 3])
    camera = json.loads((tmp_path / "box" / "scene_camera.json").read_text())["2"]
    assert camera["cam_K"][0] == views[2].camera.fx and camera["depth_scale"] == 0.1
    assert (tmp_path / "box" / "mask_visib" / "000002_000000.png").is_file()
    assert (tmp_path / "box" / "rgb" / "000002.jpg").is_file()


def test_a_full_disk_leaves_nothing(views, surface, tmp_path):
    with largest_file(40_000), pytest.raises(ScanError, match="cannot be written, nothing of it is kept"):
        write_scan(tmp_path / "box", views, surface, {})
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_a_scan_is_refused(views, surface, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("dear")
    with pytest.raises(ScanError, match="holds something already"):
        write_scan(tmp_path / "mine", views, surface, {})
    other = replace(views[1], camera=replace(views[1].camera, fx=310.0))
    with pytest.raises(ScanError, match="several cameras"):
        write_scan(tmp_path / "box", [views[0], other], surface, {})
    bent = [replace(view, camera=replace(view.camera, distortion=(0.1, 0.0, 0.0, 0.0))) for view in views]
    with pytest.raises(ScanError, match="expected undistorted pictures"):
        write_scan(tmp_path / "box", bent, surface, {})
    assert (tmp_path / "mine" / "thesis.txt").is_file() and not (tmp_path / "box").exists()
