"""MoveIt's error codes in our terms."""

from __future__ import annotations

import pytest
from dense_grasp.planning.moveit.codes import CODES, failure
from dense_grasp_core.result_codes import GraspCode


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (-10, GraspCode.START_IN_COLLISION),
        (-12, GraspCode.GOAL_IN_COLLISION),
        (-6, GraspCode.PLANNING_FAILED),
        (99999, GraspCode.PLANNING_FAILED),
        (-31, GraspCode.UNREACHABLE),
        (-15, GraspCode.PLANNER_UNAVAILABLE),
        (-21, GraspCode.PLANNER_UNAVAILABLE),
        (-23, GraspCode.JOINT_STATE_STALE),
    ],
)
def test_a_code_says_the_same_as_the_embedded_planner(value, code):
    error = failure("move_group", value, "its words")
    assert error.code == code
    assert f"move_group answered {CODES[value][0]} ({value})" in str(error) and str(error).endswith(": its words")


def test_a_code_of_a_later_version_is_a_failure_that_names_it():
    error = failure("move_group", -77)
    assert error.code == GraspCode.PLANNING_FAILED and "(-77)" in str(error)


def test_the_table_is_that_of_the_messages():
    """Every code that the installed moveit_msgs knows is in the table under its name."""
    messages = pytest.importorskip("moveit_msgs.msg", reason="needs moveit_msgs")
    theirs = {n: v for n, v in vars(type(messages.MoveItErrorCodes)).items() if n.isupper() and isinstance(v, int)}
    theirs = theirs or {
        name: getattr(messages.MoveItErrorCodes, name) for name, *_ in CODES.values() if name != "SUCCESS"
    }
    assert {name: value for name, value in theirs.items() if value != 1} == {
        name: value for value, (name, *_) in CODES.items() if name in theirs
    }
