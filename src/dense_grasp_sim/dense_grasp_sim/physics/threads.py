"""The threads of the cell: physics at the wanted speed, rendering while somebody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dense_grasp_sim.physics.simulator import Simulator

BATCH = 5  # time steps between two publications: 10 ms
MAX_LAG = 0.2  # s of wall time; what is lost beyond is not caught up


class LoopThread(threading.Thread):
    """A thread that repeats `turn` until stopped; an exception is kept in `error` and reported."""

    def __init__(self, name: str, on_error: Callable[[BaseException], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._stopping = threading.Event()
        self._on_error = on_error

    def stop(self) -> None:
        """End the loop and wait for the thread."""
        self._stopping.set()
        self.join(timeout=5.0)

    def run(self) -> None:
        """Set up, repeat, tear down."""
        try:
            self.begin()
            try:
                while not self._stopping.is_set():
                    self.turn()
            finally:
                self.end()
        except Exception as error:  # whatever it is, the node must learn that its thread is gone
            if not self._stopping.is_set():
                self._on_error(error)

    def begin(self) -> None:
        """Run once in the thread, before the first turn."""

    def turn(self) -> None:
        """One repetition."""
        raise NotImplementedError

    def end(self) -> None:
        """Run once in the thread, after the last turn."""


class PhysicsLoop(LoopThread):
    """Steps the simulator at `real_time_factor` times real time (0: as fast as it can)."""

    def __init__(
        self,
        simulator: Simulator,
        real_time_factor: Callable[[], float],
        after_batch: Callable[[], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        super().__init__("physics", on_error)
        self._simulator, self._factor, self._after = simulator, real_time_factor, after_batch
        self._due = time.perf_counter()

    def turn(self) -> None:
        """Step one batch, publish, wait until it is due."""
        self._simulator.step(BATCH)
        self._after()
        factor = self._factor()
        if factor <= 0.0:
            time.sleep(0)
            self._due = time.perf_counter()
            return
        self._due += BATCH * self._simulator.model.opt.timestep / factor
        delay = self._due - time.perf_counter()
        if delay > 0.0:
            time.sleep(delay)
        elif delay < -MAX_LAG:
            self._due = time.perf_counter()
