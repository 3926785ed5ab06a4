"""Schema versions: what 0.1.0 wrote, what is newer than this, the camera of a row."""

import os
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.lens import Lens
from dense_grasp_core.store import SCHEMA_VERSION, DamagedRowError, DescriptorStore, NoPictureError, StoreError, schema
from dense_grasp_core.store.deletions import KEPT_DELETIONS
from dense_grasp_core.store.maintenance import check_store

#: Made by dense_grasp 0.1.0, with its write-ahead log switched on: cap/contact, cap/axis_a and mug/handle, D = 16.
VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"
#: As the versions between 0.1.0 and 0.2.0 made it.
VERSION_2 = (
    "CREATE TABLE descriptors (id INTEGER NOT NULL PRIMARY KEY, object_id VARCHAR(64) NOT NULL, "
    "keypoint VARCHAR(64) NOT NULL, model_id VARCHAR(64) NOT NULL, dimension INTEGER NOT NULL, created FLOAT NOT NULL, "
    "u FLOAT NOT NULL, v FLOAT NOT NULL, image_width INTEGER DEFAULT '0' NOT NULL, "
    "image_height INTEGER DEFAULT '0' NOT NULL, fx FLOAT DEFAULT '0' NOT NULL, fy FLOAT DEFAULT '0' NOT NULL, "
    "cx FLOAT DEFAULT '0' NOT NULL, cy FLOAT DEFAULT '0' NOT NULL, distortion VARCHAR(512) DEFAULT '[]' NOT NULL, "
    "descriptor BLOB NOT NULL, patch BLOB NOT NULL, UNIQUE (object_id, keypoint))",
    "CREATE TABLE dense_grasp_schema (version INTEGER NOT NULL PRIMARY KEY)",
    "INSERT INTO dense_grasp_schema VALUES (2)",
    "INSERT INTO descriptors VALUES (1, 'cap', 'contact', 'm', 1, 12.5, 1.0, 2.0, 640, 480, 600.0, 600.0, 319.5, "
    "239.5, '[]', x'0000803f', x'89504e47')",
)
PICTURE = b"\x89PNG" + bytes(range(256)) * 1000
CAMERA = CameraModel(1280, 720, 910.5, 911.25, 640.1, 360.2, (0.1, -0.2, 0.001, 0.002, 0.05))


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copy(VERSION_1, tmp_path / "store.db"))


def schema_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version FROM dense_grasp_schema").fetchone()[0]


FISHEYE = replace(CAMERA, distortion=(0.1, -0.2, 0.001, 0.002), lens=Lens.FISHEYE)


@pytest.mark.parametrize("camera", [None, CAMERA, FISHEYE, CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5, ())])
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
    assert schema_of(old) == SCHEMA_VERSION == 5
    (backup,) = old.parent.glob("store.db.v1-backup-*")
    assert schema_of(backup) == 1
    assert backup.name in " ".join(store.notes)
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT count(*) FROM descriptors").fetchone() == (3,)


def test_converting_says_which_rows_cannot_be_described_anew(old):
    store = DescriptorStore(str(old))
    expected = "3 keypoints hold at most 64 pixels .*: cap/axis_a, cap/contact, mug/handle; teach again"
    assert re.search(expected, " ".join(store.notes)), store.notes
    with pytest.raises(NoPictureError, match="cap/contact has no picture"):
        store.picture("cap", "contact")
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0, overwrite=True, camera=CAMERA, picture=PICTURE)
    store.delete("mug")
    again = DescriptorStore(str(old))
    assert again.notes == () and again.without_picture().startswith("1 keypoint holds at most 64 pixels")
    again.delete("cap", "axis_a")
    assert again.without_picture() == ""
    assert check_store(str(old)).notes == []


