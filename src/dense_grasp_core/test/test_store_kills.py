"""A few kills of `make bench-kill`, and that it would notice a loss."""

import importlib.util
import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from dense_grasp_core.store import DescriptorStore

SCRIPT = Path(__file__).parent / "store_kills.py"


@pytest.fixture
def kills(monkeypatch):
    """The script as a module."""
    specification = importlib.util.spec_from_file_location("store_kills", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "store_kills", module)
    specification.loader.exec_module(module)
    return module


def test_kills_at_every_kind_of_write_call_lose_nothing():
    environment = dict(os.environ)
    if os.access("/dev/shm", os.W_OK):  # a kill -9 is the same on a disk, only slower
        environment["TMPDIR"] = "/dev/shm"
    command = [sys.executable, str(SCRIPT), "--kills", "16", "--seed", "0"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed 0: 16 kills" in done.stdout and ", 0 times something lost or not whole" in done.stdout


@pytest.mark.parametrize("kind", ["add", "overwrite", "delete", "delete_object", "restore"])
@pytest.mark.parametrize(("returned", "expected"), [(True, "rows are lost or others"), (False, "before")])
def test_a_call_that_returned_and_did_nothing_is_found_out(kills, tmp_path, kind, returned, expected):
    plan = kills.Plan(tmp_path, random.Random(0))
    calls, target = plan.calls(kind)
    store = DescriptorStore(str(plan.path))
    for call in calls[1:target]:
        call.run(plan.path, store)
    if kind == "restore":
        later = kills.Call("add", "later", "kp", 9)
        later.run(plan.path, store)
        calls.insert(target, later)
        target += 1
    store.close()
    done = target + 1 if returned else target
    assert expected in kills.judge(plan, calls, target + 1, done)


def test_half_a_row_is_found_out(kills, tmp_path):
    plan = kills.Plan(tmp_path, random.Random(0))
    calls, target = plan.calls("add")
    store = DescriptorStore(str(plan.path))
    for call in calls[1 : target + 1]:
        call.run(plan.path, store)
    store.close()
    assert kills.judge(plan, calls, target + 1, target + 1) == "idle"
    with closing(sqlite3.connect(plan.path)) as connection, connection:
        connection.execute("UPDATE descriptors SET patch = substr(patch, 1, 100)")
    assert "not whole" in kills.judge(plan, calls[:0], 0, 0)
