"""Adapters of two-finger grippers: Franka's own actions, and control_msgs/GripperCommand."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from control_msgs.action import GripperCommand
from dense_grasp_core.grasping.failure import GraspCanceled, GraspFailure
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_client import ActionClient
from franka_msgs.action import Grasp, Homing, Move
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp.arm.heartbeat import NoPulse, Pulse
from dense_grasp.ros.cancel import CANCEL_TIMEOUT, cancel_when_accepted, confirmed_cancel
from dense_grasp.ros.device_life import DeviceLife
from dense_grasp.ros.waiting import Deadline, StopCheck, check_canceled, wait_future, wait_in_callback

#: A joint state that arrives so soon (s) after the fingers' motion may have been measured before its end.
WIDTH_DELAY = 0.05
#: m; fingers so near to the width that they are to open to are left alone.
OPEN_TOLERANCE = 0.004
SUCCEEDED = 4
#: Franka's `grasp` fails unless width - inner < d < width + outer; this accepts every width of the hand.
ANY_WIDTH = 0.08


@dataclass(frozen=True)
class GripperSettings:
    """speed m/s, force N; times in s.

    pulse: told of every motion of the fingers.
    read_width(after): width in m from joint states received after `after` (time.monotonic()), None when unknown;
    width_timeout: s of wall clock in which such a state has to come.
    """

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


class _ActionRunner:
    """Runs one action goal at a time and cancels it when asked to."""

    def __init__(self, node: Node, settings: GripperSettings, after_cancel: Callable[[], None] = lambda: None):
        self._clock = node.get_clock()
        self._warn = node.get_logger().warning
        self._settings = settings
        self._after_cancel = after_cancel
        self._ended = 0.0
        self._lock = threading.Lock()
        self._active = None

    def run(self, client: ActionClient, goal: Any, what: str, timeout: float, stop: StopCheck | None) -> Any:
        """The action's result message once it succeeded."""
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
        except GraspCanceled as error:
            said = self._halt()
            raise GraspCanceled(f"{error}; {said}" if said else str(error)) from error
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
        widths: list[float] = []

        def read() -> bool:
            width = self.live_width()
            if width is not None:
                widths.append(width)
            return bool(widths)

        wait_in_callback(read, Deadline(self._settings.width_timeout))
        return widths[0] if widths else None

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


class FrankaGripper:
    """franka_msgs actions of franka_gripper, under the first of `namespaces` that answers."""

    def __init__(self, node: Node, namespaces: Sequence[str], settings: GripperSettings, callback_group=None):
        self._settings = settings
        self._runner = _ActionRunner(node, settings, self._call_stop)
        self._namespaces = tuple(namespaces)
        self._clients = {
            ns: {
                name: ActionClient(node, kind, f"{ns}/{name}", callback_group=callback_group)
                for name, kind in (("homing", Homing), ("move", Move), ("grasp", Grasp))
            }
            for ns in namespaces
        }
        self._stops = {
            ns: node.create_client(Trigger, f"{ns}/stop", callback_group=callback_group) for ns in namespaces
        }
        self._life = DeviceLife(node, [f"{ns}/{name}" for ns, clients in self._clients.items() for name in clients])
        #: The device that was homed last, None after a command that failed: the hand may have lost its power.
        self._homed: int | None = None

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already. Homes first where the hand's node is new, or a command
        failed: a hand that lost its power knows no more where its fingers are.
        """
        homes = self._settings.homing and self._homed != self.device()
        if homes:
            self._home(stop)
        try:
            self._move(width, stop)
        except GraspFailure:
            if homes or not self._settings.homing or self._homed is not None:
                raise
            self._home(stop)
            self._move(width, stop)

    def _home(self, stop: StopCheck | None) -> None:
        device = self.device()
        self._run("homing", Homing.Goal(), self._settings.homing_timeout, stop)
        self._homed = device

    def _move(self, width: float, stop: StopCheck | None) -> None:
        present = self.width()
        if present is None or abs(present - width) > OPEN_TOLERANCE:
            goal = Move.Goal(width=float(width), speed=2 * self._settings.speed)
            self._run("move", goal, self._settings.action_timeout, stop)
            self._runner.check_opened(width, stop)

    def grasp(self, stop: StopCheck | None = None) -> None:
        """Closes with force; any width counts, whether something is held is judged by width()."""
        goal = Grasp.Goal(width=0.0, speed=self._settings.speed, force=self._settings.force)
        goal.epsilon.inner = goal.epsilon.outer = ANY_WIDTH
        self._run("grasp", goal, self._settings.action_timeout, stop)

    def width(self) -> float | None:
        """Width in m from joint states that are newer than the last motion."""
        return self._runner.width()

    def live_width(self) -> float | None:
        """Width in m from the newest joint states."""
        return self._runner.live_width()

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure GRIPPER_UNAVAILABLE, or GRIPPER_FAILED when no grasp could be verified."""
        for name in ("homing", "move", "grasp") if self._settings.homing else ("move", "grasp"):
            self._ready(name, stop)
        if self.width() is None:
            raise GraspFailure(
                GraspCode.GRIPPER_FAILED,
                f"no gripper width: no finger joint states within {self._settings.width_timeout} s, so no grasp could "
                "be verified",
            )

    def device(self) -> int:
        """Another number after the hand's node was restarted."""
        return self._life.generation()

    def stop(self) -> None:
        """Cancels the running action and calls the stop service. Fingers at rest are left alone."""
        self._runner.cancel()

    def _call_stop(self) -> None:
        for client in self._stops.values():
            if client.service_is_ready():
                with contextlib.suppress(TimeoutError):
                    wait_future(client.call_async(Trigger.Request()), Deadline(CANCEL_TIMEOUT))

    def _run(self, name: str, goal: Any, timeout: float, stop: StopCheck | None) -> None:
        client = self._ready(name, stop)
        answer = self._runner.run(client, goal, name, timeout, stop)
        if answer.status != SUCCEEDED or not answer.result.success:
            self._homed = None
            text = answer.result.error or "no reason given"
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {name} failed ({text})")

    def _ready(self, name: str, stop: StopCheck | None) -> ActionClient:
        found: list[ActionClient] = []

        def any_ready() -> bool:
            found[:] = [c[name] for c in self._clients.values() if c[name].server_is_ready()]
            return bool(found)

        if not wait_in_callback(any_ready, Deadline(self._settings.server_timeout), stop):
            raise GraspFailure(
                GraspCode.GRIPPER_UNAVAILABLE,
                f"no action server {' or '.join(f'{ns}/{name}' for ns in self._namespaces)} within "
                f"{self._settings.server_timeout} s; is the gripper's node running?",
            )
        return found[0]


