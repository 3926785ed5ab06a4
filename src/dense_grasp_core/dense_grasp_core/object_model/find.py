"""Find an object in one picture: its instances, or none. One call for a robot's graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.object_model.pose import ObjectPose, PictureSearch, PoseFinder, distance
from dense_grasp_core.object_model.seen_colours import ColourVerdict

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Acceptance:
    """What a pose needs to count as found.

    score, supporting: at least. colour_difference: of the tints that the pose shows from the scan's, at most, as a
    multiple of that of views of the scan and of the score: the better a pose explains the picture, the more colours may
    differ. light: change of the whole object's tint, at most, as a logarithm: it is what a lamp may do.
    depth_agrees: least share of the known depth that lies where the pose says, depth_farther: largest share that lies
    behind it. equal: evidence of another pose in the same place, as a share of the best one's, from which on nobody
    knows which is right, whether or not a share of depth behind them is excused, as much as a right pose that is off by
    2 mm has. less_different: by so much less colour_difference another pose is taken instead, where the scan looks the
    same to the network in both. score, colour_difference and light were chosen on pictures with and without the object,
    equal on those of a mug that was scanned with few pictures, less_different on two of a hammer (docs/benchmarks.md);
    supporting and the shares of depth decide nothing there.
    """

    score: float = 0.25
    supporting: int = 20
    colour_difference: float = 7.0
    light: float = 0.4
    depth_agrees: float = 0.15
    depth_farther: float = 0.35
    equal: float = 0.8
    excused: float = 0.06
    less_different: float = 0.15

    def __call__(self, pose: ObjectPose) -> bool:
        """Whether the object is there."""
        if pose.score < self.score or pose.supporting < self.supporting:
            return False
        colours = pose.colours
        if colours is not None and colours.is_telling and not self._same(colours, pose.score):
            return False
        depth = pose.depth
        if depth is None or not depth.is_telling:
            return True
        return depth.agree >= self.depth_agrees and depth.farther <= self.depth_farther

    def leaves_open(self, best: ObjectPose, other: ObjectPose) -> bool:
        """Whether nobody knows which of two poses in one place is right."""
        return any(other.evidence(excused) >= self.equal * best.evidence(excused) for excused in (0.0, self.excused))

    def by_colours(self, equals: Sequence[ObjectPose]) -> ObjectPose:
        """Of poses in which the scan looks the same, best first, the first; or one whose colours fit clearly better.

        What the network does not see may still tell two sides apart, and a taught point lies on one of them.
        """
        first = equals[0]
        known = [pose for pose in equals if self(pose) and np.isfinite(_difference(pose))]
        fitting = min(known, key=_difference, default=first)
        return fitting if _difference(fitting) <= _difference(first) - self.less_different else first

    def _same(self, colours: ColourVerdict, score: float) -> bool:
        return colours.difference <= self.colour_difference * score and colours.light <= self.light


def _difference(pose: ObjectPose) -> float:
    """Of the colours, NaN where nothing is known of them."""
    return pose.colours.difference if pose.colours is not None and pose.colours.is_telling else np.nan


def find_objects(
    finder: PoseFinder,
    rgb: NDArray[np.uint8],
    camera: CameraModel,
    depth: NDArray[np.floating] | None = None,
    most: int = 1,
    acceptance: Acceptance | None = None,
) -> list[ObjectPose]:
    """Instances of the finder's object in an RGB picture (H, W, 3) uint8, at most ``most``, best explained first.

    depth (H, W): metres along the optical axis of a sensor, aligned to the picture, 0 or NaN where unknown; it sets
    the size to look for, the distance, and refuses poses where nothing is. Without it a pose's distance is as good as
    the size of the object in the picture. Empty: not found. Raises PoseError for a picture or depth of another size
    than the camera's.
    """
    search = finder.search_in(rgb, camera, depth)
    accepts = acceptance or Acceptance()
    found: list[ObjectPose] = []
    while len(found) < most:
        instance = _next(search, found, accepts)
        if instance is None:
            break
        found.append(instance)
    return sorted(found, key=lambda pose: -pose.score)


def _next(search: PictureSearch, found: list[ObjectPose], accepts: Acceptance) -> ObjectPose | None:
    taken = [pose.camera_from_object for pose in found]
    poses = search.poses(taken)
    first = _best(poses, accepts)
    if first is None:
        return None
    poses = poses + search.turned(first, taken)
    best, bank = _best(poses, accepts) or first, search.finder.bank
    rivals = [
        pose
        for pose in sorted(poses, key=lambda pose: -pose.evidence())
        if accepts.leaves_open(best, pose)
        and distance(bank, best.camera_from_object, pose.camera_from_object) < bank.radius
    ]
    others = search.distinct([best, *rivals])[1:]
    turns = [inverse(best.camera_from_object) @ other.camera_from_object for other in others]
    same = [search.finder.symmetry.holds(turn) for turn in turns]
    equals = [best, *(other for other, equal in zip(others, same, strict=True) if equal)]
    chosen = accepts.by_colours(equals)
    return replace(
        chosen,
        alternatives=tuple(other.camera_from_object for other, equal in zip(others, same, strict=True) if not equal),
        equals=tuple(other.camera_from_object for other in equals if other is not chosen),
    )


def _best(poses: list[ObjectPose], accepts: Acceptance) -> ObjectPose | None:
    return max((pose for pose in poses if accepts(pose)), key=lambda pose: pose.evidence(), default=None)
