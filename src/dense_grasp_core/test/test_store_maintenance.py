"""Backup, restore and check of a whole store, also while it is in use."""

import os
import shutil
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.store import SCHEMA_VERSION, DescriptorStore, StoreError
from dense_grasp_core.store.maintenance import backup_store, check_store, restore_store

VERSION_1 = Path(__file__).parent / "data" / "store_v1.db"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def store(path):
    opened = DescriptorStore(str(path))
    for keypoint in ("a", "b"):
        add(opened, keypoint)
    yield opened
    opened.close()


def add(store, keypoint, value=1.0):
    return store.add("cap", keypoint, np.full(8, value, np.float32), "m", 1.0, 2.0)


def names(store):
    return [entry.keypoint for entry in store.list().entries]


def left_behind(folder):
    return [name for name in os.listdir(folder) if name.endswith((".part", "-journal", "-wal", "-shm"))]


def test_what_a_restore_brings_back_is_noticed_by_whoever_has_the_store_open(store, path):
    backup = path.with_name("backup.db")
    assert backup_store(str(path), backup) == 2
    add(store, "c")
    restored = restore_store(f"sqlite:///{path}", backup)
    assert restored.rows == 2 and names(store) == ["a", "b"]
    add(store, "d")
    assert names(DescriptorStore(str(path))) == ["a", "b", "d"]
    assert restored.former is not None and names(DescriptorStore(str(restored.former))) == ["a", "b", "c"]
    assert names(DescriptorStore(str(backup))) == ["a", "b"] and left_behind(path.parent) == []


def test_a_restore_where_there_is_no_store(store, path, tmp_path):
    backup = tmp_path / "backup.db"
    backup_store(str(path), backup)
    path.unlink()
    restored = restore_store(str(path), backup)
    assert restored.former is None and names(store) == ["a", "b"]
    other = tmp_path / "new" / "folder" / "store.db"
    assert restore_store(str(other), backup).rows == 2
    assert names(DescriptorStore(str(other))) == ["a", "b"]


def test_a_backup_of_a_store_that_is_written_meanwhile_is_whole(store, path):
    done = threading.Event()
    errors = []

    def write():
        try:
            other = DescriptorStore(str(path))
            index = 0
            while not done.is_set():
                # Two rows in one transaction: a copy that is not of one moment has one of them.
                def pair(connection, value=index):
                    connection.exec_driver_sql("UPDATE descriptors SET u = ?", (value,))

                other._database.run(pair, write=True)
                index += 1
                done.wait(0.02)  # SQLite's locks are not fair: a writer without a pause keeps everybody out
            other.close()
        except Exception as error:
            errors.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for index in range(3):
            backup = path.with_name(f"backup{index}.db")
            backup_store(str(path), backup)
            copied = DescriptorStore(str(backup)).get_all("cap")
            assert len(copied) == 2 and copied[0].u == copied[1].u
    finally:
        done.set()
        writer.join()
    assert errors == []


def test_rows_written_while_the_store_is_restored_are_not_acknowledged_into_the_former_file(store, path):
    backup = path.with_name("backup.db")
    backup_store(str(path), backup)
    done = threading.Event()
    acknowledged = []

    def write():
        other = DescriptorStore(str(path))
        while not done.is_set():
            keypoint = f"w{len(acknowledged)}"
            with suppress(StoreError):  # while the file is being replaced a call may fail: then nothing is acknowledged
                add(other, keypoint)
                acknowledged.append(keypoint)
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    while len(acknowledged) < 5 and writer.is_alive():
        pass
    restored = restore_store(str(path), backup)
    before = len(acknowledged)
    while len(acknowledged) < before + 5 and writer.is_alive():
        pass
    done.set()
    writer.join()
    assert restored.former is not None
    kept = {*names(DescriptorStore(str(restored.former))), *names(store)}
    assert kept >= set(acknowledged)
    assert set(acknowledged[before + 1 :]) <= set(names(store))


def test_a_backup_never_takes_the_place_of_a_file(store, path):
    with pytest.raises(StoreError, match="is there already; give a name that is free"):
        backup_store(str(path), path)
    assert names(store) == ["a", "b"]


def damage_pages(path):
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)


def no_store(path):
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE other (x)")


def newer(path):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE dense_grasp_schema SET version = 99")


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (damage_pages, r"backup\.db"),
        (no_store, "holds no descriptor store"),
        (newer, "has schema 99"),
        (lambda path: path.write_bytes(b"no database" * 500), "not a database"),
        (lambda path: path.write_bytes(b""), "holds no descriptor store"),
        (lambda path: path.unlink(), "is not there"),
        (lambda path: (path.unlink(), path.mkdir()), "is a folder"),
    ],
)
def test_what_is_no_good_backup_changes_nothing(store, path, spoil, expected):
    backup = path.with_name("backup.db")
    backup_store(str(path), backup)
    add(store, "c")
    inode = path.stat().st_ino
    spoil(backup)
    with pytest.raises(StoreError, match=expected):
        restore_store(str(path), backup)
    assert path.stat().st_ino == inode and names(store) == ["a", "b", "c"]
    assert list(path.parent.glob("*before-restore*")) == [] and left_behind(path.parent) == []


def test_a_damaged_store_is_restored_and_kept_with_its_log(store, path):
    backup = path.with_name("backup.db")
    backup_store(str(path), backup)
    store.close()
    path.write_bytes(b"no database" * 500)
    Path(f"{path}-wal").write_bytes(b"log")
    restored = restore_store(str(path), backup)
    assert names(DescriptorStore(str(path))) == ["a", "b"]
    assert restored.former is not None and restored.former.read_bytes() == b"no database" * 500
    assert Path(f"{restored.former}-wal").read_bytes() == b"log"


def test_a_store_is_no_backup_of_itself(store, path):
    with pytest.raises(StoreError, match="is the store itself"):
        restore_store(str(path), path)
    assert names(store) == ["a", "b"]


def test_a_backup_of_0_1_0_is_restored_and_converted(store, path):
    old = path.with_name("old.db")
    shutil.copy(VERSION_1, old)
    restore_store(str(path), old)
    assert names(store) == ["axis_a", "contact", "handle"]


@pytest.mark.parametrize(
    ("url", "tool"),
    [("postgresql://u:secret@h/d", "pg_dump and pg_restore"), ("mysql://h/d", "mysqldump"), ("sqlite://", "in memory")],
)
def test_other_databases_have_their_own_tools(url, tool, tmp_path):
    for call in (lambda: backup_store(url, tmp_path / "b"), lambda: restore_store(url, tmp_path / "b")):
        with pytest.raises(StoreError, match=tool) as caught:
            call()
        assert "secret" not in str(caught.value)


def test_check_names_every_damaged_row_and_page(store, path):
    report = check_store(str(path))
    assert (report.rows, report.schema, report.journal_mode, report.problems) == (2, SCHEMA_VERSION, "delete", [])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE descriptors SET descriptor = x'00' WHERE keypoint = 'b'")
    report = check_store(str(path))
    assert report.damaged_rows == [2] and "cap/b (row 2)" in report.problems[0]
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name LIKE '%autoindex%'").fetchone()
    store.close()
    content = bytearray(path.read_bytes())
    content[(root - 1) * 4096 + 100 : root * 4096] = bytes(3996)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="corrupt"):
        check_store(str(path))


def test_check_of_a_store_that_is_not_there_makes_none(path):
    with pytest.raises(StoreError, match="is not there"):
        check_store(str(path))
    assert not path.exists()
