"""The newest joint states by name, with their age."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import GripperRecord
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.quiet import heard_at
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState


class JointStateMonitor:
    """Subscribes to joint states, which may come in parts from several publishers. Thread-safe."""

    def __init__(self, node: Node, topic: str, max_age: float, callback_group: CallbackGroup | None = None):
        self.topic = topic
        #: s of wall clock after which a joint state is no longer believed.
        self.max_age = max_age
        self._lock = threading.Lock()
        self._states: dict[str, tuple[float, float, float]] = {}
        self._subscription = node.create_subscription(
            JointState,
            topic,
            self._receive,  # type: ignore[arg-type]  # rclpy's annotation knows callbacks of one argument only
            qos_profile_sensor_data,
            callback_group=callback_group,
        )

    def _receive(self, message: JointState, info: Mapping[str, Any]) -> None:
        # The executor takes it when a call begins: then it may be old.
        self.update(message, heard_at(info))

    def update(self, message: JointState, heard: float | None = None) -> None:
        """Take in a message that came at `heard` (time.monotonic()), None: now. Entries that are not finite are passed
        over.
        """
        now = time.monotonic() if heard is None else heard
        velocities = list(message.velocity) if len(message.velocity) == len(message.name) else [0.0] * len(message.name)
        with self._lock:
            for name, position, velocity in zip(message.name, message.position, velocities, strict=False):
                if np.isfinite(position):
                    self._states[name] = (float(position), float(velocity), now)

    def positions(self, names: Sequence[str]) -> np.ndarray:
        """Positions (J,) of the joints, rad or m.

        Raises GraspFailure JOINT_STATE_STALE when one is missing or older than max_age of wall clock.
        """
        return self._read(names)[:, 0]

    def speed(self, names: Sequence[str]) -> float:
        """Largest absolute velocity of the joints, rad/s. Raises as positions()."""
        return float(np.max(np.abs(self._read(names)[:, 1])))

    def received(self, names: Sequence[str]) -> float:
        """Time (time.monotonic()) at which the oldest of the joints' states arrived. Raises as positions()."""
        return float(np.min(self._read(names)[:, 2]))

    def check(self, names: Sequence[str]) -> None:
        """Raises GraspFailure JOINT_STATE_STALE unless all joints are known and fresh."""
        self._read(names)

    def finger_width(self, gripper: GripperRecord, after: float = 0.0) -> float | None:
        """Width between the gripper's fingers in m.

        None when a finger's state is missing, old, or was received before `after` (time.monotonic()).
        """
        try:
            rows = self._read(gripper.joints)
        except GraspFailure:
            return None
        return gripper.width(rows[:, 0].tolist()) if np.min(rows[:, 2]) >= after else None

    def _read(self, names: Sequence[str]) -> np.ndarray:
        now = time.monotonic()
        with self._lock:
            missing = [n for n in names if n not in self._states]
            if missing:
                has = ", ".join(sorted(self._states)) or "nothing"
                raise GraspFailure(
                    GraspCode.JOINT_STATE_STALE,
                    f"{self.topic} has no {', '.join(missing)} (it has: {has}); check robot_type and prefix",
                )
            rows = [self._states[n] for n in names]
        age = now - min(r[2] for r in rows)
        if age > self.max_age:
            raise GraspFailure(
                GraspCode.JOINT_STATE_STALE,
                f"the newest joint state on {self.topic} is {age:.2f} s old, at most {self.max_age} s is allowed",
            )
        return np.array(rows)
