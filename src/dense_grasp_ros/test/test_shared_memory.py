"""Shared memory of the middleware: what killed processes leave, and a port that was lost."""

from __future__ import annotations

import fcntl
import mmap
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dense_grasp_ros.shared_memory import FOLDER, PortCheck, remove_stale

NODE = """
import time, rclpy
from rclpy.node import Node
rclpy.init()
node = Node("has_shared_memory")
print("ready", flush=True)
time.sleep(600)
"""


def start(node: str = NODE) -> subprocess.Popen[str]:
    environment = dict(os.environ, ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")
    process = subprocess.Popen([sys.executable, "-c", node], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def owned_by(process: subprocess.Popen[str]) -> set[Path]:
    """Segments and ports whose locks a process holds."""
    links = [os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
    locks = [link for link in links if link.startswith(f"{FOLDER}/fast") and link.endswith("_el")]
    return {Path(lock.removesuffix("_el")) for lock in locks}


def test_a_killed_process_leaves_nothing_and_a_living_one_loses_nothing():
    killed, living = start(), start()
    try:
        left, kept = owned_by(killed), owned_by(living)
        if not left:
            pytest.skip("the middleware of this machine uses no shared memory")
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        size = sum(path.stat().st_size for path in left)
        assert size > 100_000 and all(path.exists() for path in left)
        assert remove_stale() >= size
        assert not any(path.exists() or path.with_name(f"{path.name}_el").exists() for path in left)
        assert all(path.exists() and path.with_name(f"{path.name}_el").exists() for path in kept)
        assert living.poll() is None
    finally:
        for process in (killed, living):
            process.kill()
            process.wait()


def test_other_files_are_left_alone(tmp_path):
    for name in ("fastrtps_port7400", "fastrtps_0123456789abcdef", "other_el", "fastrtps_port7401_el.txt"):
        (tmp_path / name).write_bytes(b"1234")
    assert remove_stale(tmp_path) == 0 and len(list(tmp_path.iterdir())) == 4
    (tmp_path / "fastdds_0123456789abcdef").write_bytes(b"1234")
    (tmp_path / "fastdds_0123456789abcdef_el").touch()
    assert remove_stale(tmp_path) == 4 and len(list(tmp_path.iterdir())) == 4
    assert remove_stale(tmp_path / "none") == 0


@pytest.fixture
def listening(tmp_path):
    """A port as Fast DDS's: a mapped file beside a lock that this process holds."""
    port = tmp_path / "fastrtps_port7411"
    port.write_bytes(bytes(mmap.PAGESIZE))
    with (tmp_path / "fastrtps_port7411_el").open("wb") as lock, port.open("r+b") as file:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with mmap.mmap(file.fileno(), 0):
            yield port


def test_a_port_that_others_reach_is_healthy(listening):
    check = PortCheck(listening.parent)
    assert check.lost() == "" and check.lost() == ""


@pytest.mark.parametrize("replaced", [False, True])
def test_a_port_that_was_removed_under_its_reader_is_lost(listening, replaced):
    check = PortCheck(listening.parent)
    assert check.lost() == ""
    if replaced:
        other = listening.with_name("new")
        other.write_bytes(bytes(mmap.PAGESIZE))
        other.rename(listening)
    else:
        listening.unlink()
    assert check.lost() == "fastrtps_port7411"


def test_a_port_that_its_reader_made_anew_is_healthy(listening):
    check = PortCheck(listening.parent)
    assert check.lost() == ""
    listening.unlink()
    listening.write_bytes(bytes(mmap.PAGESIZE))
    with listening.open("r+b") as file, mmap.mmap(file.fileno(), 0):
        assert check.lost() == ""