class CommandGripper:
    """control_msgs/GripperCommand; Franka's convention: position is half the width."""

    def __init__(self, node: Node, action: str, settings: GripperSettings, callback_group=None):
        self._action = action
        self._settings = settings
        self._runner = _ActionRunner(node, settings)
        self._client = ActionClient(node, GripperCommand, action, callback_group=callback_group)
        self._life = DeviceLife(node, [action])
        #: The device and the width (m) that it ended its last command at.
        self._last: tuple[int, float] | None = None

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already."""
        present = self.width()
        if present is None or abs(present - width) > OPEN_TOLERANCE:
            result = self._run("open", width, stop)
            if not result.reached_goal:
                raise GraspFailure(
                    GraspCode.GRIPPER_FAILED,
                    f"gripper: opening to {width:.3f} m ended at {2 * result.position:.3f} m",
                )
            self._runner.check_opened(2.0 * float(result.position), stop)

    def grasp(self, stop: StopCheck | None = None) -> None:
        """Closes with force; stalling on something is the wanted end."""
        result = self._run("close", 0.0, stop)
        if not (result.stalled or result.reached_goal):
            raise GraspFailure(GraspCode.GRIPPER_FAILED, "gripper: closing ended neither stalled nor closed")

    def width(self) -> float | None:
        """Width in m from joint states that are newer than the last motion, else of the device's last result."""
        width = self._runner.width()
        if width is not None:
            return width
        return self._last[1] if self._last is not None and self._last[0] == self.device() else None

    def live_width(self) -> float | None:
        """Width in m from the newest joint states."""
        return self._runner.live_width()

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure GRIPPER_UNAVAILABLE."""
        if not wait_in_callback(self._client.server_is_ready, Deadline(self._settings.server_timeout), stop):
            raise GraspFailure(
                GraspCode.GRIPPER_UNAVAILABLE,
                f"no action server {self._action} within {self._settings.server_timeout} s; "
                "is the gripper's node running?",
            )

    def device(self) -> int:
        """Another number after the gripper's node was restarted."""
        return self._life.generation()

    def stop(self) -> None:
        """Cancels the running action."""
        self._runner.cancel()

    def _run(self, what: str, width: float, stop: StopCheck | None) -> Any:
        self.check_available(stop)
        device = self.device()
        goal = GripperCommand.Goal()
        goal.command.position = 0.5 * float(width)
        goal.command.max_effort = float(self._settings.force)
        answer = self._runner.run(self._client, goal, what, self._settings.action_timeout, stop)
        if answer.status != SUCCEEDED and not answer.result.stalled:
            raise GraspFailure(GraspCode.GRIPPER_FAILED, f"gripper: {what} ended with status {answer.status}")
        self._last = device, 2.0 * float(answer.result.position)
        return answer.result
