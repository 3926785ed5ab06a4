"""The arm as the node sees it: its state, one motion at a time, a stop that works at any moment."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_franka.arm_process import ArmOptions, serve
from dense_grasp_franka.arm_state import ArmState, SharedArmState
from dense_grasp_franka.motion import Motion

CONNECT_TIMEOUT = 60.0  # s; libfranka itself gives up a connection after seconds
END_TIMEOUT = 3.0  # s
TICK = 0.02  # s


class ArmUnavailable(DenseGraspError):
    """The robot cannot be reached, or no longer."""


@dataclass(frozen=True)
class MotionOutcome:
    """How a command ended: "done", "stopped" before its end, or "failed" with the robot's reason in `message`."""

    kind: str
    message: str = ""


class FrankaArm:
    """One arm behind Franka's control interface, in a process of its own. Methods may be called from any thread."""

    def __init__(self, options: ArmOptions) -> None:
        self._address = options.address
        context = multiprocessing.get_context("spawn")
        self._state = SharedArmState(context)
        self._stop = context.RawValue("b", 0)
        self._commands, theirs = context.Pipe()
        self._process = context.Process(
            target=serve, args=(options, self._state, theirs, self._stop), name="franka_arm", daemon=True
        )
        self._theirs: Connection | None = theirs
        self._busy = threading.Lock()
        self.lost = ""

    def connect(self) -> None:
        """Start the process and wait for the robot. Raises ArmUnavailable."""
        self._process.start()
        if self._theirs is not None:
            self._theirs.close()  # so that the end of the process is seen as the end of the pipe
            self._theirs = None
        outcome = self._answer(CONNECT_TIMEOUT)
        if outcome.kind != "done":
            self.close()
            raise ArmUnavailable(f"no connection to the robot {self._address}: {outcome.message}")

    def close(self) -> None:
        """Bring a running motion to rest and end the process."""
        self.stop()
        with self._busy:
            with contextlib.suppress(BrokenPipeError, OSError):
                self._commands.send(("end", None))
            self._process.join(END_TIMEOUT)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(END_TIMEOUT)
            self.lost = self.lost or "the connection was closed"

    @property
    def alive(self) -> bool:
        """Whether the process that talks to the robot still does; `lost` says why not."""
        if not self.lost and not self._process.is_alive() and self._busy.acquire(blocking=False):
            try:
                self._answer(1.0)  # its last word
                self._gone("its process has ended")
            finally:
                self._busy.release()
        return not self.lost

    def state(self) -> ArmState:
        """The newest state. Raises StateUnavailable."""
        return self._state.read()

    def stop(self) -> None:
        """Bring a running motion to rest on its path; returns at once."""
        self._stop.value = 1

    def follow(self, motion: Motion, tick: Callable[[], None] = lambda: None) -> MotionOutcome:
        """Command a motion; returns at rest. Waits for one that still runs.

        tick: called every 20 ms meanwhile.
        """
        with self._busy:
            self._stop.value = 0
            return self._command("move", motion, tick)

    def recover(self) -> MotionOutcome:
        """Franka's automatic error recovery after a reflex."""
        with self._busy:
            return self._command("recover", None)

    def _command(self, kind: str, content: object, tick: Callable[[], None] = lambda: None) -> MotionOutcome:
        if self.lost:
            return MotionOutcome("failed", self.lost)
        try:
            self._commands.send((kind, content))
        except (BrokenPipeError, OSError):
            return self._gone("its process has ended")
        return self._answer(None, tick)

    def _answer(self, timeout: float | None, tick: Callable[[], None] = lambda: None) -> MotionOutcome:
        waited = 0.0
        try:
            while not self._commands.poll(TICK):
                tick()
                waited += TICK
                if timeout is not None and waited >= timeout:
                    return MotionOutcome("failed", f"no answer within {timeout:.0f} s")
            kind, message = self._commands.recv()
        except (EOFError, OSError):
            return self._gone("its process has ended")
        return self._gone(message) if kind == "lost" else MotionOutcome(kind, message)

    def _gone(self, why: str) -> MotionOutcome:
        self.lost = self.lost or f"the connection to the robot {self._address} is lost: {why}"
        return MotionOutcome("failed", self.lost)
