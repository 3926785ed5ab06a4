"""How far the arm is from what was commanded, in words: while it moves and at the end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dense_grasp_franka.arm_state import ArmState

Array = NDArray[np.float64]
REST_SPEED = 0.01  # rad/s


def path_deviation(state: ArmState, allowed: Array, joints: Sequence[str]) -> str:
    """The joint that is farthest over its tolerance (7,) rad from the commanded position; "" when none is."""
    return _farthest(np.abs(state.commanded - state.positions), allowed, joints, "the commanded position")


def goal_missed(state: ArmState, goal: Array, allowed: Array, joints: Sequence[str]) -> str:
    """What keeps the arm from being at rest in `goal` (7,) rad within `allowed` (7,) rad; "" when nothing does."""
    far = _farthest(np.abs(goal - state.positions), allowed, joints, "the goal")
    if far:
        return far
    fastest = int(np.argmax(np.abs(state.velocities)))
    if abs(state.velocities[fastest]) > REST_SPEED:
        return f"{joints[fastest]} still moves at {state.velocities[fastest]:.3f} rad/s"
    return ""


def _farthest(deviation: Array, allowed: Array, joints: Sequence[str], what: str) -> str:
    worst = int(np.argmax(deviation - allowed))
    if deviation[worst] <= allowed[worst]:
        return ""
    return f"{joints[worst]} is {deviation[worst]:.4f} rad off {what}, allowed {allowed[worst]:.4f}"
