"""The command `store`, beside a store that is open."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from dense_grasp.perception.store_command import main
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.store import SCHEMA_VERSION, DescriptorStore


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    return tmp_path / "dense_grasp.db"


@pytest.fixture
def store(path):
    opened = DescriptorStore(str(path))
    opened.add("cap", "contact", np.ones(8), "m", 10.0, 20.0, camera=CameraModel(640, 480, 600.0, 600.0, 319.5, 239.5))
    yield opened
    opened.close()


def test_backup_and_restore_beside_an_open_store(store, path, tmp_path, capsys):
    backup = str(tmp_path / "backup.db")
    assert main(["backup", backup]) == 0
    store.delete("cap")
    assert main(["restore", backup, "--store", f"sqlite:///{path}"]) == 0
    printed = capsys.readouterr().out
    assert "1 rows of" in printed and "dense_grasp.db.before-restore-" in printed
    assert store.get("cap", "contact").u == 10.0


def test_list_and_check(store, path, capsys):
    assert main(["list"]) == 0 and main(["check"]) == 0
    printed = capsys.readouterr().out
    assert "cap/contact  (10.0, 20.0) in 640x480  model m  D = 8" in printed and "1 of 1" in printed
    assert f"1 rows, schema {SCHEMA_VERSION}, journal mode delete" in printed and "in order" in printed
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE descriptors SET dimension = 7")
    assert main(["check"]) == 1 and "damaged: cap/contact (row 1)" in capsys.readouterr().out
    assert main(["check", "--remove-damaged"]) == 0 and "removed 1 damaged rows" in capsys.readouterr().out
    assert store.list().total == 0


@pytest.mark.parametrize("command", [["check"], ["list"], ["backup", "x.db"], ["restore", "y.db"]])
def test_what_cannot_be_done_is_said_in_one_line(path, command, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    error = capsys.readouterr().err
    assert error.startswith("store: ") and error.count("\n") == 1 and "is not there" in error
    assert not path.exists()


def test_a_scan_that_is_none_is_refused_in_a_sentence(store, tmp_path, capsys):
    assert main(["import-scan", str(tmp_path), "--object", "cap"]) == 1
    assert "has no poses.json" in capsys.readouterr().err
    assert main(["export-scan", str(tmp_path / "out"), "--object", "cap"]) == 1
    assert "cap has no scan, expected one of: none" in capsys.readouterr().err
    assert main(["remove-scan", "--object", "cap"]) == 0
    assert "cap has no scan" in capsys.readouterr().out
