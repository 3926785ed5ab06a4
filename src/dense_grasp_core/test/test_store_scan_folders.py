"""A scan lies beside its store, and comes, goes and is copied whole."""

from __future__ import annotations

import importlib.util
import resource
import shutil
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanError, read_scan
from dense_grasp_core.object_model.scan_writer import write_scan
from dense_grasp_core.store import DescriptorStore
from dense_grasp_core.store.errors import AlreadyExistsError, StoreError
from dense_grasp_core.store.maintenance import backup_store, check_store, restore_store
from dense_grasp_core.store.scan_folders import ScanFolders, folder_beside, size_of

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    views = scanned_box.scan()[:3]
    folder = tmp_path_factory.mktemp("made") / "box"
    write_scan(folder, views, fuse(views), {"object": "box"})
    return folder


@pytest.fixture
def shelf(tmp_path):
    return ScanFolders(folder_beside(tmp_path / "store.sqlite"))


@contextmanager
def largest_file(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_scan_is_taken_in_given_out_and_removed(shelf, scan, tmp_path):
    assert shelf.names() == [] and not shelf.root.exists()
    for name in ("mug", "../a b/ü.x", "cap.v2"):
        shelf.add(name, scan)
    assert shelf.folder("cap.v2") == shelf.root / "cap.v2"  # as somebody puts it there by hand
    assert shelf.names() == ["../a b/ü.x", "cap.v2", "mug"] and all(
        shelf.folder(n).parent == shelf.root for n in shelf.names()
    )
    shelf.export("mug", tmp_path / "out")
    np.testing.assert_array_equal(read_scan(tmp_path / "out")[1].rgb, read_scan(scan)[1].rgb)
    with pytest.raises(StoreError, match="exists already, expected a new folder"):
        shelf.export("mug", tmp_path / "out")
    assert shelf.remove("mug") and not shelf.remove("mug")
    with pytest.raises(StoreError, match="mug has no scan, expected one of: "):
        shelf.export("mug", tmp_path / "again")


def test_a_scan_is_replaced_only_on_request_and_only_by_a_good_one(shelf, scan, tmp_path):
    shelf.add("mug", scan)
    with pytest.raises(AlreadyExistsError, match="mug has a scan already"):
        shelf.add("mug", scan)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanError, match=r"has no poses\.json"):
        shelf.add("mug", tmp_path / "empty", overwrite=True)
    shelf.add("mug", scan, overwrite=True)
    assert shelf.names() == ["mug"] and list(shelf.problems()) == []


def test_a_full_disk_leaves_the_former_scan(shelf, scan):
    shelf.add("mug", scan)
    before = size_of(shelf.folder("mug"))
    with largest_file(20_000), pytest.raises(StoreError, match="nothing was changed"):
        shelf.add("mug", scan, overwrite=True)
    assert size_of(shelf.folder("mug")) == before and [path.name for path in shelf.root.iterdir()] == ["mug"]


def test_the_limit_is_said(scan, tmp_path):
    shelf = ScanFolders(folder_beside(tmp_path / "store.sqlite"), largest_total=int(1.5 * size_of(scan)))
    shelf.add("mug", scan)
    shelf.add("mug", scan, overwrite=True)
    with pytest.raises(StoreError, match=r"the others .* MB, expected at most .* MB together"):
        shelf.add("cup", scan)
    assert shelf.names() == ["mug"]


@pytest.fixture
def taught(tmp_path, scan):
    """The path of a store with two taught objects, each with its scan."""
    path = tmp_path / "store.sqlite"
    store = DescriptorStore(str(path))
    for name in ("mug", "cup"):
        store.add(name, "handle", np.ones(8, np.float32), model_id="m", camera=scanned_box.CAMERA, u=1.0, v=2.0)
        store.scans.add(name, scan)
    store.close()
    return path


def test_a_scan_goes_and_is_renamed_with_its_object(taught):
    store = DescriptorStore(str(taught))
    store.rename("mug", "", "beaker")
    assert store.scans.names() == ["beaker", "cup"]
    store.delete("beaker", "handle")
    assert store.scans.names() == ["beaker", "cup"]
    store.delete("cup")
    assert store.scans.names() == ["beaker"]
    store.close()


def test_an_object_whose_scan_cannot_follow_keeps_its_name(taught, scan):
    store = DescriptorStore(str(taught))
    store.scans.add("beaker", scan)  # of an object that has no keypoint
    with pytest.raises(StoreError, match=r"scan of mug cannot be .* nothing was changed"):
        store.rename("mug", "", "beaker")
    assert [row.object_id for row in store.list().entries] == ["cup", "mug"]
    assert store.scans.names() == ["beaker", "cup", "mug"]
    store.close()


def test_a_full_disk_restores_neither_rows_nor_scans(taught, tmp_path):
    backup = tmp_path / "backup.sqlite"
    backup_store(str(taught), backup)
    store = DescriptorStore(str(taught))
    store.delete("mug")
    store.close()
    with largest_file(20_000), pytest.raises(StoreError):
        restore_store(str(taught), backup)
    assert ScanFolders(folder_beside(taught)).names() == ["cup"]
    store = DescriptorStore(str(taught))
    assert [row.object_id for row in store.list().entries] == ["cup"]
    store.close()


def test_a_store_is_backed_up_checked_and_restored_with_its_scans(taught, tmp_path):
    backup = tmp_path / "backup.sqlite"
    assert backup_store(str(taught), backup) == 2 and ScanFolders(folder_beside(backup)).names() == ["cup", "mug"]
    shelf = ScanFolders(folder_beside(taught))
    (shelf.folder("mug") / "rgb" / "000001.png").write_bytes(b"")
    report = check_store(str(taught))
    assert [sentence[:12] for sentence in report.problems] == ["scan of mug:"] and "2 scans" in report.notes[-1]
    restored = restore_store(str(taught), backup)
    assert not check_store(str(taught)).problems
    assert ScanFolders(folder_beside(restored.former)).names() == [
        "cup",
        "mug",
    ]


def test_a_backup_without_scans_leaves_those_of_the_store(taught, tmp_path):
    backup = tmp_path / "backup.sqlite"
    backup_store(str(taught), backup)
    shutil.rmtree(ScanFolders(folder_beside(backup)).root)
    restore_store(str(taught), backup)
    assert ScanFolders(folder_beside(taught)).names() == ["cup", "mug"]
