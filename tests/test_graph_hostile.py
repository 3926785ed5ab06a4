"""No message from outside ends a node: drawn values in every field of everything that the graph takes.

Runs for a minute; HOSTILE_MINUTES=120 HOSTILE_SEED=7 pytest tests/test_graph_hostile.py runs for hours.
"""

from __future__ import annotations

import importlib
import os
import random
import time
from typing import Any

import pytest
from dense_grasp_bench.soak.hostile import HostileSender, nasty_message
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_ros.service_qos import EVERY_CALL
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import PointCloud2

from dense_grasp_interfaces.action import GraspObject

pytestmark = [pytest.mark.graph, pytest.mark.timeout(0)]
MINUTES = float(os.environ.get("HOSTILE_MINUTES", "1"))
SEED = int(os.environ.get("HOSTILE_SEED", "0"))
NODES = ("sim_cell", "descriptor_node", "query_node", "hand_eye_publisher", "motion_watchdog", "grasp_executor")
#: Of rclpy itself, which answers no request that it cannot read; it has to survive them all the same.
OF_RCLPY = "rcl_interfaces/"
TIME_OUT = 90.0
DESCRIPTORS = "/dense_grasp/descriptors"


def service_class(name: str) -> Any:
    """The class of a service type such as "std_srvs/srv/Trigger", the hidden ones of an action included."""
    package, kind, service = name.split("/")
    module = importlib.import_module(f"{package}.{kind}")
    if kind == "srv":
        return getattr(module, service)
    action, _, part = service.rpartition("_")
    return getattr(getattr(module, action).Impl, f"{part}Service")


class HostileCaller:
    """Calls every service of some nodes, and every action's, with requests of drawn values."""

    def __init__(self, node: Any):
        self._node = node
        self._clients: dict[str, Any] = {}

    def services(self) -> dict[str, str]:
        """Type of each service by its name, without the simulation's own parameters, by which its faults are chosen."""
        found = {
            service: types[0]
            for node in NODES
            for service, types in self._node.get_service_names_and_types_by_node(node, "/")
        }
        return {name: kind for name, kind in found.items() if not (name.startswith("/sim_cell/") and OF_RCLPY in kind)}

    def call(self, name: str, type_name: str, rng: random.Random, count: int = 5) -> list[Any]:
        """Futures of `count` calls."""
        kind = service_class(type_name)
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, name, qos_profile=EVERY_CALL)
        client = self._clients[name]
        assert client.wait_for_service(TIME_OUT), f"no service {name}"
        return [client.call_async(nasty_message(kind.Request, rng)) for _ in range(count)]


def check_pids(cell, pids: dict[str, int], what: str) -> None:
    """Every node is the process that it was."""
    for node, pid in pids.items():
        assert cell.pid(node) == pid and os.path.exists(f"/proc/{pid}"), (
            f"{node} ended after {what} of seed {SEED}; the log ends with\n{cell.graph.tail(40)}"
        )


def test_no_message_ends_a_node(cell):
    print(f"HOSTILE_SEED={SEED} HOSTILE_MINUTES={MINUTES:g}")
    rng = random.Random(SEED)
    node = cell.client.node
    pids = {name: cell.pid(name) for name in NODES}
    sender, caller = HostileSender(node), HostileCaller(node)
    # Somebody looks at what the camera sees: query_node takes images and descriptors all the time.
    looks = node.create_subscription(PointCloud2, "dense_grasp/points", lambda cloud: None, qos_profile_sensor_data)
    cell.client.wait(lambda: DESCRIPTORS in sender.topics(), TIME_OUT, "query_node's subscription to descriptors")
    end = time.monotonic() + 60.0 * MINUTES
    rounds = 0
    while not rounds or time.monotonic() < end:
        rounds += 1
        topics, services = sender.topics(), caller.services()
        assert DESCRIPTORS in topics and len(topics) > 8 and len(services) > 40, (topics, services)
        for topic in topics:
            sender.send(topic, rng, cell.client.now())
            check_pids(cell, pids, f"messages on {topic}")
        # Of a joint, which is published again and again: who overwrites a static transform is believed by all of TF.
        for _ in range(10):
            sender.send_transform("fr3_link0", "fr3_link1", rng, cell.client.now())
        check_pids(cell, pids, "a broken transform of a joint")
        for service, type_name in services.items():
            futures = caller.call(service, type_name, rng)
            if not type_name.startswith(OF_RCLPY):
                cell.client.wait(
                    lambda futures=futures: all(future.done() for future in futures),
                    TIME_OUT,
                    f"answer of {service} to requests of seed {SEED}",
                )
            check_pids(cell, pids, f"calls of {service}")

    cell.client.leave(looks)
    what = f"after {rounds} rounds of seed {SEED}"
    cell.eventually(lambda: cell.teach_again() or True, 240.0, f"the cap taught again {what}")
    found = cell.eventually(cell.locate, 120.0, f"an answer {what}")
    assert found.code == MatchCode.OK, found.message
    plan = GraspObject.Goal(object_id="cap", plan_only=True)
    result = cell.eventually(lambda: cell.client.grasp(plan, 60.0, accept_timeout=10.0), 240.0, f"a plan {what}")
    assert result.code == GraspCode.SUCCESS, result.message
    check_pids(cell, pids, "the last round")
