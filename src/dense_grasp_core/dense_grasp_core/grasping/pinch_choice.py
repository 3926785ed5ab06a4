"""Which pinches are worth planning for, from the points that were found and what the depth camera saw around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.grasping.free_closing import free_closings
from dense_grasp_core.grasping.pinch import PinchSpec, depth_to_overlap, pinch_candidates
from dense_grasp_core.grasping.pinch_geometry import GraspError
from dense_grasp_core.grasping.sheet_pinch import SheetSpec, depth_past_edge, sheet_candidates, surface_normal

Array = NDArray[np.float64]
#: m by which the pinch is tried less deep when the whole depth brings the palm into the object.
SHALLOWER = (0.0, 0.004, 0.008, 0.012, 0.016)
#: m below the top of a body that the tool centre point goes at most: 10 mm less than the fingers are long.
MOST_OVERLAP = 0.035
#: m around a contact in which the lowest that was seen is taken for what the body stands on, and from there to the tcp.
FLOOR_RADIUS, TIPS_ABOVE = 0.12, 0.014
#: As many of the closings that have room, the thinnest first.
CLOSINGS = 6
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
    at least so far behind the edge that is seen, whatever the contact's error. open_width: m between the open fingers.
    """

    pinch_depth: float = 0.018
    sheet_depth: float = 0.0
    least_overlap: float = 0.010
    open_width: float = 0.08

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
        wanted = self.pinch_depth
        if found.axis_a is None and found.axis_b is None:
            middle = self._depth_to_middle(found.contact, points)
            wanted = middle if np.isfinite(middle) else wanted
        # The palm stays above the body, also where the point is far below its top.
        most = depth_to_overlap(found.contact, points, MOST_OVERLAP)
        poses: list[Array] = []
        deepest = min(wanted, most) if np.isfinite(most) else wanted
        for depth in dict.fromkeys(max(deepest - less, least) for less in SHALLOWER):
            poses += self._at_depth(found, points, depth)
        # Upright but shallow is preferred to leaning: sorting is stable.
        return sorted(poses, key=lambda pose: bool(pose[2, 2] > UPRIGHT))

    def _depth_to_middle(self, contact: Array, points: Array) -> float:
        """m beyond the contact to half the height of what was seen there: a round body is not pinched above its middle.

        -inf where nothing was seen.
        """
        near = points[np.linalg.norm(points[:, :2] - contact[:2], axis=1) < FLOOR_RADIUS] if len(points) else points
        top = contact[2] - depth_to_overlap(contact, points, 0.0)
        if not np.isfinite(top):
            return -np.inf
        height = top - float(np.percentile(near[:, 2], 5))
        return depth_to_overlap(contact, points, max(0.0, min(0.5 * height, height - TIPS_ABOVE, MOST_OVERLAP)))

    def _at_depth(self, found: PinchPoints, points: Array, depth: float) -> list[Array]:
        """With the taught axis; without one across what was seen, or any way where that leaves the fingers no room."""
        if found.axis_a is None and found.axis_b is None:
            poses: list[Array] = []
            for closing in free_closings(found.contact, points, found.contact[2] - depth, self.open_width)[:CLOSINGS]:
                spec = PinchSpec(closing.point, closing.point, closing.point + closing.direction, pinch_depth=depth)
                poses += pinch_candidates(spec)
            if poses:
                return poses
        return pinch_candidates(PinchSpec(found.contact, found.axis_a, found.axis_b, pinch_depth=depth))

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
