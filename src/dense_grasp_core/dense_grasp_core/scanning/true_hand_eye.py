"""The pictures of a scan with the camera where it really sits, where hand-eye is off by little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement, refine_hand_eye
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.table_object import TableObject


def with_true_hand_eye(
    first: PosedPicture,
    taken: Sequence[PosedPicture],
    table_object: TableObject,
    most_shift: float,
    most_turn: float,
) -> tuple[Sequence[PosedPicture], TableObject, HandEyeRefinement]:
    """The pictures and the object as they really are, and what was found; as they came where hand-eye is right.

    first: that the object was seen in. Raises GraspFailure HAND_EYE_WRONG where it is off by more than most_shift (m)
    or most_turn (rad), RefinementError where the pictures say nothing of it.
    """
    found = refine_hand_eye(taken, table_object)
    if not found.is_off:
        return taken, table_object, found
    if found.shift > most_shift or found.turn > most_turn:
        raise GraspFailure(
            ScanCode.HAND_EYE_WRONG,
            f"the hand-eye transform is off by about {found}, expected at most "
            f"{1000.0 * most_shift:.0f} mm and {np.degrees(most_turn):.1f}° "
            "(scan_hand_eye_shift, scan_hand_eye_turn): calibrate the camera's mount again "
            "(ros2 run dense_grasp check_cell --move)",
        )
    return [found.applied(picture) for picture in taken], found.moved(table_object, first), found
