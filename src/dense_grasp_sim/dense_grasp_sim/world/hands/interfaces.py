"""What a hand gives to the robot's description and to the physics."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import mujoco
import numpy as np
from dense_grasp_core.grippers.record import GripperRecord

from dense_grasp_sim.world.hands.description import Triple


class Fingers(Protocol):
    """Both fingers in one MuJoCo model, driven as if a force acted on each pad."""

    def width(self, data: mujoco.MjData) -> float:
        """Distance between the pads, m."""

    def opening_speed(self, data: mujoco.MjData) -> float:
        """m/s at which each pad leaves the middle."""

    def push(self, data: mujoco.MjData, force: float) -> None:
        """Force on each pad in N, positive opens."""

    def place(self, data: mujoco.MjData, width: float) -> None:
        """Put them at a width in m, at rest."""

    def states(self, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, velocities and efforts of the record's joints, in its units; each (number of joints,)."""


class Hand(Protocol):
    """One hand's part of the robot's description and of the physics; a gripper's record names its links and joints."""

    #: Drive inertia seen at a joint, kg m2; on a slide kg.
    armature: float

    @property
    def fingers(self) -> Callable[[mujoco.MjModel, GripperRecord], Fingers]:
        """Makes what drives them."""

    def add_links(self, robot: ET.Element, models: Path, gripper: GripperRecord, flange: str) -> None:
        """Append links and joints to a URDF, whose meshes lie in `models`. Raises RobotFilesError for missing ones."""

    def contact_boxes(self, gripper: GripperRecord, link: str) -> dict[str, tuple[Triple, Triple]] | None:
        """What of a link touches things, name -> (half size, centre), m; None: its collision geometry."""

    def pads(self, gripper: GripperRecord) -> frozenset[str]:
        """Names of the geoms of both pads."""

    def motors(self, gripper: GripperRecord) -> tuple[str, ...]:
        """Joints with a motor."""

    def couplings(self, gripper: GripperRecord) -> dict[str, tuple[str, float]]:
        """Joint -> (joint, factor): the first is held at the factor times the second."""
