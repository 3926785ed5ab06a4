"""What the adapters of grippers share: their settings, and how a motion of the fingers is run, watched and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grippers.record import GripperRecord
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from rclpy.node import Node

from dense_grasp.arm.heartbeat import NoPulse, Pulse
from dense_grasp.ros.cancel import cancel_when_accepted, confirmed_cancel
from dense_grasp.ros.waiting import Deadline, StopCheck, check_canceled, wait_for_value, wait_future

#: A joint state that arrives so soon (s) after the fingers' motion may have been measured before its end.
WIDTH_DELAY = 0.05
#: m; fingers so near to the width that they are to open to are left alone.
OPEN_TOLERANCE = 0.004


@dataclass(frozen=True)
class GripperSettings:
    """speed m/s, force N; times in s.

    record: the gripper, named for this arm.
    pulse: told of every motion of the fingers.
    read_width(after): width in m from joint states received after `after` (time.monotonic()), None when unknown;
    width_timeout: s of wall clock in which such a state has to come.
    """

    record: GripperRecord
    speed: float = 0.05
    force: float = 25.0
    homing: bool = True
    server_timeout: float = 5.0
    action_timeout: float = 10.0
    homing_timeout: float = 30.0
    wall_factor: float = 5.0
    width_timeout: float = 1.0
    read_width: Callable[[float], float | None] = lambda after: None
    #: check_opened(told, after, stop): raises GraspFailure when joint states deny a width that the gripper tells.
    check_opened: Callable[[float, float, StopCheck | None], None] = lambda told, after, stop: None
    pulse: Pulse = field(default_factory=NoPulse)


class ActionRunner:
    """Runs one action goal at a time and cancels it when asked to."""

    def __init__(self, node: Node, settings: GripperSettings, after_cancel: Callable[[], None] = lambda: None):
        self._clock = node.get_clock()
        self._warn = node.get_logger().warning
        self._settings = settings
        self._after_cancel = after_cancel
        self._ended = 0.0
        self._lock = threading.Lock()
        self._active = None

    def ready(self, clients: Mapping[str, ActionClient], stop: StopCheck | None) -> ActionClient:
        """The first of the clients, by the names of their actions, whose server is there.

        Raises GraspFailure GRIPPER_UNAVAILABLE.
        """

        def found() -> ActionClient | None:
            return next((client for client in clients.values() if client.server_is_ready()), None)

        client = wait_for_value(found, Deadline(self._settings.server_timeout), stop)
        if client is None:
            raise GraspFailure(
                GraspCode.GRIPPER_UNAVAILABLE,
                f"no action server {' or '.join(clients)} within {self._settings.server_timeout} s; "
                "is the gripper's node running?",
            )
        return client

    def run(self, client: ActionClient, goal: Any, what: str, timeout: float, stop: StopCheck | None) -> Any:
        """The action's answer, whatever its status. Raises GraspFailure, Canceled."""
        with self._settings.pulse.moving("gripper"):
            return self._run(client, goal, what, timeout, stop)

    def _run(self, client: ActionClient, goal: Any, what: str, timeout: float, stop: StopCheck | None) -> Any:
        beat = self._settings.pulse.beat
        future = client.send_goal_async(goal)
        try:
            handle = wait_future(future, Deadline(self._settings.server_timeout), watch=beat)
        except TimeoutError as error:
            cancel_when_accepted(future, f"gripper: {what}", self._warn)
            raise GraspFailure(GraspCode.GRIPPER_UNAVAILABLE, f"gripper: {what} was not answered") from error
        if not handle.accepted:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {what} was rejected")
        with self._lock:
            self._active = handle
        deadline = Deadline(timeout, self._clock, self._settings.wall_factor)
        try:
            answer = wait_future(handle.get_result_async(), deadline, stop, beat)
        except Canceled as error:
            said = self._halt()
            raise Canceled(f"{error}; {said}" if said else str(error)) from error
        except TimeoutError as error:
            said = self._halt() or "it was stopped"
            raise GraspFailure(
                GraspCode.GRIPPER_FAILED, f"gripper: {what} was not done after {timeout:.1f} s; {said}"
            ) from error
        finally:
            self._ended = time.monotonic()
            with self._lock:
                self._active = None
        check_canceled(answer.status, stop)
        return answer

    def live_width(self) -> float | None:
        """Width in m from the newest joint states, None when none are newer than the last motion of the fingers."""
        return self._settings.read_width(self._ended + WIDTH_DELAY if self._ended else 0.0)

    def check_opened(self, width: float, stop: StopCheck | None) -> None:
        """Compares what joint states say with the width in m that the gripper says it has after its last motion."""
        self._settings.check_opened(width, self._ended + WIDTH_DELAY, stop)

    def width(self) -> float | None:
        """Width in m from joint states that are newer than the last motion of the fingers, None when none come."""
        return wait_for_value(self.live_width, Deadline(self._settings.width_timeout))

    def cancel(self) -> None:
        """Cancels the running goal, if any. Fingers at rest are left alone: they may hold something."""
        self._halt()

    def _halt(self) -> str:
        """As cancel(); "" when that was confirmed or nothing ran, else a sentence."""
        with self._lock:
            handle, self._active = self._active, None
        if handle is None:
            return ""
        beat = self._settings.pulse.beat
        said = confirmed_cancel(handle, "gripper", beat=beat, warn=self._warn, attempts=1)
        self._after_cancel()
        return confirmed_cancel(handle, "gripper", beat=beat, warn=self._warn) if said else ""
