"""One grasp after the other: how many, what ends them, and what is said of those before."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.grasp_all import MOST, NO_MORE, OUTSIDE, GraspAll
from dense_grasp_core.grasping.interfaces import GraspGoal, GraspOutcome, GraspSettings
from dense_grasp_core.result_codes import GraspCode

ALL = GraspGoal("cap", may_drop=True, all_instances=True)
DELIVER = GraspSettings((), np.zeros(3), np.ones(3), after_grasp="deliver", deliver_joints=np.ones(7))


class Sequences:
    """What each grasp ends with: None for success."""

    def __init__(self, *ends: Exception | None):
        self._ends = list(ends)
        self.goals: list[GraspGoal] = []

    def __call__(self):
        self.outcome = GraspOutcome(contact=f"grasp {len(self.goals)}")
        return self

    def run(self, goal):
        self.goals.append(goal)
        end = self._ends.pop(0) if self._ends else None
        if end is not None:
            raise end
        return "grasped"


def failure(code: int) -> GraspFailure:
    return GraspFailure(code, "so it was")


def test_until_no_more_is_found():
    begin = Sequences(None, None, failure(NO_MORE))
    every = GraspAll(begin, DELIVER)
    assert every.run(ALL) == "grasped 2 x cap, and no more was found"
    assert (every.outcome.grasped, every.outcome.contact) == (2, "grasp 1")
    assert [goal.may_drop for goal in begin.goals] == [True, False, False]


def test_what_lies_outside_is_none_of_this_table():
    """Failed before: with all three in the bin the goal ended in OUT_OF_WORKSPACE."""
    every = GraspAll(Sequences(None, failure(OUTSIDE)), DELIVER)
    assert every.run(ALL) == "grasped 1 x cap, and no more was found in the workspace: so it was"
    assert (every.outcome.grasped, every.outcome.contact) == (1, "grasp 0")


def test_one_grasp_is_one():
    for goal, grasped in ((GraspGoal("cap"), 1), (GraspGoal("cap", plan_only=True, all_instances=True), 0)):
        begin = Sequences()
        one = GraspAll(begin, GraspSettings((), np.zeros(3), np.ones(3)))
        assert one.run(goal) == "grasped" and begin.goals == [goal] and one.outcome.grasped == grasped


@pytest.mark.parametrize("code", [NO_MORE, OUTSIDE, GraspCode.UNREACHABLE])
def test_none_at_all_is_the_failure_of_the_first(code):
    every = GraspAll(Sequences(failure(code)), DELIVER)
    with pytest.raises(GraspFailure, match=r"^so it was$") as caught:
        every.run(ALL)
    assert caught.value.code == code and every.outcome.grasped == 0


def test_a_failure_and_a_cancel_say_how_many_came_before():
    for end, kind in ((failure(GraspCode.OBJECT_LOST), GraspFailure), (Canceled("canceled"), Canceled)):
        every = GraspAll(Sequences(None, end), DELIVER)
        with pytest.raises(kind, match="; 1 x cap was grasped before"):
            every.run(ALL)
        assert every.outcome.grasped == 1


def test_it_ends_where_objects_come_back_into_view():
    every = GraspAll(Sequences(), DELIVER)
    assert f"{MOST} x cap, the most of one goal" in every.run(ALL)
    assert every.outcome.grasped == MOST


def test_a_hand_that_keeps_the_first_has_none_for_the_next():
    begin = Sequences()
    with pytest.raises(GraspFailure, match="after_grasp is 'hold', expected 'deliver'") as caught:
        GraspAll(begin, GraspSettings((), np.zeros(3), np.ones(3))).run(ALL)
    assert caught.value.code == GraspCode.CONFIGURATION_ERROR and not begin.goals
