"""What was deleted or overwritten comes back, as long as it is kept."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.store import AlreadyExistsError, DescriptorStore, UnknownKeypointError
from dense_grasp_core.store.deletions import KEPT_DELETIONS
from dense_grasp_core.store.maintenance import backup_store, check_store, restore_store

VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"


@pytest.fixture
def store(tmp_path):
    opened = DescriptorStore(str(tmp_path / "store.db"))
    for value, keypoint in enumerate(("contact", "axis_a", "axis_b"), start=1):
        teach(opened, value, keypoint)
    yield opened
    opened.close()


def teach(store, value, keypoint="contact", **fields):
    return store.add("cap", keypoint, np.full(4, value), "m", 1.0, 2.0, **fields)


def names(store):
    return {
        entry.keypoint: float(store.get("cap", entry.keypoint).descriptor[0]) for entry in store.list("cap").entries
    }


def test_a_keypoint_comes_back_as_it_was(store):
    before = store.get("cap", "contact")
    assert store.delete("cap", "contact") == 1
    with pytest.raises(UnknownKeypointError, match="cap has 2 keypoints"):
        store.get("cap", "contact")
    assert store.restore("cap", "contact") == 1
    after = store.get("cap", "contact")
    assert (after.id, after.created, after.u, after.v) == (before.id, before.created, before.u, before.v)
    with pytest.raises(UnknownKeypointError, match="no deletion of cap/contact is kept"):
        store.restore("cap", "contact")


def test_an_object_comes_back_with_all_that_went_with_it(store):
    store.delete("cap", "axis_b")
    assert store.delete("cap") == 2 and store.list().total == 0
    assert store.restore("cap") == 2 and set(names(store)) == {"contact", "axis_a"}
    assert store.restore("cap") == 1 and set(names(store)) == {"contact", "axis_a", "axis_b"}


def test_what_was_overwritten_comes_back_and_can_be_had_again(store):
    teach(store, 7, overwrite=True)
    with pytest.raises(AlreadyExistsError, match="nothing was restored"):
        store.restore("cap", "contact")
    assert names(store)["contact"] == 7.0
    assert store.restore("cap", "contact", overwrite=True) == 1 and names(store)["contact"] == 1.0
    assert store.restore("cap", "contact", overwrite=True) == 1 and names(store)["contact"] == 7.0


def test_what_gives_way_is_one_deletion_and_takes_no_place_of_what_comes_back(store):
    """With as many deletions kept as may be, the oldest, which is asked for, must not be forgotten for a newer one."""
    before = names(store)
    store.delete("cap")
    for value, keypoint in enumerate(before, start=7):
        teach(store, value, keypoint)
    taught_again = names(store)
    for value in range(KEPT_DELETIONS - 1):
        store.add("mug", "handle", np.full(4, value), "m", 1.0, 2.0, overwrite=True)
    store.delete("mug")
    assert store.restore("cap", overwrite=True) == 3 and names(store) == before
    assert store.restore("cap", overwrite=True) == 3 and names(store) == taught_again


def test_a_name_in_use_stops_the_whole(store):
    store.delete("cap")
    teach(store, 9, "axis_a")
    with pytest.raises(AlreadyExistsError, match="cap/axis_a"):
        store.restore("cap")
    assert names(store) == {"axis_a": 9.0}


def test_the_last_deletions_are_kept(store):
    for value in range(KEPT_DELETIONS + 1):
        teach(store, 100 + value, overwrite=True)
    store.delete("cap", "contact")
    with closing(sqlite3.connect(store._database.path)) as connection:
        (kept,) = connection.execute("SELECT count(*) FROM descriptors WHERE deletion > 0").fetchone()
    assert kept == KEPT_DELETIONS
    assert store.restore("cap", "contact") == 1 and names(store)["contact"] == 100 + KEPT_DELETIONS


def test_nobody_counts_what_is_deleted(store, tmp_path):
    store.delete("cap", "axis_a")
    assert check_store(str(tmp_path / "store.db")).rows == 2
    assert backup_store(str(tmp_path / "store.db"), tmp_path / "backup.db") == 2
    assert restore_store(str(tmp_path / "store.db"), tmp_path / "backup.db").rows == 2
    assert store.rename("cap", "contact", "axis_a") == 1  # the name is free
    store.delete("cap")
    with pytest.raises(UnknownKeypointError, match="it is empty"):
        store.get("cap", "contact")


def test_a_read_only_store_of_an_older_schema_is_read(tmp_path, monkeypatch):
    path = Path(shutil.copy(VERSION_1, tmp_path / "store.db"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    monkeypatch.setattr("os.access", lambda target, mode, **options: False)
    store = DescriptorStore(str(path))
    assert store.schema == 1 and not store.writable
    assert [(entry.keypoint, entry.samples) for entry in store.list("cap").entries] == [("axis_a", 1), ("contact", 1)]
    assert [entry.keypoint for entry in store.every_sample()] == ["axis_a", "contact", "handle"]
    with pytest.raises(UnknownKeypointError, match="cap has 2 keypoints"):
        store.get("cap", "brim")
