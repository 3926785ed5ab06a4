"""Whether the node's clock can be trusted: it runs, and it does not jump while something is done by it."""

from __future__ import annotations

import time
from collections.abc import Callable

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from rclpy.clock import JumpThreshold, ROSClock, TimeJump
from rclpy.duration import Duration
from rclpy.node import Node

from dense_grasp.ros.waiting import Deadline, StopCheck, wait_in_callback

#: s of wall clock within which a simulated clock has to go on.
STANDSTILL = 1.0
#: s of wall clock within which a node that has just started has to hear its first time: /clock is still being
#: discovered, and the modules that are still being loaded hold the interpreter.
FIRST_TIME = 10.0
#: s; a simulated clock that is published a hundred times a second does not step so far.
FORWARD_JUMP = 2.0
#: Times the wall's clock: no simulation runs faster. A step that the wall gave time for is one of a clock that went on
#: unheard, as where this process was held up on a busy machine.
FASTEST = 10.0


class ClockWatch:
    """Counts the jumps of a node's clock. now: the wall's clock, s."""

    def __init__(self, node: Node, now: Callable[[], float] = time.monotonic):
        self._node = node
        self._now = now
        self._jumps = 0
        #: The node's time, ns, when it was last looked at, and since when on the wall's clock it is known.
        self._heard: tuple[int, float] | None = None
        self._callbacks: list[Callable[[], None]] = []
        self.jump = "the clock did not jump"
        threshold = JumpThreshold(
            min_forward=Duration(seconds=FORWARD_JUMP), min_backward=Duration(nanoseconds=-1), on_clock_change=True
        )
        self._handle = node.get_clock().create_jump_callback(threshold, post_callback=self._on_jump)

    def on_jump(self, callback: Callable[[], None]) -> None:
        """Call `callback` after every jump."""
        self._callbacks.append(callback)

    def mark(self) -> int:
        """Now, for `jumped_since`."""
        return self._jumps

    def jumped_since(self, mark: int) -> bool:
        """Whether the clock jumped since the mark; `jump` then says how. To be asked often while a goal runs."""
        self._look()
        return self._jumps > mark

    def check_running(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure CLOCK_ERROR when a simulated clock stands still: every age would be wrong. And
        Canceled.
        """
        clock = self._node.get_clock()
        if not (isinstance(clock, ROSClock) and clock.ros_time_is_active):
            return
        start = clock.now()
        patience = STANDSTILL if start.nanoseconds else FIRST_TIME
        if not wait_in_callback(lambda: clock.now() != start, Deadline(patience), stop):
            raise GraspFailure(
                GraspCode.CLOCK_ERROR,
                f"use_sim_time is true and /clock stands at {start.nanoseconds * 1e-9:.3f} s for {patience} s",
            )

    def _look(self) -> None:
        """Notes when the node's time last went on."""
        time_now = self._node.get_clock().now().nanoseconds
        if self._heard is None or self._heard[0] != time_now:
            self._heard = time_now, self._now()

    def _went_on_unheard(self, step: float) -> bool:
        """Whether the wall gave time for a step forward of so many seconds since the clock was last heard."""
        return self._heard is not None and 0.0 < step <= FASTEST * (self._now() - self._heard[1])

    def _on_jump(self, jump: TimeJump) -> None:
        if self._went_on_unheard(jump.delta.nanoseconds * 1e-9):
            return
        self._jumps += 1
        self.jump = f"the clock jumped by {jump.delta.nanoseconds * 1e-9:.3f} s at {time.strftime('%H:%M:%S')}"
        for callback in self._callbacks:
            callback()
