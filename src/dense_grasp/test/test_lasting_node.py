"""Which nodes launch starts again, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("launch_ros", reason="the workspace is not sourced")

from dense_grasp.bringup import lasting_node
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR
from launch import LaunchDescription, LaunchService
from launch.actions import RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnProcessExit

# Ends with the codes of its arguments in turn; the count of its starts is kept in a file.
PROGRAM = """
import os, sys
from pathlib import Path
starts = Path(sys.argv[1])
number = int(starts.read_text()) if starts.exists() else 0
starts.write_text(str(number + 1))
with starts.with_name("arguments").open("a") as file:
    print(*sys.argv[3:], file=file)
starts.with_name("threads").write_text(os.environ.get("OPENBLAS_NUM_THREADS", ""))
sys.exit(int(sys.argv[2].split(",")[number]))
"""


def run(tmp_path, monkeypatch, codes: list[int], namespace: str = "") -> tuple[int, list[int]]:
    """Starts and exit codes of a node that ends with these codes."""
    monkeypatch.setattr(lasting_node, "RESPAWN_DELAY_S", 0.05)
    program, starts = tmp_path / "program.py", tmp_path / "starts"
    program.write_text(PROGRAM)
    exits: list[int] = []

    def note(event, context):
        exits.append(event.returncode)
        # The last one gets a moment in which a further start would be seen.
        return [TimerAction(period=1.0, actions=[Shutdown()])] if len(exits) == len(codes) else None

    node = lasting_node.lasting_node(
        executable=sys.executable, arguments=[str(program), str(starts), ",".join(map(str, [*codes, 0, 0]))]
    )
    service = LaunchService(noninteractive=True)
    actions = [RegisterEventHandler(OnProcessExit(on_exit=note)), *lasting_node.within(namespace, [node])]
    service.include_launch_description(LaunchDescription(actions))
    assert service.run() == 0
    return int(starts.read_text()), exits


LAUNCH_FILE = """
from launch import LaunchDescription
from dense_grasp.bringup.lasting_node import lasting_node
SCRIPT = "echo up; exec sleep 600"
def generate_launch_description():
    return LaunchDescription([lasting_node(executable="/bin/sh", arguments=["-c", SCRIPT], output="screen")])
"""
HEARS = """
import signal, socket
from dense_grasp.bringup import lasting_node
assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
lasting_node.lasting_node(executable="/bin/true")
ours, pythons = socket.socketpair()
pythons.setblocking(False)
ours.settimeout(20.0)
signal.set_wakeup_fd(pythons.fileno())
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    pass
print("heard", ours.recv(1)[0])
"""


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_an_interrupt_reaches_the_wakeup_file_by_which_launch_hears_of_it():
    """Started as a shell starts a background job."""
    done = subprocess.run(
        [sys.executable, "-c", HEARS], preexec_fn=ignore_interrupts, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == f"heard {int(signal.SIGINT)}", done.stderr


def test_one_interrupt_ends_a_launch_in_the_background(tmp_path):
    """The whole process group gets it, as from a terminal: the node ends by it, and is not started again."""
    path = tmp_path / "cell.launch.py"
    path.write_text(LAUNCH_FILE)
    process = subprocess.Popen(
        ["ros2", "launch", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "ROS_LOG_DIR": str(tmp_path / "log")},
        start_new_session=True,
        preexec_fn=ignore_interrupts,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "] up" in line:
            os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60.0) == 0
    assert "".join(lines).count("process started") == 1
    assert "user interrupted with ctrl-c" in "".join(lines)


def test_a_wrong_configuration_is_not_tried_again(tmp_path, monkeypatch):
    assert run(tmp_path, monkeypatch, [CONFIGURATION_ERROR]) == (1, [CONFIGURATION_ERROR])


def test_any_other_end_is_followed_by_a_start(tmp_path, monkeypatch):
    starts, exits = run(tmp_path, monkeypatch, [1, 0, CONFIGURATION_ERROR])
    assert starts == 3
    assert Counter(exits) == Counter([1, 0, CONFIGURATION_ERROR])


def test_every_start_is_in_the_namespace_of_the_first(tmp_path, monkeypatch):
    run(tmp_path, monkeypatch, [1, 1, CONFIGURATION_ERROR], "/left")
    lines = (tmp_path / "arguments").read_text().splitlines()
    assert lines == ["--ros-args -r __ns:=/left -r /clock:=/left/clock"] * 3


@pytest.mark.parametrize(("given", "seen"), [(None, "1"), ("4", "4")])
def test_a_node_does_its_arithmetic_in_one_thread_unless_told_otherwise(tmp_path, monkeypatch, given, seen):
    """OpenBLAS's threads spin while they wait for each other."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if given is not None:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
    run(tmp_path, monkeypatch, [CONFIGURATION_ERROR])
    assert (tmp_path / "threads").read_text() == seen
