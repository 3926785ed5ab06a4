import sqlite3
from contextlib import closing

import numpy as np
import pytest
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp_core.store import StoreError, UnknownKeypointError


def add(store, keypoint="contact"):
    return store.add("cap", keypoint, np.ones(4, np.float32), "m", 1.0, 2.0)


def test_nothing_is_opened_before_it_is_used(tmp_path):
    StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")
    assert not list(tmp_path.iterdir())


def test_action_sees_the_store(tmp_path):
    access = StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")
    access.run(add)
    assert [row.keypoint for row in access.run(lambda store: store.list().entries)] == ["contact"]
    with pytest.raises(UnknownKeypointError):
        access.run(lambda store: store.get("cap", "axis_a"))


def test_how_the_store_was_opened_is_told_once(tmp_path):
    told = []
    path = tmp_path / "store.db"
    StoreAccess(str(path)).run(add)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("SELECT count(*) FROM descriptors").fetchall()
        other = StoreAccess(str(path), told.append)
        for keypoint in ("a", "b"):
            other.run(lambda store, name=keypoint: add(store, name))
    assert len(told) == 1 and "keeps its write-ahead log" in told[0]


def test_a_corrupt_file_is_reported_kept_and_used_again_once_repaired(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"this is no database" * 300)
    access = StoreAccess(f"sqlite:///{path}")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"store\.db"):
            access.run(add)
    assert path.read_bytes() == b"this is no database" * 300
    path.unlink()
    assert access.run(add).keypoint == "contact"
