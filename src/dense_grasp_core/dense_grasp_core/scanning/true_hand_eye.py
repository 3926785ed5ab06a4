"""The pictures of a scan with the camera where it really sits, where hand-eye is off by little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement, refine_hand_eye
from dense_grasp_core.scanning.interfaces import ScanSettings
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.table_object import TableObject


def with_true_hand_eye(
    first: PosedPicture, taken: Sequence[PosedPicture], table_object: TableObject, settings: ScanSettings
) -> tuple[Sequence[PosedPicture], TableObject, HandEyeRefinement]:
    """The pictures and the object as they really are, and what was found; as they came where hand-eye is right.

    first: that the object was seen in. Raises GraspFailure HAND_EYE_WRONG where it is off by more than the settings
    allow, RefinementError where the pictures say nothing of it.
    """
    found = refine_hand_eye(taken, table_object)
    if not found.is_off:
        return taken, table_object, found
    if found.shift > settings.hand_eye_shift or found.turn > settings.hand_eye_turn:
        raise GraspFailure(
            ScanCode.HAND_EYE_WRONG,
            f"the hand-eye transform is off by about {found}, expected at most "
            f"{1000.0 * settings.hand_eye_shift:.0f} mm and {np.degrees(settings.hand_eye_turn):.1f}° "
            "(scan_hand_eye_shift, scan_hand_eye_turn): calibrate the camera's mount again "
            "(ros2 run dense_grasp check_cell --move)",
        )
    return [found.applied(picture) for picture in taken], found.moved(table_object, first), found
