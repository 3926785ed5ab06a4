"""A scan whose poses were found, judged by the true poses of the same pictures: ``evaluate --pictures --bank``.

Both lie in frames of their own. They are laid over each other by a rigid motion of the camera centres alone, so that a
wrong size counts as an error; truth goes into nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dense_grasp_core.geometry.se3 import inverse, kabsch, rotation_angle, transform
from dense_grasp_core.object_model.scan import ScanView, read_scan
from dense_grasp_core.object_model.scan_files import read_json
from numpy.typing import NDArray

from dense_grasp_train.evaluation.evaluation_sets import EvaluationError

Array = NDArray[np.float64]
_FEWEST = 4


@dataclass(frozen=True)
class ScanAgainstTruth:
    """How far a scan is from the truth. centres (n,) metres, angles (n,) radians, of the pictures both have; scale: the
    factor that would fit best, 1 without error; truth_from_scan (4, 4): the rigid motion; pictures: of the scan.
    """

    centres: Array
    angles: Array
    scale: float
    truth_from_scan: Array
    pictures: int

    def markdown(self, name: str) -> str:
        """A table of one row."""
        millimetres, degrees = 1000.0 * self.centres, np.degrees(self.angles)
        return (
            "| scan | pictures | centres median / p95 mm | rotation median / p95 | scale |\n|---|---|---|---|---|\n"
            f"| {name} | {len(self.centres)} of {self.pictures} | {np.median(millimetres):.2f} / "
            f"{np.percentile(millimetres, 95):.2f} | {np.median(degrees):.2f}° / {np.percentile(degrees, 95):.2f}° | "
            f"{100 * (self.scale - 1):+.2f} % |\n"
        )


def named_as_before(scan: Path) -> list[ScanView]:
    """The views of a scan under the names that their pictures had where it was made from. Raises ScanError."""
    names = read_json(scan / "scan.json").get("pictures", {})
    return [replace(view, name=names.get(view.name, view.name)) for view in read_scan(scan)]


def compared(views: Sequence[ScanView], truth: Sequence[ScanView]) -> ScanAgainstTruth:
    """Lay the views over those of the same names. Raises EvaluationError where too few names are the same."""
    true = {view.name: view.pose for view in truth}
    pairs = [(view.pose, true[view.name]) for view in views if view.name in true]
    if len(pairs) < _FEWEST:
        raise EvaluationError(f"{len(pairs)} pictures of the scan are among the true ones, expected {_FEWEST} or more")
    found, right = (np.array([inverse(pair[i])[:3, 3] for pair in pairs]) for i in range(2))
    motion, _ = kabsch(found, right)
    off = transform(motion, found) - right
    # Umeyama's scale, PAMI 1991, for the same rotation.
    spread = (found - found.mean(0)) @ motion[:3, :3].T
    scale = float((spread * (right - right.mean(0))).sum() / (spread**2).sum())
    angles = [rotation_angle(pose @ inverse(motion) @ inverse(true_pose)) for pose, true_pose in pairs]
    return ScanAgainstTruth(np.linalg.norm(off, axis=1), np.array(angles), scale, motion, len(views))


def in_the_frame_of(views: Sequence[ScanView], truth: Sequence[ScanView]) -> list[ScanView]:
    """The same scan with its object's frame laid over the true one, so that points of both can be compared."""
    scan_from_truth = inverse(compared(views, truth).truth_from_scan)
    return [replace(view, camera_from_object=view.pose @ scan_from_truth) for view in views]
