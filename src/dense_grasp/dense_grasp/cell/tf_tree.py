"""Is every frame of TF placed by one publisher only? tf2 itself takes the newest message and says nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dense_grasp.cell.checks import Check
from dense_grasp.perception.messages import stamp_ns

#: Metres, and parts of a unit quaternion, by which one edge may differ from itself at one stamp.
TOLERANCE = 1e-4


@dataclass
class Edge:
    """parent -> child as it was published. topics: where; different: two values under one stamp, or two that hold for
    ever.
    """

    parent: str
    child: str
    topics: set[str] = field(default_factory=set)
    different: str = ""
    stamp: int = -1
    value: np.ndarray | None = None


class TfTree:
    """All edges that were published, not only the newest parent of a frame as in tf2's buffer."""

    def __init__(self) -> None:
        self._edges: dict[tuple[str, str], Edge] = {}

    def add(self, topic: str, transforms: Sequence[Any], static: bool) -> None:
        """Note the transforms of one message."""
        for transform in transforms:
            key = (transform.header.frame_id.lstrip("/"), transform.child_frame_id.lstrip("/"))
            edge = self._edges.setdefault(key, Edge(*key))
            edge.topics.add(topic)
            stamp, value = stamp_ns(transform.header.stamp), _numbers(transform.transform)
            if edge.value is not None and (static or stamp == edge.stamp):
                apart = float(np.linalg.norm(edge.value[:3] - value[:3]))
                turned = min(float(np.linalg.norm(edge.value[3:] - sign * value[3:])) for sign in (1, -1))
                if max(apart, turned) > TOLERANCE:
                    edge.different = f"{1000 * apart:.0f} mm and {np.degrees(2 * turned):.1f} deg apart"
            edge.stamp, edge.value = stamp, value

    def parents(self, child: str) -> list[str]:
        """Every frame that the child was published under."""
        edges = list(self._edges.values())  # at once: another thread may add one
        return sorted(edge.parent for edge in edges if edge.child == child.lstrip("/"))

    def above(self, frame: str) -> list[str]:
        """The frame, its parent, its parent's, up to the root, by the first parent of each."""
        line = [frame.lstrip("/")]
        while (parents := self.parents(line[-1])) and parents[0] not in line:
            line.append(parents[0])
        return line

    def check(self, publishers: Mapping[str, Sequence[str]]) -> Check:
        """One line. publishers: the nodes behind each topic."""
        faults = [*self._two_parents(), *self._two_publishers()]
        if not faults:
            return Check("tf tree", True, f"{len(self._edges)} frames, one parent each")
        who = "; ".join(f"{topic} comes from {', '.join(nodes)}" for topic, nodes in publishers.items() if nodes)
        remedy = f"end all but one publisher of it (the camera's place comes from hand_eye_publisher alone). {who}"
        return Check("tf tree", False, "; ".join(faults), remedy)

    def _two_parents(self) -> list[str]:
        children: dict[str, list[Edge]] = {}
        for edge in self._edges.values():
            children.setdefault(edge.child, []).append(edge)
        return [
            f"{child} has {len(edges)} parents: "
            + " and ".join(f"{edge.parent} (on {', '.join(sorted(edge.topics))})" for edge in edges)
            for child, edges in children.items()
            if len(edges) > 1
        ]

    def _two_publishers(self) -> list[str]:
        found = []
        for edge in self._edges.values():
            if len(edge.topics) > 1:
                found.append(f"{edge.parent} -> {edge.child} is on {' and '.join(sorted(edge.topics))}")
            elif edge.different:
                found.append(f"{edge.parent} -> {edge.child} has two values, {edge.different}")
        return found


def _numbers(transform: Any) -> np.ndarray:
    t, q = transform.translation, transform.rotation
    return np.array([t.x, t.y, t.z, q.x, q.y, q.z, q.w])
