"""What an action's result says beside its code and sentence, as the history shows it."""

from __future__ import annotations

import math
from typing import Any

from dense_grasp_interfaces.action import GraspObject
from dense_grasp_ui.attempts import NO_DETAILS, Details
from dense_grasp_ui.panels.found_points import marks_of


def details_of(result: Any) -> Details:
    """Of a grasp or a plan; nothing of other results, and of None."""
    if not isinstance(result, GraspObject.Result):
        return NO_DETAILS
    told = []
    if result.used_contact:
        told.append(f"pinch at {result.used_contact}")
    if result.instances_seen:
        told.append(f"{result.instances_seen} instance{'s' if result.instances_seen > 1 else ''} seen")
    if result.planning_time > 0.0:
        told.append(f"planned in {result.planning_time:.2f} s")
    if math.isfinite(result.time_to_first_motion):
        told.append(f"moved after {result.time_to_first_motion:.2f} s")
    if math.isfinite(result.grasp_width):
        told.append(f"{1000.0 * result.grasp_width:.0f} mm between the fingers after lifting")
    return Details(", ".join(told), tuple(marks_of(result.matches)))
