"""The Franka hand behind its own connection: commands run in threads of the library, so that they can be stopped.

franky-control, not pylibfranka: the latter keeps Python's lock for as long as the fingers move, and a stop would wait
for their end.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

from dense_grasp_core.errors import DenseGraspError

STATE_PERIOD = 1.0 / 30.0  # s, of franka_gripper


class HandUnavailable(DenseGraspError):
    """The hand cannot be reached."""


@dataclass(frozen=True)
class HandState:
    """width, max_width: m, the latter 0 until the hand was homed. received: time.monotonic() of its arrival."""

    width: float
    max_width: float
    is_grasped: bool
    received: float


class FrankaHand:
    """One hand. Methods may be called from any thread; a new command replaces the running one, as the hand does it."""

    def __init__(self, address: str) -> None:
        """Raises HandUnavailable."""
        import franky

        try:
            self._gripper = franky.Gripper(address)
        except franky.Exception as error:
            raise HandUnavailable(f"no connection to the hand of the robot {address}: {error}") from error
        self.error = franky.Exception
        self._lock = threading.Lock()
        self._newest: HandState | None = None
        self._ending = threading.Event()
        self.lost = ""
        self._thread = threading.Thread(target=self._watch, name="franka_hand", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading the state."""
        self._ending.set()
        self._thread.join(2.0)

    def state(self) -> HandState | None:
        """The newest state, None when there was none yet."""
        with self._lock:
            return self._newest

    def homing(self) -> Any:
        """Begin to find the fingers' stops; a future of bool."""
        return self._gripper.homing_async()

    def move(self, width: float, speed: float) -> Any:
        """Begin to move to `width` m at `speed` m/s; a future of bool."""
        return self._gripper.move_async(width, speed)

    def grasp(self, width: float, speed: float, force: float, inner: float, outer: float) -> Any:
        """Begin to close with `force` N; the future is true when width - inner < d < width + outer, in m, holds."""
        return self._gripper.grasp_async(width, speed, force, inner, outer)

    def stop(self) -> bool:
        """Stop the fingers. Raises `error`."""
        return bool(self._gripper.stop())

    def _watch(self) -> None:
        while not self._ending.wait(STATE_PERIOD):
            try:
                seen = self._gripper.state
            except self.error as error:
                self.lost = f"the hand is silent: {error}"
                return
            with self._lock:
                self._newest = HandState(seen.width, seen.max_width, seen.is_grasped, time.monotonic())
