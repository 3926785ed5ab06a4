"""Nodes that cannot start as they are configured: said plainly, and no hot loop."""

from __future__ import annotations

import os
import re
import shutil
import signal
from importlib.util import find_spec

import pytest
from dense_grasp_client.connection import wait_for

from dense_grasp_interfaces.srv import DeleteDescriptor, ListDescriptors

pytestmark = pytest.mark.graph


def test_truncated_model(test_model, tmp_path):
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_ros.domains import private_domain

    model = tmp_path / "cut.safetensors"
    model.write_bytes(test_model.read_bytes()[:10_000])
    log = tmp_path / "graph.log"
    arguments = [f"model:={model}", f"store:=sqlite:///{tmp_path / 'store.db'}"]
    nodes = ("descriptor_node", "query_node")  # the second reads the calibration
    with GraphProcess("perception.launch.py", arguments, log, private_domain()):
        last_words = [f"{node} is not started again" for node in nodes]
        wait_for(lambda: all(word in log.read_text() for word in last_words), 120.0, "the last words")
    text = log.read_text()
    for node in nodes:
        complaints = [line for line in text.splitlines() if f"{node}:" in line and "cut.safetensors" in line]
        assert len(complaints) == 1 and "truncated" in complaints[0]
        assert len(re.findall(rf"\[{node}-\d+\]: process started", text)) == 1
    assert "Traceback" not in text


def test_corrupt_store(test_model, tmp_path):
    from dense_grasp_bench.graph_client import GraphClient
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_ros.domains import private_domain

    store = tmp_path / "store.db"
    store.write_bytes(b"no database" * 500)
    arguments = [f"model:={test_model}", f"store:=sqlite:///{store}"]
    log = tmp_path / "graph.log"
    domain = private_domain()
    with (
        GraphProcess("perception.launch.py", arguments, log, domain) as graph,
        GraphClient(domain, graph, use_sim_time=False) as client,
    ):
        listed = client.call("list", 90.0)
        assert listed.code == ListDescriptors.Response.STORE_ERROR and "store.db" in listed.message
        deleted = client.call("delete", object_id="cap")
        assert deleted.code == DeleteDescriptor.Response.STORE_ERROR
    assert "Traceback" not in log.read_text()
    assert store.read_bytes() == b"no database" * 500


def test_planner_that_this_machine_lacks_is_said_once(tmp_path):
    if find_spec("moveit_msgs"):
        pytest.skip("MoveIt is installed here")
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_ros.domains import private_domain

    log = tmp_path / "graph.log"
    with GraphProcess("grasp.launch.py", ["planner:=move_group"], log, private_domain()) as graph:
        wait_for(lambda: "grasp_executor is not started again" in log.read_text(), 120.0, "the last word", graph.check)
        graph.check()  # the rest of the launch goes on
        text = log.read_text()
        # A node that is killed, not misconfigured, comes back.
        first = int(re.findall(r"\[hand_eye_publisher-\d+\]: process started with pid \[(\d+)\]", text)[-1])
        os.kill(first, signal.SIGKILL)
        wait_for(
            lambda: len(re.findall(r"\[hand_eye_publisher-\d+\]: process started", log.read_text())) == 2,
            60.0,
            "second start of hand_eye_publisher",
            graph.check,
        )
        text = log.read_text()
    assert text.count("planner 'move_group' needs MoveIt's messages") == 1
    assert len(re.findall(r"\[grasp_executor-\d+\]: process started", text)) == 1
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("launch_file", "node", "setting", "words"),
    [
        ("grasp.launch.py", "hand_eye_publisher", "quaternion: [0.0, 0.0, 0.0, 0.5]", "the norm 1"),
        ("perception.launch.py", "query_node", "workspace_min: [0.9, 0.0, 0.0]", "below workspace_max"),
        ("sim.launch.py", "sim_cell", "robot_type: ur5", "ur5"),
    ],
)
def test_a_wrong_configuration_ends_its_node_once(tmp_path, monkeypatch, test_model, launch_file, node, setting, words):
    """With what no check of one value alone can find, so that launch starts the node."""
    from dense_grasp.bringup.launch_support import share_directory
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_ros.domains import private_domain

    prefix = tmp_path / "prefix"
    share = prefix / "share/dense_grasp"
    shutil.copytree(share_directory(), share)
    for file in (share / "config").glob("*.yaml"):
        key = setting.partition(":")[0]
        file.write_text(re.sub(rf"(?m)^(\s+){key}:.*$", rf"\1{setting}", file.read_text()))
    index = prefix / "share/ament_index/resource_index/packages"
    index.mkdir(parents=True)
    (index / "dense_grasp").touch()
    # The executables lie beside share.
    (prefix / "lib").symlink_to(share_directory().parents[1] / "lib")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{prefix}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    log = tmp_path / "graph.log"
    arguments = [f"model:={test_model}", f"store:=sqlite:///{tmp_path}/store.db"] if node == "query_node" else []
    with GraphProcess(launch_file, arguments, log, private_domain()) as graph:
        wait_for(lambda: f"{node} is not started again" in log.read_text(), 120.0, "the last word", graph.check)
        text = log.read_text()
    (complaint,) = [line for line in text.splitlines() if f"{node}: " in line and words in line]
    assert f"{share}/config/" in complaint and f"parameter {setting.partition(':')[0]}" in complaint
    assert len(re.findall(rf"\[{node}-\d+\]: process started", text)) == 1
    assert "Traceback" not in text
