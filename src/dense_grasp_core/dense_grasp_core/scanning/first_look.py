"""What a scan makes of its first picture: which object is meant, or why there is none."""

from __future__ import annotations

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.interfaces import ScanGoal, ScanSettings
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.table_object import (
    NoObjectError,
    SeveralObjectsError,
    TableObject,
    find_table_object,
    table_elsewhere,
)


def object_of_goal(picture: PosedPicture, goal: ScanGoal, settings: ScanSettings) -> TableObject:
    """The object that the goal means. Raises GraspFailure HAND_EYE_WRONG, NOTHING_TO_SCAN, INVALID_GOAL (several)."""
    seen = picture.points_base(2)
    table = settings.table_height, settings.workspace_min, settings.workspace_max
    elsewhere = table_elsewhere(seen, *table)
    if elsewhere:
        raise GraspFailure(
            ScanCode.HAND_EYE_WRONG,
            f"{elsewhere}: is hand-eye right (ros2 run dense_grasp check_cell --move), and is most of the table in "
            "sight, beside the object?",
        )
    try:
        return find_table_object(seen, *table, np.array(goal.centre), goal.radius)
    except NoObjectError as error:
        raise GraspFailure(ScanCode.NOTHING_TO_SCAN, str(error)) from error
    except SeveralObjectsError as error:
        raise GraspFailure(ScanCode.INVALID_GOAL, str(error)) from error