def test_a_store_of_version_2_is_kept_beside_and_converted(tmp_path):
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in VERSION_2:
            connection.execute(statement)
    store = DescriptorStore(str(path))
    row = store.get("cap", "contact")
    assert (row.camera.width, row.network, row.object_point, row.scan_view, row.picture_bytes) == (
        640,
        "",
        None,
        None,
        0,
    )
    assert schema_of(path) == SCHEMA_VERSION and len(list(tmp_path.glob("store.db.v2-backup-*"))) == 1


def test_a_server_keeps_the_rows_of_before_in_a_table():
    """SQLite stands in for the server: the same statements, by SQLAlchemy alone."""
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with engine.begin() as connection:
        for statement in VERSION_2:
            connection.exec_driver_sql(statement)
        assert schema.keep_rows(connection, 2) == "descriptors_v2"
        assert schema.keep_rows(connection, 2) == "descriptors_v2_2"
        schema.migrate(connection, 2)
        assert connection.exec_driver_sql("SELECT count(*) FROM descriptors_v2").scalar() == 1
        assert schema.read_version(connection) == SCHEMA_VERSION
        columns = {column["name"] for column in sa.inspect(connection).get_columns("descriptors")}
        assert columns == set(schema.descriptors.c.keys())
        assert {"pictures", "former_descriptors"} <= set(sa.inspect(connection).get_table_names())


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


def test_pictures_come_and_go_with_their_rows(tmp_path):
    path = tmp_path / "store.db"
    store = DescriptorStore(str(path))

    def kept():
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT descriptor_id, length(image) FROM pictures ORDER BY 1").fetchall()

    row = store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0, camera=CAMERA, picture=PICTURE, network="general")
    found, image = store.picture("cap", "contact")
    assert (found.id, found.network, found.camera, image) == (row.id, "general", CAMERA, PICTURE)
    assert store.list().entries[0].picture_bytes == len(PICTURE)
    store.rename("cap", "", "hat")
    assert store.picture("hat", "contact")[1] == PICTURE
    store.add("hat", "contact", np.ones(4), "m", 1.0, 2.0, overwrite=True, camera=CAMERA, picture=PICTURE[:9])
    assert [length for _, length in kept()] == [len(PICTURE), 9]  # what was overwritten can be restored
    for _ in range(KEPT_DELETIONS + 1):
        store.add("hat", "contact", np.ones(4), "m", 1.0, 2.0, overwrite=True, camera=CAMERA)
    assert kept() == []
    store.add("mug", "handle", np.ones(4), "m", 1.0, 2.0, camera=CAMERA, picture=PICTURE)
    store.delete_row(store.get("mug", "handle").id)
    assert kept() == []


def test_a_point_of_a_scan_is_kept(tmp_path):
    store = DescriptorStore(str(tmp_path / "store.db"))
    added = store.add(
        "cap", "contact", np.ones(4), "m", 1.0, 2.0, object_point=(0.01, -0.02, 0.3), scan_view=0, scan="s"
    )
    found = store.get("cap", "contact")
    assert found.scan == added.scan == "s" and store.list().entries[0].scan == "s"
    assert (found.object_point, found.scan_view) == (added.object_point, added.scan_view) == ((0.01, -0.02, 0.3), 0)
    with pytest.raises(StoreError, match="object_point"):
        store.add("cap", "nan", np.ones(4), "m", 1.0, 2.0, object_point=(float("nan"), 0.0, 0.0))
    with pytest.raises(StoreError, match="no camera"):
        store.add("cap", "blind", np.ones(4), "m", 1.0, 2.0, picture=PICTURE)


@pytest.mark.parametrize("change", ["image = x'00'", "image = 'text'"])
def test_a_damaged_picture_is_named_and_leaves_the_descriptor(tmp_path, change):
    path = tmp_path / "store.db"
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0, camera=CAMERA, picture=PICTURE)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"UPDATE pictures SET {change}")
    assert store.get("cap", "contact").dimension == 4
    with pytest.raises(DamagedRowError, match=r"cap/contact \(row 1\) is damaged: its picture"):
        store.picture("cap", "contact")
    report = check_store(str(path))
    assert report.damaged_rows == [1] and "its picture" in report.problems[0]
