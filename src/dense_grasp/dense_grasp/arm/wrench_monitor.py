"""The external force on the hand, where the robot's driver publishes one."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from dense_grasp_ros.quiet import heard_at
from geometry_msgs.msg import WrenchStamped
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data

#: s over which the force is averaged: its noise is larger than the weight of many objects.
WINDOW = 0.3


class WrenchMonitor:
    """Subscribes to a wrench in the base frame, as franka_robot_state_broadcaster's external_wrench_in_base_frame.

    An empty topic: there is none. Thread-safe.
    """

    def __init__(self, node: Node, topic: str, callback_group: CallbackGroup | None = None):
        self._lock = threading.Lock()
        self._samples: deque[tuple[float, float]] = deque(maxlen=1000)
        if topic:
            node.create_subscription(
                WrenchStamped,
                topic,
                self._receive,  # type: ignore[arg-type]  # as in joint_state_monitor
                qos_profile_sensor_data,
                callback_group=callback_group,
            )

    def _receive(self, message: WrenchStamped, info: Mapping[str, Any]) -> None:
        self.update(message, heard_at(info))

    def update(self, message: WrenchStamped, heard: float | None = None) -> None:
        """Take in a message that came at `heard` (time.monotonic()), None: now. A force that is not finite is passed
        over.
        """
        force = float(message.wrench.force.z)
        if np.isfinite(force):
            with self._lock:
                self._samples.append((time.monotonic() if heard is None else heard, force))

    def vertical(self) -> float | None:
        """Median over the last WINDOW s of the force along the base's z, N; None when none came."""
        since = time.monotonic() - WINDOW
        with self._lock:
            recent = [force for when, force in self._samples if when >= since]
        return float(np.median(recent)) if recent else None
