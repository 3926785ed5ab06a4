"""What the stages of a grasp are given, work through and answer: protocols and plain data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.pinch_choice import PinchPoints
from dense_grasp_core.motion.interfaces import PickPlan, Trajectory
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
StopCheck = Callable[[], bool]
#: Found points and surface points (N, 3) in the base frame -> base_from_tcp (4, 4), the preferred first.
Candidates = Callable[[PinchPoints, Array], Sequence[Array]]
AFTER_GRASP = ("hold", "place_back", "release", "deliver")


@dataclass(frozen=True)
class Located:
    """One keypoint in one image: `position` (3,) m in the base frame, NaN when unknown; `message`: as received.

    base_from_object: (4, 4), of the frame of the object that it belongs to; None without a scan, or where two poses
    explain the image. object_at: (3,) m, base frame, where that object is about, also then; None where it is unknown.
    score: 0..1, how well it was found; NaN when unknown.
    """

    keypoint: str
    code: int
    text: str
    position: Array
    stamp_ns: int
    message: Any = None
    base_from_object: Array | None = None
    object_at: Array | None = None
    score: float = float("nan")


class Arm(Protocol):
    """Executes trajectories. Raises GraspFailure, Canceled."""

    def positions(self) -> Array:
        """Present joint positions (J,), fresh."""

    def execute(self, trajectory: Trajectory, stop: StopCheck | None = None) -> None:
        """Returns when the trajectory is done."""

    def wait_still(self, stop: StopCheck | None = None) -> None:
        """Returns when the arm no longer moves."""

    def stop(self) -> None:
        """Stops the arm. Never raises."""


class Gripper(Protocol):
    """A gripper. Every call raises GraspFailure GRIPPER_UNAVAILABLE or GRIPPER_FAILED, and Canceled."""

    def open(self, width: float, stop: StopCheck | None = None) -> None:
        """Opens to `width` m unless it is that wide already."""

    def grasp(self, stop: StopCheck | None = None) -> None:
        """Closes with force until something stops the fingers."""

    def width(self) -> float | None:
        """Width in m after the last motion, None when unknown. Waits for the measurement."""

    def live_width(self) -> float | None:
        """Width in m by the newest measurement, at once; None when the width is not told all the time."""

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises GraspFailure GRIPPER_UNAVAILABLE, or GRIPPER_FAILED when no grasp could be verified."""

    def device(self) -> int:
        """Another number after the gripper's node was restarted."""

    def stop(self) -> None:
        """Stops the fingers. Never raises."""


class Perception(Protocol):
    """Finds taught points and obstacles. Raises GraspFailure, Canceled."""

    def taught(self, object_id: str, stop: StopCheck | None = None) -> list[str]:
        """Names of the keypoints in the store."""

    def locate(self, object_id: str, keypoints: Sequence[str], stop: StopCheck | None = None) -> list[Located]:
        """One answer a keypoint, all from one image that is newer than the call; of a scanned object, for the instance
        that is explained best.
        """

    def locate_instances(
        self, object_id: str, keypoints: Sequence[str], most: int, stop: StopCheck | None = None
    ) -> list[list[Located]]:
        """As `locate`, for each instance of a scanned object, at most `most`; once where none was seen."""

    def scanned_radius(self, object_id: str, stop: StopCheck | None = None) -> float | None:
        """Of the ball, m, that the object's scan fits in; None where the object has no scan."""

    def points(self, stamp_ns: int, stop: StopCheck | None = None) -> Array:
        """Surface points (N, 3) in the base frame, seen at the stamp."""

    def points_now(self, stop: StopCheck | None = None) -> Array:
        """Surface points (N, 3) in the base frame, of an image that is newer than the call."""

    def camera_now(self, stop: StopCheck | None = None) -> Array:
        """base_from_camera (4, 4), its optical frame, of an image that is newer than the call."""


