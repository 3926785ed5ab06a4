"""Which pinches are worth planning for, from the points that were found and what the depth camera saw around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.grasping.pinch import PinchSpec, depth_to_overlap, pinch_candidates
from dense_grasp_core.grasping.pinch_geometry import GraspError
from dense_grasp_core.grasping.sheet_pinch import SheetSpec, depth_past_edge, sheet_candidates, surface_normal

Array = NDArray[np.float64]
#: m by which the pinch is tried less deep when the whole depth brings the palm into the object.
SHALLOWER = (0.0, 0.008, 0.016)
#: z of the approach direction of a hand that does not lean.
UPRIGHT = -0.999


class SurfaceError(GraspError):
    """The depth camera saw too little of the surface that is to be pinched."""


@dataclass(frozen=True)
class PinchPoints:
    """Found points (3,) m in the base frame; a pair that is not taught is None, None. See PinchSpec, SheetSpec."""

    contact: Array
    axis_a: Array | None = None
    axis_b: Array | None = None
    approach_a: Array | None = None
    approach_b: Array | None = None


@dataclass(frozen=True)
class PinchChoice:
    """Depths (m) of the tool centre point and the overlap that it keeps; see config/grasp.yaml.

    pinch_depth: beyond the contact from above; sheet_depth: beyond it along taught approach points; least_overlap:
    at least so far behind the edge that is seen, whatever the contact's error.
    """

    pinch_depth: float = 0.018
    sheet_depth: float = 0.0
    least_overlap: float = 0.010

    def candidates(self, found: PinchPoints, points: Array) -> list[Array]:
        """base_from_tcp (4, 4), the preferred first. points: (N, 3) surface points in the base frame.

        Raises GraspError for points that define no pinch, SurfaceError where the surface's direction is asked for and
        too little of it was seen.
        """
        if found.approach_a is None and found.approach_b is None:
            return self._from_above(found, points)
        return self._along_sheet(found, points)

    def _from_above(self, found: PinchPoints, points: Array) -> list[Array]:
        least = depth_to_overlap(found.contact, points, self.least_overlap)
        poses: list[Array] = []
        for depth in dict.fromkeys(max(self.pinch_depth - less, least) for less in SHALLOWER):
            poses += pinch_candidates(PinchSpec(found.contact, found.axis_a, found.axis_b, pinch_depth=depth))
        # Upright but shallow is preferred to leaning: sorting is stable.
        return sorted(poses, key=lambda pose: bool(pose[2, 2] > UPRIGHT))

    def _along_sheet(self, found: PinchPoints, points: Array) -> list[Array]:
        normal = None
        if found.axis_a is None and found.axis_b is None:
            try:
                normal = surface_normal(found.contact, points)
            except GraspError as error:
                raise SurfaceError(str(error)) from error
        poses = sheet_candidates(
            SheetSpec(found.contact, found.approach_a, found.approach_b, found.axis_a, found.axis_b, normal)
        )
        for pose in poses:
            # Every yaw passes another part of the edge.
            least = depth_past_edge(found.contact, pose[:3, 2], points, self.least_overlap)
            pose[:3, 3] += max(self.sheet_depth, least) * pose[:3, 2]
        return poses
