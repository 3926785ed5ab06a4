"""What planning over several candidate poses, of a pick or a place, has in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.interfaces import PlanError, StopCheck
from dense_grasp_core.result_codes import GraspCode

#: The code of one failed candidate of several is told, the first of these that there is: of the one that came farthest.
_FARTHEST = (GraspCode.PLANNING_FAILED, GraspCode.GOAL_IN_COLLISION)


def check_stop(stop: StopCheck | None) -> None:
    """Raises Canceled."""
    if stop is not None and stop():
        raise Canceled("planning was canceled")


def check_height(what: str, pose: np.ndarray, table_height: float | None, minimum_height: float) -> None:
    """Raises PlanError GOAL_IN_COLLISION for a tool centre point (4, 4) less than `minimum_height` m over the table."""
    lowest = (-np.inf if table_height is None else table_height) + minimum_height
    if pose[2, 3] < lowest:
        raise PlanError(
            GraspCode.GOAL_IN_COLLISION, f"{what} is at z = {pose[2, 3]:.3f} m, lowest allowed is {lowest:.3f} m"
        )


def of_candidate(failure: PlanError) -> PlanError:
    """The failure where it is one of this candidate. Raises it where whoever plans does not answer: each of the others
    would wait as long for the same, and their failures would hide it.
    """
    if failure.code == GraspCode.PLANNER_UNAVAILABLE:
        raise failure
    return failure


def none_feasible(failures: Sequence[PlanError], candidates: str) -> PlanError:
    """One error for all `candidates`, in words: the code of the one that came farthest, and why those of that code
    failed.
    """
    codes = [failure.code for failure in failures]
    code = next((code for code in _FARTHEST if code in codes), codes[0])
    reasons = Counter(str(failure) for failure in failures if failure.code == code)
    text = "; ".join(f"{reason} ({count}x)" if count > 1 else reason for reason, count in reasons.most_common(2))
    return PlanError(code, f"none of {len(failures)} {candidates} is feasible: {text}")