@dataclass(frozen=True)
class GraspSettings:
    """Numbers of config/grasp.yaml and config/robot.yaml; metres, radians, seconds."""

    observe_poses: tuple[Array, ...]
    workspace_min: Array
    workspace_max: Array
    observe_tolerance: float = 0.02
    safe_height: float = 0.30
    pre_grasp_distance: float = 0.10
    lift_height: float = 0.18
    minimum_height: float = 0.008
    target_radius: float = 0.09
    open_width: float = 0.08
    min_grasp_width: float = 0.0012
    max_grasp_width: float = 0.075
    lost_width_change: float = 0.004
    min_lift_force: float = 0.0
    hold_time: float = 0.5
    after_grasp: str = "hold"
    deliver_joints: Array | None = None
    use_depth: bool = True
    side_views: int = 0
    sure_score: float = 0.0
    table_height: float = 0.0
    most_instances: int = 1

    def __post_init__(self) -> None:
        if self.after_grasp not in AFTER_GRASP:
            raise GraspFailure(
                GraspCode.CONFIGURATION_ERROR,
                f"after_grasp is {self.after_grasp!r}, expected one of {', '.join(AFTER_GRASP)}",
            )
        if self.after_grasp == "deliver" and self.deliver_joints is None:
            raise GraspFailure(GraspCode.CONFIGURATION_ERROR, "after_grasp is 'deliver', expected deliver_joints, too")
        if not 0.0 <= self.hold_time <= 3600.0:
            raise GraspFailure(GraspCode.CONFIGURATION_ERROR, f"hold_time is {self.hold_time} s, expected 0 to 3600")


@dataclass(frozen=True)
class GraspContact:
    """A contact keypoint, and the two names each that span its closing axis and its approach, or none."""

    name: str
    axis: tuple[str, ...] = ()
    approach: tuple[str, ...] = ()

    @property
    def keypoints(self) -> tuple[str, ...]:
        """All its names, the contact's own first."""
        return (self.name, *self.axis, *self.approach)


@dataclass(frozen=True)
class GraspGoal:
    """What to grasp.

    contacts: tried in this order when the one before is not found or not reached; none: the keypoint "contact" with the
    pairs axis_a, axis_b and approach_a, approach_b where both are taught. may_drop: the fingers may open even where
    they hold something. all_instances: one after the other, until no more is found.
    """

    object_id: str
    contacts: tuple[GraspContact, ...] = ()
    plan_only: bool = False
    may_drop: bool = False
    all_instances: bool = False


@dataclass
class GraspOutcome:
    """What is known of a grasp, filled as it goes; times in s of wall clock.

    matches: of the last image, and the instance that was tried last; contact: name of the contact that is grasped,
    empty until there is a plan; instances: of the scanned object that were told apart in that image; passed_over: why
    those that were tried before the last are not grasped, a sentence or empty; grasped: objects that were, by the whole
    goal.
    """

    matches: list[Located] = field(default_factory=list)
    contact: str = ""
    instances: int = 0
    passed_over: str = ""
    plan: PickPlan | None = None
    width: float = float("nan")
    planning_time: float = 0.0
    time_to_first_motion: float = float("nan")
    grasped: int = 0


def validate(goal: GraspGoal) -> None:
    """Raises GraspFailure INVALID_GOAL for a goal that cannot be meant."""
    if not goal.object_id:
        raise GraspFailure(GraspCode.INVALID_GOAL, "object_id is empty, expected the name of a taught object")
    names = tuple(contact.name for contact in goal.contacts)
    if len(set(names)) != len(names) or "" in names:
        raise GraspFailure(
            GraspCode.INVALID_GOAL,
            f"the keypoints of the contacts are {names}, expected different names, none of them empty",
        )
    for contact in goal.contacts:
        for kind, pair in (("axis_keypoints", contact.axis), ("approach_keypoints", contact.approach)):
            what = f"{kind} of contact {contact.name}"
            if len(pair) not in (0, 2):
                raise GraspFailure(GraspCode.INVALID_GOAL, f"{what} has {len(pair)} names, expected none or two")
            if len(set(pair)) != len(pair) or "" in pair:
                raise GraspFailure(GraspCode.INVALID_GOAL, f"{what} are {pair}, expected two different names")
