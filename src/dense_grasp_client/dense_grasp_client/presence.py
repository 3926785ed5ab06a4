"""Whether the server that took a goal is still there: a new one of the same name does not know the goal."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.node import Node

from dense_grasp_client.connection import GraphError

#: s between two looks at the graph.
LOOK_S = 1.0


class ServerPresence:
    """Of the server of one action, by the identity of its feedback's publisher.

    A process that was killed leaves the graph when the middleware's lease on it ends: 20 s with Fast DDS.
    """

    def __init__(self, node: Node, action: str, now: Callable[[], float] = time.monotonic):
        self._node, self._action, self._now = node, action, now
        self._known = self._servers()
        self._looked_at = now()

    def check(self) -> None:
        """Raises GraphError when none of the servers of before is left; looks once a second."""
        if self._now() - self._looked_at < LOOK_S:
            return
        self._looked_at = self._now()
        there = self._servers()
        if not self._known:  # its discovery may come after its answer
            self._known = there
        elif not self._known & there:
            raise GraphError(
                f"the node that serves {self._action} ended while the goal ran, so no result will come: its last line "
                "in the launch log says why. motion_watchdog stops the arm; look at it, and send the goal again once "
                "the node is back"
            )

    def _servers(self) -> frozenset[bytes]:
        found = self._node.get_publishers_info_by_topic(f"{self._action}/_action/feedback")
        return frozenset(bytes(one.endpoint_gid) for one in found)
