"""What a motion planner is asked and what it answers; every backend speaks these types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import GraspCode

Array = np.ndarray
StopCheck = Callable[[], bool]
#: Names of obstacles: the table; points that were seen; of them those about the grasp, or about where something is put,
#: which fingers may touch; and the rest of what it is put on.
TABLE, SEEN, TARGET, SUPPORT = "table", "seen", "target", "support"
#: Codes that say that there is no such way, and not that the planner is gone: another one is worth a try.
NO_WAY = (
    GraspCode.UNREACHABLE,
    GraspCode.START_IN_COLLISION,
    GraspCode.GOAL_IN_COLLISION,
    GraspCode.PLANNING_FAILED,
)


class PlanError(DenseGraspError):
    """No motion: `code` says why in GraspObject's terms, the message says it in a sentence."""

    def __init__(self, code: GraspCode, message: str):
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Trajectory:
    """Joint positions over time: `times` (N,) s from 0, `positions` and `velocities` (N, J) rad and rad/s."""

    joint_names: tuple[str, ...]
    times: Array
    positions: Array
    velocities: Array

    @property
    def duration(self) -> float:
        """Seconds from the first point to the last."""
        return float(self.times[-1])

    @property
    def start(self) -> Array:
        """First positions (J,)."""
        return self.positions[0]

    @property
    def end(self) -> Array:
        """Last positions (J,)."""
        return self.positions[-1]

    def at(self, time: float) -> Array:
        """Positions (J,) at `time`, linear between the points, held outside."""
        return np.array([np.interp(time, self.times, column) for column in self.positions.T])

    def between(self, parts: int = 4) -> tuple[Array, Array, Array]:
        """Times (M,), positions and velocities (M, J) of the cubics through the points, as a trajectory controller
        drives them, `parts` a step.
        """
        step = np.diff(self.times)[:, None, None]
        fraction = (np.arange(parts) / parts)[None, :, None]
        q0, q1 = self.positions[:-1, None], self.positions[1:, None]
        v0, v1 = self.velocities[:-1, None] * step, self.velocities[1:, None] * step
        a, b = 2.0 * (q0 - q1) + v0 + v1, 3.0 * (q1 - q0) - 2.0 * v0 - v1
        positions = q0 + fraction * (v0 + fraction * (b + fraction * a))
        velocities = (v0 + fraction * (2.0 * b + 3.0 * fraction * a)) / step
        times = self.times[:-1, None] + step[:, :, 0] * fraction[:, :, 0]
        joints = self.positions.shape[1]
        return (
            np.append(times.ravel(), self.times[-1]),
            np.vstack([positions.reshape(-1, joints), self.positions[-1:]]),
            np.vstack([velocities.reshape(-1, joints), self.velocities[-1:]]),
        )


@dataclass(frozen=True)
class Seen:
    """Surface points (N, 3) m, base frame, and the arm's positions (J,) rad when they were seen."""

    points_base: Array
    seen_from: Array


@dataclass(frozen=True)
class WorldModel:
    """What surrounds the robot, in its base frame.

    points_base: (N, 3) m, surface points from depth, not yet freed of the robot's own;
    target_point: (3,) m, where the fingers go; target_radius: m, sphere in which fingers may touch points;
    held_at: base_from_tcp (4, 4) at which the fingers closed on the object at target_point, which from then on moves
    with the hand and touches nothing either; seen_from: (J,) rad, where the arm was when the points were seen, None
    for where the motion starts; earlier: what was seen before from elsewhere, and is still there.

    Of an object that is held already: stood_at: m, height of what it stood on, so that what is held goes down to there
    below all that was seen of it, None for what was seen alone; in_hand: False once it has left the hand, when it is
    neither there nor where it was; newer_points: (N, 3) m, seen later, with it in the hand, from newer_from (J,) rad;
    put_on: (3,) m, a point of what it is put on: fingers may touch the points within target_radius of it.
    """

    points_base: Array = field(default_factory=lambda: np.zeros((0, 3)))
    target_point: Array | None = None
    target_radius: float = 0.09
    held_at: Array | None = None
    seen_from: Array | None = None
    earlier: tuple[Seen, ...] = ()
    stood_at: float | None = None
    in_hand: bool = True
    newer_points: Array = field(default_factory=lambda: np.zeros((0, 3)))
    newer_from: Array | None = None
    put_on: Array | None = None

    @property
    def every_point(self) -> Array:
        """All that was seen without an object in the hand (N, 3) m."""
        return np.concatenate([self.points_base, *(seen.points_base for seen in self.earlier)])


