"""The contacts of a goal: which keypoints belong to each, what was found of them, and what to say about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Array, GraspContact, GraspGoal, Located
from dense_grasp_core.grasping.pinch_choice import PinchPoints
from dense_grasp_core.result_codes import GraspCode, MatchCode

#: Codes of one contact's plan after which another contact may help; the last: too little of its surface was seen.
TRY_ANOTHER = (
    GraspCode.UNREACHABLE,
    GraspCode.GOAL_IN_COLLISION,
    GraspCode.PLANNING_FAILED,
    GraspCode.PERCEPTION + MatchCode.NO_DEPTH,
)

#: What lies there is none of this table's: delivered ones, or something else that resembles it.
OUTSIDE = GraspCode.PERCEPTION + MatchCode.OUT_OF_WORKSPACE
#: As many of the taught keypoints a message names.
NAMES = 10


#: What an empty list of contacts means.
PLAIN_CONTACT, PLAIN_AXIS, PLAIN_APPROACH = "contact", ("axis_a", "axis_b"), ("approach_a", "approach_b")


def contacts_to_try(goal: GraspGoal, taught: Collection[str]) -> list[GraspContact]:
    """The goal's contacts in the order of trial; without any the plain one, with its pairs where both are `taught`."""
    if goal.contacts:
        return list(goal.contacts)
    axis, approach = (pair if set(pair) <= set(taught) else () for pair in (PLAIN_AXIS, PLAIN_APPROACH))
    return [GraspContact(PLAIN_CONTACT, axis, approach)]


def sort_out_unknown(
    object_id: str, contacts: Sequence[GraspContact], taught: Collection[str]
) -> tuple[list[GraspContact], dict[str, GraspFailure]]:
    """The contacts all of whose keypoints are taught, and why each of the others cannot be used, by contact."""
    known: list[GraspContact] = []
    failures: dict[str, GraspFailure] = {}
    for contact in contacts:
        missing = [name for name in contact.keypoints if name not in taught]
        if missing:
            failures[contact.name] = unknown_keypoint(object_id, missing, taught)
        else:
            known.append(contact)
    return known, failures


def unknown_keypoint(object_id: str, missing: Sequence[str], taught: Collection[str]) -> GraspFailure:
    """For keypoints that the store does not have, with some of those that it has."""
    code = GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT
    if not taught:
        return GraspFailure(code, f"object '{object_id}' is not in the store, expected a taught object")
    some = sorted(taught)
    more = f" and {len(some) - NAMES} more" if len(some) > NAMES else ""
    return GraspFailure(
        code,
        f"{', '.join(missing)} is not taught for object '{object_id}', expected one of {', '.join(some[:NAMES])}{more}",
    )


def keypoints_of(contacts: Sequence[GraspContact]) -> list[str]:
    """Every name once, in order."""
    return list(dict.fromkeys(name for contact in contacts for name in contact.keypoints))


def found_points(contact: GraspContact, matches: dict[str, Located], low: Array, high: Array) -> PinchPoints:
    """Where the contact's keypoints are. low, high: (3,) m, the box of the base frame that a contact lies in.

    Raises GraspFailure with the code of the first keypoint that was not found.
    """
    for name in contact.keypoints:
        match = matches[name]
        # A point of a pair gives a direction: it may lie outside of the workspace.
        fine = (MatchCode.OK,) if name == contact.name else (MatchCode.OK, MatchCode.OUT_OF_WORKSPACE)
        if match.code not in fine:
            raise GraspFailure(GraspCode.PERCEPTION + match.code, f"{match.keypoint}: {match.text}")
        if not np.isfinite(match.position).all():
            raise GraspFailure(GraspCode.PERCEPTION + MatchCode.NO_DEPTH, f"{match.keypoint} has no position")
    point = matches[contact.name].position
    if np.any(point < low) or np.any(point > high):
        raise GraspFailure(
            OUTSIDE,
            f"{contact.name} is at {numbers(point)} m, the workspace is {numbers(low)} to {numbers(high)}",
        )
    return PinchPoints(point, *_pair(matches, contact.axis), *_pair(matches, contact.approach))


def _pair(matches: dict[str, Located], names: tuple[str, ...]) -> tuple[Array | None, Array | None]:
    return (matches[names[0]].position, matches[names[1]].position) if names else (None, None)


def summary(failures: Sequence[tuple[str, GraspFailure]]) -> GraspFailure:
    """One failure for (contact, failure) of all contacts: the first one's code, a sentence about all."""
    first = failures[0][1]
    if len(failures) == 1:
        return first
    return GraspFailure(first.code, f"none of {len(failures)} contacts can be grasped: {_reasons(failures)}")


def why_none(contacts: Sequence[GraspContact], failures: Mapping[str, GraspFailure]) -> GraspFailure:
    """The summary of contacts each of which failed."""
    return summary([(contact.name, failures[contact.name]) for contact in contacts])


def of_each_instance(reasons: Sequence[GraspFailure]) -> str:
    """Why each of several equal objects is not grasped."""
    return "; of the next one: ".join(map(str, reasons))


def no_instance(object_id: str, reasons: Sequence[GraspFailure]) -> GraspFailure:
    """One failure for several equal objects: the code of the first that lies in the workspace, and every reason."""
    code = next((reason.code for reason in reasons if reason.code != OUTSIDE), OUTSIDE)
    why = of_each_instance(reasons)
    return GraspFailure(code, f"none of {len(reasons)} {object_id} that are seen can be grasped: {why}")


def instead_of(contacts: Sequence[str], failures: Mapping[str, GraspFailure], used: str) -> str:
    """What to add to a message when `used` of the `contacts`, in order of trial, was grasped: why those before it were
    not, and what is wrong with those after it. Empty when nothing is.
    """
    place = contacts.index(used)
    before, after = (
        [(name, failures[name]) for name in names if name in failures]
        for names in (contacts[:place], contacts[place + 1 :])
    )
    because = f"; by {used}, because {_reasons(before)}" if before else ""
    return because + (f"; passed over: {_reasons(after)}" if after else "")


def _reasons(failures: Sequence[tuple[str, GraspFailure]]) -> str:
    return "; ".join(f"{name} failed with {failure.code}: {failure}" for name, failure in failures)


def object_place(matches: Sequence[Located]) -> Array | None:
    """Where the object is about that they belong to, (3,) m, None where it was not seen or has no scan."""
    return next((match.object_at for match in matches if match.object_at is not None), None)


def numbers(values: Array) -> str:
    """Coordinates to the millimetre."""
    return "(" + ", ".join(f"{value:.3f}" for value in values) + ")"
