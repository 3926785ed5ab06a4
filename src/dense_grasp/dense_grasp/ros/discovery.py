"""What else is in the graph."""

from __future__ import annotations

from rclpy.node import Node

from dense_grasp.ros.waiting import Deadline, wait_in_callback

#: s of wall clock in which somebody who runs is discovered.
DISCOVERY_TIMEOUT = 2.0


def service_runs(node: Node, name: str) -> bool:
    """Whether a service, by its absolute name, is seen within DISCOVERY_TIMEOUT. The node need not be spun."""
    return wait_in_callback(
        lambda: any(service == name for service, _ in node.get_service_names_and_types()), Deadline(DISCOVERY_TIMEOUT)
    )