@dataclass(frozen=True)
class PickRequest:
    """A grasp to plan: `candidates` are base_from_tcp (4, 4) in order of preference; `start` (J,) rad.

    carries_target: the points about the grasp move with the hand when it lifts, so that the lift passes them. From
    above the hand leaves them behind; from the side it would be stopped by the very object that it holds.
    """

    start: Array
    candidates: Sequence[Array]
    world: WorldModel
    pre_grasp_distance: float = 0.10
    lift_height: float = 0.18
    minimum_height: float = 0.005
    carries_target: bool = False


@dataclass(frozen=True)
class PickPlan:
    """A whole pick. The three trajectories join; `base_from_tcp` (4, 4) is the chosen grasp."""

    to_pre_grasp: Trajectory
    approach: Trajectory
    lift: Trajectory
    base_from_tcp: Array
    candidate: int
    planning_time: float
    stage_times: dict[str, float]


@dataclass(frozen=True)
class PlaceRequest:
    """To put down what is held, which `world` tells: `candidates` are base_from_tcp (4, 4) at the release in order of
    preference; `start` (J,) rad.

    above: m straight over the release where the way down begins; retreat: m that the hand goes back along its approach
    after the release; touches: names of obstacles (TABLE, SEEN, TARGET, SUPPORT) that the held object
    may touch in the last centimetres.
    """

    start: Array
    candidates: Sequence[Array]
    world: WorldModel
    above: float = 0.18
    retreat: float = 0.10
    minimum_height: float = 0.005
    touches: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PlacePlan:
    """A whole place. The three trajectories join; `base_from_tcp` (4, 4) is the tool centre point at the release."""

    to_above: Trajectory
    lower: Trajectory
    retreat: Trajectory
    base_from_tcp: Array
    candidate: int
    planning_time: float


class MotionPlanner(Protocol):
    """Plans for one arm. Raises PlanError with a GraspCode, Canceled when `stop` became true.

    Positions are of `joint_names` in that order; poses are of the tool centre point in the base frame.
    A planner belongs to one thread at a time.
    """

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Arm joints in the order of every position vector."""

    def check_available(self, stop: StopCheck | None = None) -> None:
        """Raises PlanError PLANNER_UNAVAILABLE when it cannot be asked now."""

    def tcp_pose(self, positions: Array) -> Array:
        """base_from_tcp (4, 4) at `positions` (J,)."""

    def plan_joints(self, start: Array, goal: Array, world: WorldModel, stop: StopCheck | None = None) -> Trajectory:
        """A collision-free way to the joint goal (J,)."""

    def find_joint_positions(
        self, places: Sequence[Sequence[Array]], start: Array, world: WorldModel, stop: StopCheck | None = None
    ) -> list[Array | None]:
        """For each place joint positions (J,), free in the world, that bring the tool centre point to one of its poses
        (4, 4); None where there are none.
        """

    def plan_line(
        self, start: Array, base_from_tcp: Array, speed: float | None = None, stop: StopCheck | None = None
    ) -> Trajectory:
        """A straight line of the tool centre point to the pose (4, 4), turning evenly, at most at `speed` m/s."""

    def plan_pick(self, request: PickRequest, stop: StopCheck | None = None) -> PickPlan:
        """Pre-grasp, straight approach and lift of the first feasible candidate."""

    def plan_place(self, request: PlaceRequest, stop: StopCheck | None = None) -> PlacePlan:
        """The way over the place, straight down and back up of the first feasible candidate."""
