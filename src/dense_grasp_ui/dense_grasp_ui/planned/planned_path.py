"""Where the arm is along a planned motion, at times that are near enough to each other to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from numpy.typing import NDArray

#: s between two rows: what the eye takes as motion.
STEP_S = 0.1
#: A longer motion has larger steps.
MOST_ROWS = 300


class PathError(DenseGraspError):
    """A planned path that cannot be shown."""


class Arm(Protocol):
    """What a path is of."""

    joint_names: tuple[str, ...]

    def along(self, positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """base_from_part (T, P, 4, 4) and base_from_tcp (T, 4, 4) at positions (T, J) rad."""


class Leg(NamedTuple):
    """One trajectory. joints: names; times: (K,) s from its start, rising; positions: (K, J) rad."""

    joints: tuple[str, ...]
    times: NDArray[np.float64]
    positions: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlannedPath:
    """times: (T,) s from the start; poses: (T, P, 4, 4) base_from_part of `rigid_parts`; tcp: (T, 4, 4) base_from_tcp;
    pinch: row at which the fingers close.
    """

    times: NDArray[np.float64]
    poses: NDArray[np.float64]
    tcp: NDArray[np.float64]
    pinch: int

    @property
    def seconds(self) -> float:
        """Of the whole motion."""
        return float(self.times[-1])

    def row_at(self, seconds: float) -> int:
        """The last row not after a time since the start."""
        return int(np.clip(np.searchsorted(self.times, seconds + 1e-9, side="right") - 1, 0, len(self.times) - 1))


def planned_path(arm: Arm, legs: Sequence[Leg], closing_after: int = 2) -> PlannedPath:
    """The motion of these trajectories, one after the other. closing_after: legs after which the fingers close, where
    there are so many. Raises PathError.
    """
    times, positions, pinch = _one_after_the_other(arm, legs, closing_after)
    step = max(STEP_S, times[-1] / MOST_ROWS)
    shown = np.unique(np.append(np.arange(0.0, times[-1], step), [pinch, times[-1]]))
    joints = np.stack([np.interp(shown, times, column) for column in positions.T], axis=1)
    return PlannedPath(shown, *arm.along(joints), int(np.argmin(np.abs(shown - pinch))))


def _one_after_the_other(
    arm: Arm, legs: Sequence[Leg], closing_after: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Times (N,), positions (N, 7) in the robot's order, and s until the fingers close."""
    if not legs:
        raise PathError("the plan has no trajectory, expected at least one")
    ends, all_times, all_positions = [0.0], [], []
    for number, leg in enumerate(legs, start=1):
        missing = set(arm.joint_names) - set(leg.joints)
        if missing:
            raise PathError(f"trajectory {number} of the plan lacks {', '.join(sorted(missing))}: whose robot is it?")
        rises = len(leg.times) and leg.times[0] >= 0.0 and (np.diff(leg.times) > 0.0).all()
        if not rises or not (np.isfinite(leg.times).all() and np.isfinite(leg.positions).all()):
            raise PathError(f"trajectory {number} of the plan has no rising, finite times and positions")
        order = [leg.joints.index(name) for name in arm.joint_names]
        all_times.append(leg.times + ends[-1])
        all_positions.append(leg.positions[:, order])
        ends.append(ends[-1] + float(leg.times[-1]))
    return np.concatenate(all_times), np.concatenate(all_positions), ends[min(closing_after, len(legs))]
