"""Scans of the arm go whole into the folder that query_node reads."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp.perception.loaded_scans import scans_folder
from dense_grasp.scanning import scan_folder
from dense_grasp.scanning.scan_folder import ScanFolder
from dense_grasp_core.errors import Canceled
from dense_grasp_core.geometry.se3 import exp, inverse
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.object_model.bank_file import frame_digest
from dense_grasp_core.object_model.fused_surface import fuse
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.object_model.scan_join import join
from dense_grasp_core.object_model.scan_registration import Registration
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.store import scan_folders

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)

NETWORK = str(Path(__file__).parents[3] / "models" / "general.xml")
#: Between the frames of two scans.
SECOND_FROM_FIRST = exp([0.2, -0.1, 0.04, np.pi, 0.0, 0.4])


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
    folder = ScanFolder(root, NETWORK)
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
    folder = ScanFolder(scans_folder("postgresql://robot@server/store", str(tmp_path / "chosen")), NETWORK)
    put(folder, views)
    assert (tmp_path / "chosen" / "box" / "poses.json").is_file()


def test_a_scan_put_aside_leaves_the_objects_own(views, tmp_path):
    folder = ScanFolder(tmp_path, NETWORK)
    put(folder, views)
    for count in (5, 4):
        aside = folder.put_aside("box", views[:count], fuse(views[:count]), {"object": "box"})
        assert len(read_scan(Path(aside))) == count
    assert len(read_scan(tmp_path / "box")) == len(views)
    assert len(list(tmp_path.iterdir())) == 2


def test_without_a_folder_nothing_can_be_kept():
    folder = ScanFolder(scans_folder("postgresql://robot@server/store"), NETWORK)
    with pytest.raises(GraspFailure, match="no folder for scans") as failure:
        folder.has("box")
    assert failure.value.code == ScanCode.SCAN_NOT_STORED


def test_a_disk_that_refuses_leaves_nothing(views, tmp_path):
    (tmp_path / "store.db.scans").write_text("a file in the way")
    folder = ScanFolder(scans_folder(f"sqlite:///{tmp_path}/store.db"), NETWORK)
    with pytest.raises(GraspFailure, match="the scan of box is not kept") as failure:
        put(folder, views)
    assert failure.value.code == ScanCode.SCAN_NOT_STORED
    assert [path.name for path in tmp_path.iterdir()] == ["store.db.scans"]


@pytest.fixture(scope="module")
def turned():
    """A second scan of the box, from sides that the first has a picture near, in a frame of its own."""
    poses = [scanned_box.pose_from(azimuth, 28.0) for azimuth in (20, 65, 110, 155)]
    return [
        ScanView(
            f"{seed}", *scanned_box.picture(pose, 50 + seed), scanned_box.CAMERA, pose @ inverse(SECOND_FROM_FIRST)
        )
        for seed, pose in enumerate(poses)
    ]


@pytest.fixture(scope="module")
def kept(views, tmp_path_factory):
    """A folder with the first scan, which is described with the first join."""
    folder = ScanFolder(tmp_path_factory.mktemp("scans"), NETWORK)
    put(folder, views)
    return folder


def root_of(folder: ScanFolder) -> Path:
    return folder._required().root


def test_a_second_scan_that_does_not_fit_is_kept_aside_and_the_first_stays(kept, views, turned):
    """One picture agrees with none."""
    with pytest.raises(GraspFailure, match=r"of 1 pictures of the second .* keeps the scan that it has") as failure:
        kept.join("box", turned[:1], fuse(turned[:1]), {"object": "box"}, lambda detail: None)
    assert failure.value.code == ScanCode.SCAN_INCONSISTENT
    aside = root_of(kept) / ".box.aside"
    assert str(aside) in str(failure.value) and len(read_scan(aside)) == 1
    assert len(read_scan(root_of(kept) / "box")) == len(views)


def test_a_cancel_while_it_joins_leaves_the_first(kept, views, turned):
    def told(detail: str) -> None:
        if "looked for" in detail:
            raise Canceled("canceled")

    with pytest.raises(Canceled, match="canceled; box keeps the scan that it has, and the second one is in"):
        kept.join("box", turned, fuse(turned), {"object": "box"}, told)
    assert len(read_scan(root_of(kept) / "box")) == len(views)


def test_a_crash_while_the_joined_scan_is_written_leaves_the_first(kept, views, turned, monkeypatch):
    monkeypatch.setattr(scan_folder, "join_to", told_where)

    def crash(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(scan_folders.shutil, "copytree", crash)
        kept.join("box", turned, fuse(turned), {"object": "box"}, lambda detail: None)
    assert len(read_scan(root_of(kept) / "box")) == len(views)


def told_where(folder, finder, views, surface, about, on_picture):
    """As join_to, of scans whose motion is known."""
    joined = join(read_scan(folder), views, Registration(SECOND_FROM_FIRST, 0.0, 0.5, 4, 4))
    return joined, joined.about({}, about, frame_digest(folder))


def test_a_second_scan_joins_the_first_and_keeps_its_frame(kept, views, turned):
    digest = frame_digest(root_of(kept) / "box")
    said: list[str] = []
    joined, size = kept.join("box", turned, fuse(turned), {"object": "box"}, said.append)
    assert np.abs(joined.registration.second_from_first - SECOND_FROM_FIRST).max() < 0.02
    both = read_scan(root_of(kept) / "box")
    assert len(both) == len(views) + 4 and size > 10_000
    np.testing.assert_allclose(both[2].pose, views[2].pose)
    assert frame_digest(root_of(kept) / "box") == digest
    assert any("looked for in the second: 1 of at most 4 pictures" in detail for detail in said)
