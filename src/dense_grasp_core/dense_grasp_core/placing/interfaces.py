"""What the stages of a place are given, work through and answer: protocols and plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Array, Located, StopCheck
from dense_grasp_core.motion.interfaces import PlacePlan
from dense_grasp_core.result_codes import PlaceCode


class Where(IntEnum):
    """Where a goal puts the object (PlaceObject.action)."""

    ON_KEYPOINT = 0
    AT_POSE = 1
    BACK = 2


class PlacePerception(Protocol):
    """Finds taught points and obstacles. Raises GraspFailure, Canceled."""

    def taught(self, object_id: str, stop: StopCheck | None = None) -> list[str]:
        """Names of the keypoints in the store."""

    def locate(self, object_id: str, keypoints: Sequence[str], stop: StopCheck | None = None) -> list[Located]:
        """One answer a keypoint, all from one image that is newer than the call."""

    def points_now(self, stop: StopCheck | None = None) -> Array:
        """Surface points (N, 3) in the base frame, of an image that is newer than the call."""

    def camera_now(self, stop: StopCheck | None = None) -> Array:
        """base_from_camera (4, 4), its optical frame, of an image that is newer than the call."""


@dataclass(frozen=True)
class PlaceGoal:
    """What to put where, see PlaceObject.action. pose: (4, 4) in the base frame, of the object's frame where that is
    known of what is held, else of the tool centre point; None unless AT_POSE.
    """

    where: Where
    object_id: str = ""
    target_object_id: str = ""
    target_keypoint: str = ""
    pose: Array | None = None
    upright: bool = False
    plan_only: bool = False


@dataclass
class PlaceOutcome:
    """What is known of a place, filled as it goes. matches: of the last image; planning_time: s of wall clock."""

    matches: list[Located] = field(default_factory=list)
    plan: PlacePlan | None = None
    planning_time: float = 0.0


def validate(goal: PlaceGoal) -> None:
    """Raises GraspFailure INVALID_GOAL for a goal that cannot be meant."""
    named = {"target_object_id": goal.target_object_id, "target_keypoint": goal.target_keypoint}
    if goal.where == Where.ON_KEYPOINT:
        for name, value in named.items():
            if not value:
                raise invalid(f"{name} is empty, expected a name in the store, as where is ON_KEYPOINT (0)")
        return
    for name, value in named.items():
        if value:
            raise invalid(f"{name} is {value!r} and where is {goal.where.name} ({int(goal.where)}), expected it empty")
    if goal.where == Where.AT_POSE and (goal.pose is None or not np.isfinite(goal.pose).all()):
        raise invalid("pose has numbers that are not finite, expected a position in m and a unit quaternion")


def invalid(sentence: str) -> GraspFailure:
    """INVALID_GOAL with a sentence."""
    return GraspFailure(PlaceCode.INVALID_GOAL, sentence)
