"""The end of a process is told, whichever way it ends, and no other end."""

from __future__ import annotations

import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from queue import Empty, Queue

import pytest
from dense_grasp.arm.lifeline import BACKLOG, Lifeline, LifelineWatch

PROCESS = """
import sys, time
from dense_grasp.arm.lifeline import Lifeline
line = Lifeline(sys.argv[1])
print("up", flush=True)
sys.stdin.read()
"""
PATIENCE = 60.0


@pytest.fixture
def ended() -> Queue[str]:
    return Queue()


@pytest.fixture
def watch(ended: Queue[str]) -> Iterator[LifelineWatch]:
    made = LifelineWatch(ended.put)
    yield made
    made.close()


def start(identity: str) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESS, identity], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline() == "up\n"
    return process


def name() -> str:
    return f"host/1/{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None], ids=["killed", "terminated", "of itself"])
def test_the_end_of_a_process_is_told(watch: LifelineWatch, ended: Queue[str], how: signal.Signals | None) -> None:
    identity, other = name(), name()
    process, living = start(identity), start(other)
    try:
        assert watch.watch(identity) and watch.watch(other) and watch.watch(identity)
        if how is None:
            process.stdin.close()
        else:
            process.send_signal(how)
        assert ended.get(timeout=PATIENCE) == identity
        process.wait()
        living.kill()
        assert ended.get(timeout=PATIENCE) == other  # and nothing in between
    finally:
        for each in (process, living):
            each.kill()
            each.wait()


def test_a_stopped_process_has_not_ended(watch: LifelineWatch, ended: Queue[str]) -> None:
    identity, mark = name(), name()
    process, line = start(identity), Lifeline(mark)
    try:
        assert watch.watch(identity) and watch.watch(mark)
        process.send_signal(signal.SIGSTOP)
        line.close()
        assert ended.get(timeout=PATIENCE) == mark
        with pytest.raises(Empty):
            ended.get_nowait()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("identity", ["nobody/1/0", "x" * 300, "a\0b", "", "\udcff"])
def test_who_has_no_lifeline_here_is_not_watched(watch: LifelineWatch, identity: str) -> None:
    assert not watch.watch(identity)


def test_where_too_many_wait_already_further_ones_are_refused_and_the_first_still_hears(ended: Queue[str]) -> None:
    identity = name()
    line = Lifeline(identity)
    watches = [LifelineWatch(ended.put) for _ in range(BACKLOG + 3)]
    try:
        got_through = [watch.watch(identity) for watch in watches]
        assert got_through[0] and not got_through[-1]
        line.close()
        for _ in range(sum(got_through)):
            assert ended.get(timeout=PATIENCE) == identity
    finally:
        for watch in watches:
            watch.close()
