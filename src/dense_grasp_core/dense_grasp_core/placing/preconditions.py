"""What is known to be impossible before anything moves: nothing is held, a pose beside the table, an unknown target."""

from __future__ import annotations

import numpy as np

from dense_grasp_core.grasping.contacts import numbers, unknown_keypoint
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.holding import FingerMemory, Grip, HeldRange, millimetres
from dense_grasp_core.grasping.interfaces import Array, GraspSettings, Gripper, StopCheck
from dense_grasp_core.placing.interfaces import PlaceGoal, PlacePerception
from dense_grasp_core.placing.release_poses import tilt
from dense_grasp_core.result_codes import PlaceCode

#: m by which an object may seem to be pressed into the table: the grip was measured.
PRESSED = 0.005
#: rad by which an object may lean and count as standing as it stood.
LEANS = np.deg2rad(5.0)
#: rad beyond which an object that was picked up lay otherwise than it was scanned.
LAY = np.deg2rad(20.0)


def what_is_held(
    memory: FingerMemory, gripper: Gripper, settings: GraspSettings, object_id: str
) -> tuple[HeldRange, Grip]:
    """What the fingers hold, and how. Raises GraspFailure NOTHING_HELD unless that is known and is what `object_id`
    names, "" for anything.
    """
    memory.seen(gripper.device())
    width = gripper.width()
    known = memory.held
    if known is None:
        why = memory.why_held(width, settings)
        if why:
            why = (
                f"{why}, and nothing is known of it: this executor did not grasp it, or the hand was restarted since; "
                "take it out, and grasp it again"
            )
        elif width is None:
            why = "nothing is known to be in the hand, and its width is not told; grasp an object first"
        else:
            why = f"the hand holds nothing, its fingers are {millimetres(width)} apart; grasp an object first"
        raise GraspFailure(PlaceCode.NOTHING_HELD, why)
    held, grip = known
    gone = None if width is None else held.failure(width)
    if gone is not None:
        raise GraspFailure(PlaceCode.NOTHING_HELD, f"{grip.object_id} is no longer in the hand: {gone}")
    if object_id not in ("", grip.object_id):
        raise GraspFailure(
            PlaceCode.NOTHING_HELD,
            f"the hand holds {grip.object_id}, and the goal names {object_id}; leave object_id empty for whatever it "
            "holds",
        )
    return held, grip


def check_pose(pose: Array, grip: Grip, settings: GraspSettings) -> None:
    """Raises GraspFailure INVALID_GOAL for a release pose base_from_tcp (4, 4) beside the workspace, GOAL_IN_COLLISION
    for one at which the object would be pressed into the table.
    """
    point, low, high = pose[:3, 3], settings.workspace_min, settings.workspace_max
    if np.any(point[:2] < low[:2]) or np.any(point[:2] > high[:2]):
        raise GraspFailure(
            PlaceCode.INVALID_GOAL,
            f"pose brings the tool centre point to {numbers(point)} m in the base frame, the workspace is "
            f"{numbers(low)} to {numbers(high)}",
        )
    lowest = float(grip.base_from_tcp[2, 3])
    if tilt(pose[:3, :3] @ grip.base_from_tcp[:3, :3].T) < LEANS and point[2] < lowest - PRESSED:
        raise GraspFailure(
            PlaceCode.GOAL_IN_COLLISION,
            f"{grip.object_id} would be pressed {1000 * (lowest - point[2]):.0f} mm into the table: pose brings the "
            f"tool centre point to z = {point[2]:.3f} m in the base frame, expected at least {lowest:.3f} m, where it "
            f"was when the fingers closed on {grip.object_id}",
        )


def check_target(goal: PlaceGoal, grip: Grip, perception: PlacePerception, stop: StopCheck) -> None:
    """Raises GraspFailure 100 + UNKNOWN_KEYPOINT for a target that the store does not have, NOT_SUPPORTED for an object
    that would have to be turned upright on it.
    """
    taught = perception.taught(goal.target_object_id, stop)
    if goal.target_keypoint not in taught:
        raise unknown_keypoint(goal.target_object_id, (goal.target_keypoint,), taught)
    known = grip.tcp_from_object
    lay = 0.0 if known is None else tilt((grip.base_from_tcp @ known)[:3, :3])
    if goal.upright and lay > LAY:
        raise GraspFailure(
            PlaceCode.NOT_SUPPORTED,
            f"upright is true, and {grip.object_id} leant by {np.rad2deg(lay):.0f} degrees from how it was scanned "
            "when it was picked up: this version turns an object upright at a pose only; send where: 1 (AT_POSE)",
        )
