"""Whether the node behind action servers is still the one that it was: what is known of a device ends with it."""

from __future__ import annotations

from collections.abc import Iterable

from rclpy.node import Node


class DeviceLife:
    """Tells by the publishers of the servers' status, each of which has an id of its own in every process."""

    def __init__(self, node: Node, actions: Iterable[str]):
        self._node = node
        self._topics = [f"{action}/_action/status" for action in actions]
        self._known: set[bytes] = set()
        self._generation = 0

    def generation(self) -> int:
        """A number that grows when a server appears that was not there before; 0 before the first."""
        publishers = (self._node.get_publishers_info_by_topic(topic) for topic in self._topics)
        present = {bytes(publisher.endpoint_gid) for of_topic in publishers for publisher in of_topic}
        # One that was killed is still announced for a while: that it goes then is no news.
        if present - self._known:
            self._generation += 1
        self._known = present
        return self._generation
