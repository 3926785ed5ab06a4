"""Scans as the services show them: their list, one picture with its pose, their surface; and what cannot be shown."""

import importlib.util
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from dense_grasp.perception import scan_services
from dense_grasp.perception.clouds import POINT
from dense_grasp.perception.messages import camera_from_info
from dense_grasp.perception.scan_services import MOST_POINTS, ScanServices
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_ros.poses import pose_matrix

from dense_grasp_interfaces.srv import GetScanSurface, GetScanView, ListScans

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A scan as the arm keeps it."""
    folder = tmp_path_factory.mktemp("made")
    views = read_scan(scanned_box.write_scan(folder / "bare"))
    write_scan(folder / "box", views, fuse(views), {"coverage": 0.25})
    return folder


@pytest.fixture
def root(made, tmp_path):
    """A folder with a whole scan, one without a surface, and one that cannot be read."""
    scans = tmp_path / "store.db.scans"
    shutil.copytree(made, scans)
    (scans / "torn").mkdir()
    return scans


def view_of(root, object_id="box", view=0):
    return ScanServices(root).view(GetScanView.Request(object_id=object_id, view=view), GetScanView.Response())


def surface_of(root, object_id="box", limit=0):
    request = GetScanSurface.Request(object_id=object_id, limit=limit)
    return ScanServices(root).surface(request, GetScanSurface.Response())


def list_of(root, object_id=""):
    return ScanServices(root).list(ListScans.Request(object_id=object_id), ListScans.Response())


def test_they_are_listed_and_what_cannot_be_read_is_named(root):
    answer = list_of(root)
    assert answer.code == StoreCode.OK and answer.message.startswith("2 scans; the scan of torn cannot be read: ")
    bare, box = answer.scans
    assert (bare.object_id, bare.views, bare.has_surface) == ("bare", 6, False) and np.isnan(bare.coverage)
    assert (box.object_id, box.views, box.has_surface, box.coverage) == ("box", 6, True, 0.25)
    assert box.created.sec > 1_600_000_000 and box.disk_bytes > 100_000
    np.testing.assert_allclose([box.size.x, box.size.y, box.size.z], 2 * scanned_box.HALF, atol=0.02)
    assert [scan.object_id for scan in list_of(root, "box").scans] == ["box"]
    for nothing in (list_of(root, "mug"), list_of(root / "none"), list_of(None)):
        assert (nothing.code, nothing.message, nothing.scans) == (StoreCode.OK, "0 scans", [])


def test_a_list_ends(root, monkeypatch):
    monkeypatch.setattr(scan_services, "MOST_SCANS", 1)
    answer = list_of(root)
    assert len(answer.scans) == 1 and "2 more are not listed" in answer.message


def test_a_view_comes_with_all_that_a_projection_needs(root):
    answer, view = view_of(root, view=3), read_scan(root / "box")[3]
    assert answer.code == StoreCode.OK and answer.message == "view 3 of 6 of box"
    image, mask, depth = (
        cv2.imdecode(np.frombuffer(part.data, np.uint8), cv2.IMREAD_UNCHANGED)
        for part in (answer.image, answer.mask, answer.depth)
    )
    np.testing.assert_array_equal(image[..., ::-1], view.rgb)
    np.testing.assert_array_equal(mask, 255 * view.mask)
    assert depth.dtype == np.uint16
    np.testing.assert_allclose(depth / 1000.0, view.depth, atol=0.00051)
    assert camera_from_info(answer.camera_info) == view.camera
    np.testing.assert_allclose(pose_matrix(answer.camera_from_object), view.pose, atol=1e-9)


def test_the_surface_comes_in_colour_and_not_larger_than_asked_for(root):
    whole, some = surface_of(root), surface_of(root, limit=50)
    assert whole.code == some.code == StoreCode.OK
    total = whole.surface.width
    assert 1000 < total <= MOST_POINTS and some.surface.width == 50 and some.message == f"50 of {total} points of box"
    rows = np.frombuffer(whole.surface.data, POINT)
    assert np.abs(rows["place"]).max() < 1.3 * scanned_box.HALF.max()
    colours = rows["rgb"][:, None] >> np.array([16, 8, 0], np.uint32) & 255
    assert colours.std(0).min() > 20  # the box has patches
    assert [field.name for field in whole.surface.fields] == ["x", "y", "z", "rgb"]


@pytest.mark.parametrize("name", ["mug", "", "../box", "a b", "x" * 300])
def test_what_was_not_scanned_is_named_with_what_was(root, name):
    for answer in (view_of(root, name), surface_of(root, name)):
        assert answer.code == StoreCode.NO_SCAN
        assert (
            "has no scan, expected one of: bare, box, torn" in answer.message and repr(name[:20])[:-1] in answer.message
        )
    assert view_of(None, "mug").message == "'mug' has no scan, expected one of: none is there"


def test_a_view_that_there_is_not_is_named_with_how_many_there_are(root):
    answer = view_of(root, view=2**32 - 1)
    assert answer.code == StoreCode.NO_SCAN
    assert answer.message == "view is 4294967295, expected 0..5: the scan of box has 6 pictures"


def test_a_scan_without_a_surface_and_files_that_cannot_be_read(root):
    answer = surface_of(root, "bare")
    assert answer.code == StoreCode.NO_SCAN and "the scan of bare has no surface" in answer.message
    (root / "box" / "surface.ply").write_bytes(b"ply")
    (root / "box" / "mask" / "000003.png").write_bytes(b"")
    for answer in (surface_of(root), view_of(root, view=3), view_of(root, "torn")):
        assert answer.code == StoreCode.STORE_ERROR and "cannot be read" in answer.message
    assert view_of(root, view=2).code == StoreCode.OK
