"""Printed square tags, AprilTag or ArUco, in pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

FAMILIES = (
    "DICT_APRILTAG_36h11",
    "DICT_APRILTAG_25h9",
    "DICT_APRILTAG_16h5",
    "DICT_ARUCO_ORIGINAL",
    "DICT_4X4_1000",
    "DICT_5X5_1000",
    "DICT_6X6_1000",
    "DICT_7X7_1000",
)
_PICTURES_TO_CHOOSE = 6


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture (H, W, 3) without its colours, (H, W): what tags are looked for in."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def family_of(greys: Sequence[NDArray[np.uint8]]) -> str:
    """The family, a name of cv2.aruco's, of which some of the pictures (H, W) show most tags."""
    step = max(1, len(greys) // _PICTURES_TO_CHOOSE)
    counts = {name: sum(len(tags_in(each, name)) for each in greys[::step]) for name in FAMILIES}
    return max(counts, key=lambda name: counts[name])


def tags_in(grey: NDArray[np.uint8], family: str) -> dict[int, NDArray[np.float64]]:
    """Number → corners (4, 2) of the tags in a picture (H, W); a number that is seen twice is left out."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, family))
    corners, numbers, _ = cv2.aruco.ArucoDetector(dictionary, parameters).detectMarkers(grey)
    if numbers is None:
        return {}
    listed = [int(number) for number in np.ravel(numbers)]
    return {
        number: np.asarray(four, float).reshape(4, 2)
        for number, four in zip(listed, corners, strict=True)
        if listed.count(number) == 1
    }
