"""Scans of the arm go whole into the folder that query_node reads."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from dense_grasp.perception.loaded_scans import scans_folder
from dense_grasp.scanning.scan_folder import ScanFolder
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.result_codes import ScanCode

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


@pytest.fixture(scope="module")
def views():
    poses = {f"{azimuth:03d}": scanned_box.pose_from(azimuth, 35.0) for azimuth in range(0, 360, 45)}
    return [
        ScanView(name, *scanned_box.picture(pose, seed), scanned_box.CAMERA, pose)
        for seed, (name, pose) in enumerate(poses.items())
    ]


def put(folder: ScanFolder, views, name="box", overwrite=False) -> int:
    return folder.put(name, views, fuse(views), {"object": name}, overwrite)


def test_a_scan_appears_where_it_is_looked_for_and_is_replaced_only_when_asked(views, tmp_path):
    root = scans_folder(f"sqlite:///{tmp_path}/store.db")
    folder = ScanFolder(root)
    assert not folder.has("box")
    size = put(folder, views)
    assert folder.has("box") and size > 10_000
    assert len(read_scan(root / "box")) == len(views)
    with pytest.raises(GraspFailure, match="has a scan already") as failure:
        put(folder, views[:5])
    assert failure.value.code == ScanCode.SCAN_EXISTS
    assert len(read_scan(root / "box")) == len(views)
    put(folder, views[:5], overwrite=True)
    assert len(read_scan(root / "box")) == 5
    assert sorted(path.name for path in root.iterdir()) == ["box"], "no draft is left"


def test_a_folder_that_was_chosen_is_taken(views, tmp_path):
    folder = ScanFolder(scans_folder("postgresql://robot@server/store", str(tmp_path / "chosen")))
    put(folder, views)
    assert (tmp_path / "chosen" / "box" / "poses.json").is_file()


def test_without_a_folder_nothing_can_be_kept():
    folder = ScanFolder(scans_folder("postgresql://robot@server/store"))
    with pytest.raises(GraspFailure, match="no folder for scans") as failure:
        folder.has("box")
    assert failure.value.code == ScanCode.SCAN_NOT_STORED


def test_a_disk_that_refuses_leaves_nothing(views, tmp_path):
    (tmp_path / "store.db.scans").write_text("a file in the way")
    folder = ScanFolder(scans_folder(f"sqlite:///{tmp_path}/store.db"))
    with pytest.raises(GraspFailure, match="the scan of box is not kept") as failure:
        put(folder, views)
    assert failure.value.code == ScanCode.SCAN_NOT_STORED
    assert [path.name for path in tmp_path.iterdir()] == ["store.db.scans"]
