"""The arm's newest state in memory that two processes share: one writes it a thousand times a second, one reads it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from multiprocessing.context import SpawnContext

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

Array = NDArray[np.float64]
# sequence number, time of the writer's monotonic clock, robot mode, row of the motion, then four vectors of 7
_HEAD = 4
_SIZE = _HEAD + 4 * 7
#: s that a reader waits for a state to be whole, and between two looks.
_PATIENCE, _PAUSE = 0.2, 1e-4

#: libfranka's RobotMode
MODES = ("Other", "Idle", "Move", "Guiding", "Reflex", "UserStopped", "AutomaticErrorRecovery")


class StateUnavailable(DenseGraspError):
    """No state was read from the robot."""


@dataclass(frozen=True)
class ArmState:
    """positions, velocities, efforts, commanded: (7,) rad, rad/s, N m, rad. age: s since the robot sent it.

    row: of the motion table that was commanded last, -1 when the arm is not controlled.
    """

    positions: Array
    velocities: Array
    efforts: Array
    commanded: Array
    mode: str
    row: int
    age: float


class SharedArmState:
    """Made by the reading process and handed to the writing one; one writer, any number of readers."""

    def __init__(self, context: SpawnContext) -> None:
        self._memory = context.RawArray("d", _SIZE)

    def write(self, mode: int, row: int, q: list, dq: list, tau: list, q_d: list) -> None:
        """Take over a state. The sequence number is odd while this goes on."""
        memory = self._memory
        memory[0] += 1.0
        memory[1], memory[2], memory[3] = time.monotonic(), mode, row
        memory[4:11], memory[11:18], memory[18:25], memory[25:32] = q, dq, tau, q_d
        memory[0] += 1.0

    def read(self) -> ArmState:
        """The newest whole state. Raises StateUnavailable when there was none yet."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            before = self._memory[0]
            values = np.array(self._memory[:])
            if before % 2.0 == 0.0 and values[0] == before == self._memory[0]:
                break
            if time.monotonic() > deadline:
                raise StateUnavailable(
                    f"the arm's state was half-written for {_PATIENCE} s: the process that writes it was stopped"
                )
            time.sleep(_PAUSE)  # on a busy machine the writer may wait for a processor in the midst of it
        if before == 0.0:
            raise StateUnavailable("the robot has not sent a state yet")
        q, dq, tau, q_d = values[_HEAD:].reshape(4, 7)
        mode = int(values[2])
        return ArmState(
            q, dq, tau, q_d, MODES[mode] if 0 <= mode < len(MODES) else f"mode {mode}", int(values[3]),
            time.monotonic() - float(values[1]),
        )  # fmt: skip
