"""A scan on disk: one view of it, its surface and what is known of it, without reading all pictures."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.fused_surface import fuse, read_surface
from dense_grasp_core.object_model.scan import ScanError, count_views, read_scan, read_view
from dense_grasp_core.object_model.scan_summary import summary_of, surface_of
from dense_grasp_core.object_model.scan_writer import write_scan

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


@pytest.fixture(scope="module")
def views():
    return [scanned_box.picture(scanned_box.pose_from(90 * number, 35), str(number), number) for number in range(4)]


@pytest.fixture(scope="module")
def surface(views):
    return fuse(views)


@pytest.fixture
def folder(views, surface, tmp_path):
    write_scan(tmp_path / "box", views, surface, {"coverage": 0.4})
    return tmp_path / "box"


def test_one_view_is_that_of_the_whole_scan(folder):
    assert count_views(folder) == 4
    view, all_views = read_view(folder, 2), read_scan(folder)
    assert view.name == all_views[2].name and view.camera == all_views[2].camera
    for part in ("rgb", "depth", "mask", "pose"):
        np.testing.assert_array_equal(getattr(view, part), getattr(all_views[2], part))
    with pytest.raises(IndexError):
        read_view(folder, 4)


def test_the_surface_comes_back(folder, surface):
    found = read_surface(folder / "surface.ply")
    np.testing.assert_allclose(found.points, surface.points, atol=1e-6)
    np.testing.assert_allclose(found.normals, surface.normals, atol=1e-6)
    np.testing.assert_array_equal(found.colours, surface.colours)
    assert np.isnan(found.voxel)


def test_a_file_that_is_no_whole_surface_is_refused_by_name(folder):
    whole = (folder / "surface.ply").read_bytes()
    nan = whole[: whole.index(b"end_header") + 11] + np.full(6, np.nan, "<f4").tobytes()
    for broken in (b"", b"ply\n", whole[:-1], whole + b"x", nan + whole[len(nan) :]):
        (folder / "surface.ply").write_bytes(broken)
        with pytest.raises(ScanError, match=r"surface\.ply"):
            surface_of(folder)


def test_what_is_known_of_a_scan(folder, surface):
    summary = summary_of(folder)
    assert (summary.views, summary.coverage, summary.has_surface) == (4, 0.4, True)
    assert summary.created == (folder / "poses.json").stat().st_mtime
    np.testing.assert_allclose(summary.size, np.ptp(surface.points, axis=0), atol=1e-6)


@pytest.mark.parametrize("told", [None, 1.5, "much", float("nan")])
def test_what_a_scan_does_not_tell_is_not_known(folder, told):
    (folder / "surface.ply").unlink()
    (folder / "scan.json").write_text(json.dumps({"coverage": told}))
    summary = summary_of(folder)
    assert np.isnan(summary.coverage) and not summary.has_surface and summary.size.tolist() == [0, 0, 0]
    (folder / "poses.json").unlink()
    with pytest.raises(ScanError, match=r"poses\.json"):
        summary_of(folder)
