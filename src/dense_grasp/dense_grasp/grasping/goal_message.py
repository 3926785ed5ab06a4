"""GraspObject's goal as a value."""

from __future__ import annotations

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import GraspContact, GraspGoal
from dense_grasp_core.result_codes import GraspCode

from dense_grasp_interfaces.action import GraspObject


def goal_from_message(request: GraspObject.Goal) -> GraspGoal:
    """The goal. Raises GraspFailure INVALID_GOAL for a field that asks for what is not done."""
    if request.instances not in (GraspObject.Goal.ANY, GraspObject.Goal.ALL):
        raise GraspFailure(GraspCode.INVALID_GOAL, f"instances is {request.instances}, expected ANY (0) or ALL (1)")
    contacts = tuple(
        GraspContact(contact.keypoint, tuple(contact.axis_keypoints), tuple(contact.approach_keypoints))
        for contact in request.contacts
    )
    every = request.instances == GraspObject.Goal.ALL
    return GraspGoal(request.object_id, contacts, request.plan_only, request.may_drop, every)
