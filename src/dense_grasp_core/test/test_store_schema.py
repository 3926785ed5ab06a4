"""Schema versions: what 0.1.0 wrote, what is newer than this, the camera of a row."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store import SCHEMA_VERSION, DamagedRowError, DescriptorStore, StoreError

#: Made by dense_grasp 0.1.0, with its write-ahead log switched on: cap/contact, cap/axis_a and mug/handle, D = 16.
VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"
CAMERA = CameraModel(1280, 720, 910.5, 911.25, 640.1, 360.2, (0.1, -0.2, 0.001, 0.002, 0.05))


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copy(VERSION_1, tmp_path / "store.db"))


def schema_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version FROM dense_grasp_schema").fetchone()[0]


@pytest.mark.parametrize("camera", [None, CAMERA, CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5, ())])
def test_a_row_knows_its_camera(tmp_path, camera):
    store = DescriptorStore(str(tmp_path / "store.db"))
    added = store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0, camera=camera)
    assert added.camera == camera == store.get("cap", "contact").camera == store.list().entries[0].camera


def test_a_store_of_0_1_0_is_kept_beside_and_converted(old):
    store = DescriptorStore(str(old))
    rows = store.get_all("cap") + store.get_all("mug")
    assert [(row.object_id, row.keypoint, row.u, row.v) for row in rows] == [
        ("cap", "axis_a", 320.5, 240.25),
        ("cap", "contact", 320.5, 240.25),
        ("mug", "handle", 320.5, 240.25),
    ]
    np.testing.assert_array_equal(rows[1].descriptor, np.arange(16) + len("contact"))
    assert all(row.camera is None and row.patch.startswith(b"\x89PNG") for row in rows)
    store.add("cap", "new", np.ones(4), "m", 1.0, 2.0, camera=CAMERA)
    assert store.get("cap", "new").camera == CAMERA
    assert schema_of(old) == SCHEMA_VERSION == 2
    (backup,) = old.parent.glob("store.db.v1-backup-*")
    assert schema_of(backup) == 1
    assert backup.name in " ".join(store.notes)
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM descriptors").fetchone() == (3,)


def test_converting_happens_once(old):
    for _ in range(3):
        DescriptorStore(str(old)).close()
    assert len(list(old.parent.glob("store.db.v1-backup-*"))) == 1


def test_a_conversion_without_its_backup_does_not_happen(old, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="could not be backed up before it is converted"):
        DescriptorStore(str(old))
    assert schema_of(old) == 1
    assert [path.name for path in old.parent.glob("*.part")] == []


def test_the_log_of_0_1_0_is_taken_in_and_left(old):
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        connection.execute("UPDATE descriptors SET u = 77 WHERE keypoint = 'handle'")
        connection.commit()
        # As after a kill -9: the row is in the log alone.
        killed = old.parent / "killed"
        killed.mkdir()
        for name in (old.name, f"{old.name}-wal", f"{old.name}-shm"):
            shutil.copy(old.parent / name, killed / name)
    store = DescriptorStore(str(killed / old.name))
    assert store.get("mug", "handle").u == 77
    assert not (killed / f"{old.name}-wal").exists()


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1])
def test_a_schema_that_is_not_known_is_refused_and_left_alone(old, version):
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE dense_grasp_schema SET version = ?", (version,))
    with pytest.raises(StoreError, match=rf"has schema {version}, expected 1\.\.{SCHEMA_VERSION}.*update dense_grasp"):
        DescriptorStore(str(old))
    assert schema_of(old) == version


@pytest.mark.parametrize(
    "change", ["distortion = 'no list'", "distortion = '[1]'", "fx = -1", "image_height = 0", "image_width = 'wide'"]
)
def test_a_camera_that_is_none_is_a_damaged_row(tmp_path, change):
    path = tmp_path / "store.db"
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0, camera=CAMERA)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE descriptors SET {change}")
    with pytest.raises(DamagedRowError, match=r"cap/contact \(row 1\)"):
        store.get("cap", "contact")
