"""Which keypoints belong to a contact, and what is said about contacts that were passed over."""

import numpy as np
import pytest
from dense_grasp_core.grasping.contacts import (
    contacts_to_try,
    found_points,
    instead_of,
    keypoints_of,
    summary,
)
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import GraspContact, GraspGoal, Located
from dense_grasp_core.result_codes import GraspCode, MatchCode

PLAIN = ("axis_a", "axis_b", "approach_a", "approach_b")
LOW, HIGH = np.array([0.2, -0.4, 0.0]), np.array([0.8, 0.4, 0.4])


def test_without_contacts_the_plain_one_has_the_pairs_that_are_taught():
    (contact,) = contacts_to_try(GraspGoal("cap"), ["contact", *PLAIN])
    assert contact == GraspContact("contact", PLAIN[:2], PLAIN[2:])
    (contact,) = contacts_to_try(GraspGoal("cap"), ["contact", "axis_a", "approach_b"])
    assert contact == GraspContact("contact")


def test_contacts_that_are_named_have_what_the_goal_says_alone():
    contacts = (GraspContact("rim", ("p", "q"), ("r", "s")), GraspContact("left"), GraspContact("contact"))
    given = contacts_to_try(GraspGoal("cap", contacts), [*PLAIN, "left", "left_axis_a", "left_axis_b"])
    assert tuple(given) == contacts
    assert keypoints_of([*given, given[0]]) == ["rim", "p", "q", "r", "s", "left", "contact"]


def located(name: str, code: MatchCode = MatchCode.OK, position=(0.5, 0.0, 0.1)) -> Located:
    return Located(name, code, "said so", np.array(position), 1)


def found(*matches: Located, contact: GraspContact | None = None):
    names = {match.keypoint: match for match in matches}
    return found_points(contact or GraspContact("contact", ("axis_a", "axis_b")), names, LOW, HIGH)


def test_points_are_sorted_into_their_roles():
    points = found_points(
        GraspContact("contact", (), ("edge", "root")),
        {name: located(name, position=(0.5, 0.0, z)) for name, z in (("root", 0.3), ("contact", 0.1), ("edge", 0.2))},
        LOW,
        HIGH,
    )
    assert (points.contact[2], points.approach_a[2], points.approach_b[2]) == (0.1, 0.2, 0.3)
    assert points.axis_a is None and points.axis_b is None


def test_a_point_of_a_pair_may_lie_outside_of_the_workspace_but_not_the_contact():
    outside = located("axis_a", MatchCode.OUT_OF_WORKSPACE, (0.9, 0.0, 0.1))
    assert found(located("contact"), outside, located("axis_b")).axis_a[0] == 0.9
    with pytest.raises(GraspFailure, match=r"contact is at \(0.900, 0.000, 0.100\) m") as failure:
        found(located("contact", position=(0.9, 0.0, 0.1)), located("axis_a"), located("axis_b"))
    assert failure.value.code == GraspCode.PERCEPTION + MatchCode.OUT_OF_WORKSPACE
    with pytest.raises(GraspFailure, match="axis_b: said so") as failure:
        found(located("contact"), located("axis_a"), located("axis_b", MatchCode.AMBIGUOUS))
    assert failure.value.code == GraspCode.PERCEPTION + MatchCode.AMBIGUOUS


def test_sentences_about_contacts():
    low, far = GraspFailure(105, "was not found"), GraspFailure(201, "too far")
    assert summary([("contact", low)]) is low
    both = summary([("contact", low), ("left", far)])
    assert both.code == 105 and "contact failed with 105: was not found; left failed with 201: too far" in str(both)
    names = ["contact", "left", "right"]
    assert instead_of(names, {}, "left") == ""
    assert instead_of(names, {"contact": far}, "left") == "; by left, because contact failed with 201: too far"
    assert instead_of(names, {"right": low}, "left") == "; passed over: right failed with 105: was not found"
