"""A bank is kept in one file, which belongs to one scan; and a click becomes a point of the object."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import transform
from dense_grasp_core.object_model.bank_file import bank_path, fingerprint, read_bank, write_bank
from dense_grasp_core.object_model.clicked_point import ClickError, clicked_point, view_point
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.view_bank import build

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
CAMERA, HALF = scanned_box.CAMERA, scanned_box.HALF
CORNER = np.array([HALF[0], 0.02, 0.03])  # on the face towards azimuth 0


@pytest.fixture(scope="module")
def bank():
    return build(scanned_box.scan()[:4], scanned_box.describe, 4)


def test_a_bank_is_read_as_it_was_written(bank, tmp_path):
    path = bank_path(tmp_path, "abc")
    write_bank(path, bank, "scan")
    again = read_bank(path, "scan")
    np.testing.assert_array_equal(again.surface, bank.surface)
    np.testing.assert_array_equal(again.virtual_from_object, bank.virtual_from_object)
    assert again.radius == bank.radius and again.rolls == 4
    for look in ("fine", "coarse"):
        for of_view, expected in zip(getattr(again, look), getattr(bank, look), strict=True):
            for cells, kept in zip(of_view, expected, strict=True):
                np.testing.assert_array_equal(cells.index, kept.index)
                np.testing.assert_array_equal(cells.colours, kept.colours)
                np.testing.assert_allclose(cells.points_object, kept.points_object, atol=1e-6)
                np.testing.assert_allclose(cells.descriptors, kept.descriptors, atol=1e-3)
    np.testing.assert_allclose(again.keypoint(CORNER), bank.keypoint(CORNER), atol=2e-3)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_bank_of_another_scan_or_a_damaged_one_is_none(bank, tmp_path):
    path = bank_path(tmp_path, "abc")
    assert read_bank(path, "scan") is None
    write_bank(path, bank, "scan")
    assert read_bank(path, "another") is None
    path.write_bytes(path.read_bytes()[:2000])
    assert read_bank(path, "scan") is None
    path.write_bytes(b"")
    assert read_bank(path, "scan") is None


def test_the_fingerprint_follows_the_pictures_and_poses_alone(tmp_path):
    for part in ("rgb", "depth", "mask"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "0.png").write_bytes(b"picture")
    (tmp_path / "poses.json").write_text("{}")
    first = fingerprint(tmp_path)
    (tmp_path / "bank-abc.npz").write_bytes(b"bank")
    (tmp_path / "rgb" / "._0.png").write_bytes(b"rubbish")
    assert fingerprint(tmp_path) == first
    (tmp_path / "mask" / "0.png").write_bytes(b"picturf")
    assert fingerprint(tmp_path) != first
    with pytest.raises(ScanError, match="cannot be read"):
        fingerprint(tmp_path / "rgb")


@pytest.mark.parametrize("with_depth", [True, False], ids=["depth", "surface"])
def test_a_click_in_a_picture_is_a_point_of_the_box(bank, with_depth):
    view = scanned_box.picture(scanned_box.pose_from(10, 30, 0.5, 40), seed=50)
    depth = view.depth if with_depth else np.full_like(view.depth, np.nan)
    u, v = CAMERA.project(transform(view.pose, CORNER)[None])[0]
    point = clicked_point(bank, view.pose, CAMERA, u, v, depth)
    assert np.linalg.norm(point - CORNER) < (0.004 if with_depth else 0.01)
    with pytest.raises(ClickError, match="not on the object"):
        clicked_point(bank, view.pose, CAMERA, 3.0, 3.0, depth)


def test_a_click_beside_the_object_with_depth_is_refused(bank):
    view = scanned_box.picture(scanned_box.pose_from(10, 30, 0.5, 40), seed=50)
    table = np.where(view.depth > 0, view.depth, 0.6)
    with pytest.raises(ClickError, match=r"mm from the scanned surface, expected at most"):
        clicked_point(bank, view.pose, CAMERA, 3.0, 3.0, table)


def test_a_click_in_a_view_needs_the_object_and_depth():
    view = scanned_box.picture(scanned_box.pose_from(0, 35), "07", seed=1)
    u, v = CAMERA.project(transform(view.pose, CORNER)[None])[0]
    assert np.linalg.norm(view_point(view, u, v) - CORNER) < 0.003
    with pytest.raises(ClickError, match="view 07 is not on the object"):
        view_point(view, 3.0, 3.0)
    with pytest.raises(ClickError, match="inside the 320x240 picture"):
        view_point(view, 320.0, 3.0)
    view.depth[:] = 0.0
    with pytest.raises(ClickError, match="no depth"):
        view_point(view, u, v)
