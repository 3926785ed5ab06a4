"""The executor's sign of life: who drives the arm, and whether something moves.

dense_grasp_interfaces/Heartbeat on one topic an arm. While something moves the beats come from the loop that waits for
its end, so they cease when that loop hangs, and motion_watchdog stops what moves. That the process is gone the watchdog
sees at once by its lifeline, where both are on one machine.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from dense_grasp_ros.quiet import QuietGroup, heard_at
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy

from dense_grasp.arm.lifeline import Lifeline
from dense_grasp_interfaces.msg import Heartbeat as HeartbeatMessage

#: What may move, by the name that the clients of arm and gripper use.
MOVED = {"arm": HeartbeatMessage.ARM, "gripper": HeartbeatMessage.GRIPPER}
PERIOD = 0.02  # s between the beats of a motion
IDLE_PERIOD = 0.5  # s
#: s after which an executor that no longer beats is gone.
GONE_AFTER = 1.5
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


class Pulse(Protocol):
    """What a client that waits for a motion needs of the heartbeat."""

    def moving(self, what: str) -> contextlib.AbstractContextManager[None]:
        """While inside, `what` moves and `beat` has to be called."""

    def beat(self) -> None:
        """To be called in every turn of the waiting loop."""


class NoPulse:
    """Nobody watches."""

    def moving(self, what: str) -> contextlib.AbstractContextManager[None]:
        """Nothing."""
        return contextlib.nullcontext()

    def beat(self) -> None:
        """Nothing."""


class Heartbeat:
    """Publishes this process's beats and hears those of others. Thread-safe."""

    def __init__(self, node: Node, topic: str, callback_group: CallbackGroup | None = None):
        self.identity = f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"
        self._lifeline = Lifeline(self.identity)
        self._clock = node.get_clock()
        self._name = node.get_fully_qualified_name()
        self._lock = threading.Lock()
        self._moves = HeartbeatMessage.NOTHING
        self._last = 0.0
        self._others: dict[str, tuple[str, float]] = {}
        self._publisher = node.create_publisher(HeartbeatMessage, topic, QOS)
        # Quiet: everybody hears its own beats, too, and need not wake up for them.
        node.create_subscription(
            HeartbeatMessage,
            topic,
            self._hear,  # type: ignore[arg-type]  # rclpy's annotation knows callbacks of one argument only
            QOS,
            callback_group=QuietGroup(at_rest=True),
        )
        wall = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(IDLE_PERIOD, self._idle, clock=wall, callback_group=callback_group)

    @contextlib.contextmanager
    def moving(self, what: str) -> Iterator[None]:
        """While inside, `what` moves and `beat` has to be called."""
        self._set(MOVED[what])
        try:
            yield
        finally:
            self._set(HeartbeatMessage.NOTHING)

    def beat(self) -> None:
        """One beat, unless the last was just now."""
        if time.monotonic() - self._last >= PERIOD:
            self._publish()

    def close(self) -> None:
        """This process does not drive the arm any more."""
        self._lifeline.close()

    def others(self) -> list[str]:
        """Names and identities of other executors that drive this arm."""
        now = time.monotonic()
        with self._lock:
            return [f"{name} ({who})" for who, (name, heard) in self._others.items() if now - heard < GONE_AFTER]

    def _set(self, moves: int) -> None:
        with self._lock:
            self._moves = moves
        self._publish()

    def _idle(self) -> None:
        # While something moves the beats are the waiting loop's business: this timer would go on when it hangs.
        if self._moves == HeartbeatMessage.NOTHING:
            self._publish()

    def _publish(self) -> None:
        self._last = time.monotonic()
        beat = HeartbeatMessage(node=self._name, process=self.identity, moves=self._moves)
        beat.stamp = self._clock.now().to_msg()
        self._publisher.publish(beat)

    def _hear(self, message: HeartbeatMessage, info: dict[str, Any]) -> None:
        if message.process != self.identity:
            with self._lock:
                self._others[message.process] = (message.node, heard_at(info))
