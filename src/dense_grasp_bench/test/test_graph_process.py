import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_client.connection import GraphError, wait_for


@pytest.fixture
def fake_ros2(tmp_path, monkeypatch):
    """A `ros2` command that behaves as the test says."""

    def make(script: str) -> None:
        command = tmp_path / "bin" / "ros2"
        command.parent.mkdir(exist_ok=True)
        command.write_text(f"#!/bin/bash\n{script}\n")
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")

    return make


def test_graph_has_its_own_domain_and_ends_with_the_block(fake_ros2, tmp_path):
    fake_ros2('echo "$@ domain $ROS_DOMAIN_ID"; trap "exit 0" INT; while true; do sleep 0.05; done')
    log = tmp_path / "logs" / "graph.log"
    with GraphProcess("bringup.launch.py", ["sim:=true"], log, 42) as graph:
        wait_for(lambda: "domain" in graph.tail(), 20.0, "first line", graph.check)
        pid = graph.pid
    assert log.read_text().strip() == "launch dense_grasp bringup.launch.py sim:=true domain 42"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stops_by_an_interrupt_also_where_interrupts_are_ignored(fake_ros2, tmp_path):
    """As below nohup, or in the background job of a shell: what is ignored there is handed down to every child."""
    fake_ros2('trap "echo interrupted; exit 0" INT; echo started; while true; do sleep 0.05; done')
    log = tmp_path / "graph.log"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with GraphProcess("bringup.launch.py", [], log, 1) as graph:
            wait_for(lambda: "started" in graph.tail(), 20.0, "first line", graph.check)
    finally:
        signal.signal(signal.SIGINT, before)
    assert log.read_text().split() == ["started", "interrupted"]


def test_a_dead_graph_is_noticed_with_the_end_of_its_log(fake_ros2, tmp_path):
    fake_ros2("echo the reason; exit 3")
    with (
        GraphProcess("bringup.launch.py", [], tmp_path / "graph.log", 1) as graph,
        pytest.raises(GraphError, match=r"code 3[\s\S]*the reason"),
    ):
        wait_for(lambda: False, 20.0, "nothing", graph.check)


def test_missing_ros2_command(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GraphError, match="ros2"):
        GraphProcess("bringup.launch.py", [], tmp_path / "graph.log", 1).start()


def test_the_graph_ends_when_its_parent_is_killed(fake_ros2, tmp_path):
    log, pid_file = tmp_path / "graph.log", tmp_path / "pid"
    fake_ros2('trap "echo interrupted; exit 0" INT; echo $$; while true; do sleep 0.05; done')
    program = (
        "import sys, time; from pathlib import Path; from dense_grasp_bench.graph_process import GraphProcess\n"
        "graph = GraphProcess('bringup.launch.py', [], Path(sys.argv[1]), 1); graph.start()\n"
        "Path(sys.argv[2]).write_text(str(graph.pid)); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(log), str(pid_file)])
    try:
        wait_for(lambda: log.exists() and log.read_text().strip() and pid_file.exists(), 30.0, "first line")
        assert parent.poll() is None
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: "interrupted" in log.read_text(), 20.0, "end of the graph")
    wait_for(lambda: not Path(f"/proc/{pid_file.read_text()}").exists(), 20.0, "no process left")
