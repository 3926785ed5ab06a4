"""What a scan by the arm is given, works through and answers: protocols and plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import StopCheck
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_core.object_model.scan_join import JoinedScan
from dense_grasp_core.result_codes import ScanCode, ScanStage
from dense_grasp_core.scanning.hand_eye_refinement import HandEyeRefinement
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.store.rows import is_name

Array = np.ndarray
FEWEST_VIEWS, MOST_VIEWS = 4, 200
CLOSEST_SPACING, WIDEST_SPACING = 0.12, 1.0  # rad; the closest are about as many views as MOST_VIEWS
HIGHEST, WIDEST = 1.0, 1.0  # m of a goal's height and radius


class Camera(Protocol):
    """The camera on the arm."""

    def look(self, stop: StopCheck | None = None) -> PosedPicture:
        """A picture that was taken after this call, with where the camera was. Raises GraspFailure, Canceled."""


class Scans(Protocol):
    """Where scans are kept."""

    def has(self, object_id: str) -> bool:
        """Whether the object has a scan."""

    def put(
        self, object_id: str, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any], overwrite: bool
    ) -> int:
        """Keeps a scan, whole or not at all; its bytes. Raises GraspFailure SCAN_EXISTS, SCAN_NOT_STORED."""

    def put_aside(self, object_id: str, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any]) -> str:
        """Keeps a scan beside the object's own, in place of one that was put aside before; where it is. Raises
        GraspFailure SCAN_NOT_STORED.
        """

    def join(
        self,
        object_id: str,
        views: Sequence[ScanView],
        surface: Surface,
        about: Mapping[str, Any],
        told: Callable[[str], None],
    ) -> tuple[JoinedScan, int]:
        """Joins a second scan to the object's, which stays as it is where anything fails; both, and their bytes.

        told: what is done now; what it raises ends it. Raises GraspFailure SCAN_INCONSISTENT where the two do not fit
        together, SCAN_NOT_STORED.
        """


@dataclass(frozen=True)
class ScanGoal:
    """What to scan, see ScanObject.action. views 0: by `spacing` rad; spacing 0, height 0: the default. centre (3,) m
    counts with a radius only.
    """

    object_id: str
    views: int = 0
    spacing: float = 0.0
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    radius: float = 0.0
    height: float = 0.0
    overwrite: bool = False
    plan_only: bool = False
    join: bool = False


@dataclass(frozen=True)
class ScanSettings:
    """spacing: rad between neighbouring directions; lowest: rad above the horizon of the lowest direction; nearest: m
    from the camera to the object at least; height: m above the table that the arm keeps out of; speed: m/s of the tool
    centre point at most; least_reached: share of the directions asked for that the arm must reach; hand_eye_shift, m,
    and hand_eye_turn, rad: by which the camera may sit elsewhere than TF says.
    """

    workspace_min: Array
    workspace_max: Array
    table_height: float
    spacing: float
    lowest: float
    nearest: float
    height: float
    speed: float
    least_reached: float
    hand_eye_shift: float
    hand_eye_turn: float


@dataclass(frozen=True)
class Progress:
    """Feedback. directions: unit vectors (3,) from the object to the camera of the pictures so far; coverage: share of
    the directions above the table that they cover.
    """

    stage: ScanStage
    detail: str
    taken: int
    planned: int
    coverage: float
    directions: Sequence[Array]


@dataclass
class ScanOutcome:
    """What is known of a scan, filled as it goes. size: (3,) m, of the box around the surface, zeros before it.
    residual: m, by which the pictures, or two joined scans, differ. hand_eye: where it was found to be off.
    """

    path: list[Trajectory] = field(default_factory=list)
    planned: int = 0
    directions: list[Array] = field(default_factory=list)
    views: int = 0
    coverage: float = 0.0
    size: Array = field(default_factory=lambda: np.zeros(3))
    disk_bytes: int = 0
    residual: float = float("nan")
    hand_eye: HandEyeRefinement | None = None


def validate(goal: ScanGoal) -> None:
    """Raises GraspFailure INVALID_GOAL for a goal that cannot be meant."""
    if not is_name(goal.object_id):
        raise _invalid("object_id", repr(goal.object_id[:80]), "1 to 64 characters of [A-Za-z0-9_.-]")
    if goal.views and not FEWEST_VIEWS <= goal.views <= MOST_VIEWS:
        raise _invalid("views", goal.views, f"0 (by view_spacing), or {FEWEST_VIEWS} to {MOST_VIEWS}")
    if goal.spacing and not CLOSEST_SPACING <= goal.spacing <= WIDEST_SPACING:
        raise _invalid("view_spacing", goal.spacing, f"0 (the default), or {CLOSEST_SPACING} to {WIDEST_SPACING} rad")
    if not 0.0 <= goal.radius <= WIDEST:
        raise _invalid("radius", goal.radius, f"0 (what stands on the table), or up to {WIDEST} m")
    if not np.isfinite(goal.centre).all():
        raise _invalid("centre", tuple(goal.centre), "three finite numbers, m in the base frame")
    if goal.radius == 0.0 and any(goal.centre):
        raise _invalid("radius", goal.radius, f"more than 0 m with the centre {tuple(goal.centre)}")
    if goal.join and goal.overwrite:
        raise _invalid("overwrite", True, "false with join: a second scan is added to the one that there is")
    if not 0.0 <= goal.height <= HIGHEST:
        raise _invalid("height", goal.height, f"0 (the default), or up to {HIGHEST} m")


def _invalid(name: str, value: object, expected: str) -> GraspFailure:
    return GraspFailure(ScanCode.INVALID_GOAL, f"{name} is {value}, expected {expected}")
