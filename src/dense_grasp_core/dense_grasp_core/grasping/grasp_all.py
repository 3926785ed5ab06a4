"""One goal as one grasp, or as one grasp after the other until no more of the object is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.contacts import OUTSIDE
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.grasp_sequence import GraspSequence
from dense_grasp_core.grasping.interfaces import GraspGoal, GraspOutcome, GraspSettings
from dense_grasp_core.result_codes import GraspCode, MatchCode

#: Grasps of one goal at most: objects that are delivered into the camera's view never end.
MOST = 50
NO_MORE = GraspCode.PERCEPTION + MatchCode.LOW_SCORE


class GraspAll:
    """Runs one goal. `outcome`: of its last grasp, with the number of all. begin: makes the sequence of one grasp."""

    def __init__(self, begin: Callable[[], GraspSequence], settings: GraspSettings):
        self._begin = begin
        self._settings = settings
        self.outcome = GraspOutcome()

    def run(self, goal: GraspGoal) -> str:
        """The sentence says what was done. Raises GraspFailure or Canceled as the sequence does; for a goal that
        wants all of them CONFIGURATION_ERROR where the hand would not be free for the next one.
        """
        if not goal.all_instances or goal.plan_only:
            return self._grasp(goal)
        if self._settings.after_grasp != "deliver":
            raise GraspFailure(
                GraspCode.CONFIGURATION_ERROR,
                f"instances is ALL and after_grasp is {self._settings.after_grasp!r}, expected 'deliver': each object "
                "has to leave hand and table before the next; set after_grasp and deliver_joints",
            )
        for count in range(MOST):
            last = self.outcome
            try:
                self._grasp(replace(goal, may_drop=goal.may_drop and count == 0))
            except GraspFailure as failure:
                self.outcome.grasped = count
                if count == 0:
                    raise
                if failure.code in (NO_MORE, OUTSIDE):
                    self.outcome = last
                    outside = f" in the workspace: {failure}" if failure.code == OUTSIDE else ""
                    return f"grasped {_times(count, goal)}, and no more was found{outside}"
                raise GraspFailure(failure.code, f"{failure}; {_times(count, goal)} was grasped before") from failure
            except Canceled as error:
                self.outcome.grasped = count
                raise Canceled(f"{error}; {_times(count, goal)} was grasped before") from error
            self.outcome.grasped = count + 1
        return f"grasped {_times(MOST, goal)}, the most of one goal; send it again for more"

    def _grasp(self, goal: GraspGoal) -> str:
        sequence = self._begin()
        self.outcome = sequence.outcome
        message = sequence.run(goal)
        self.outcome.grasped = int(not goal.plan_only)
        return message


def _times(count: int, goal: GraspGoal) -> str:
    return f"{count} x {goal.object_id}"
