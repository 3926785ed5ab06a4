"""Transforms between the robot's links from its description and joint positions, as robot_state_publisher's."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pinocchio as pin
from dense_grasp_core.motion.urdf import parse_urdf
from numpy.typing import NDArray

Frames = tuple[str, str, int, int]  # parent and child, by name and by number


class LinkTransform(NamedTuple):
    """parent_from_child (4, 4)."""

    parent: str
    child: str
    matrix: NDArray[np.float64]


class LinkTransforms:
    """One per description; for one thread at a time. Raises RobotModelError for a text that is no URDF."""

    def __init__(self, urdf: str) -> None:
        root = parse_urdf(urdf)
        self._model = pin.buildModelFromXML(urdf)
        self._data = self._model.createData()
        self._fixed: list[Frames] = []
        self._moving: list[Frames] = []
        for joint in root.findall("joint"):
            parent, child = (_link(joint, end) for end in ("parent", "child"))
            a, b = (int(self._model.getFrameId(name, pin.FrameType.BODY)) for name in (parent, child))
            (self._fixed if joint.get("type") == "fixed" else self._moving).append((parent, child, a, b))

    def fixed(self) -> list[LinkTransform]:
        """Those that never change."""
        return self._between(self._fixed, {})

    def moving(self, positions: Mapping[str, float]) -> list[LinkTransform]:
        """Those across moving joints at `positions` by joint name, rad or m; a joint that is not named is at 0."""
        return self._between(self._moving, positions)

    def _between(self, frames: list[Frames], positions: Mapping[str, float]) -> list[LinkTransform]:
        q = pin.neutral(self._model)
        for name, value in positions.items():
            if self._model.existJointName(name):
                q[self._model.joints[self._model.getJointId(name)].idx_q] = value
        pin.framesForwardKinematics(self._model, self._data, q)
        placements = self._data.oMf
        return [
            LinkTransform(parent, child, np.array(placements[a].actInv(placements[b]).homogeneous))
            for parent, child, a, b in frames
        ]


def _link(joint: ElementTree.Element, end: str) -> str:
    element = joint.find(end)
    return "" if element is None else element.get("link", "")
