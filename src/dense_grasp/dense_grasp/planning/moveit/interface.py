"""What is asked of MoveIt, in plain data; messages are made and read in moveit_messages only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from dense_grasp_core.motion.interfaces import StopCheck

Array = np.ndarray
TouchingPair = tuple[str, str]


@dataclass(frozen=True)
class SceneObject:
    """Boxes of one name. `centres`, `sizes` (N, 3) m, edges along the axes of the frame they are in.

    link: "" for the robot's base frame and the world; else the link whose frame they are in and that carries them.
    touch: links that may touch them. hidden: RViz draws them transparent.
    """

    name: str
    centres: Array
    sizes: Array
    link: str = ""
    touch: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True)
class CollisionMatrix:
    """Who may touch whom: `names` in the order of rows and columns of `allowed` (N, N) bool."""

    names: tuple[str, ...] = ()
    allowed: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    #: Names for which a rule holds that is in no row: name and rule.
    defaults: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class PresentScene:
    """What a planner has: robot, names of world objects and of carried ones, and its collision matrix."""

    model: str
    joints: tuple[str, ...]
    objects: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    matrix: CollisionMatrix = field(default_factory=CollisionMatrix)


@dataclass(frozen=True)
class SceneChange:
    """What to change: objects to set, names to take away, the whole collision matrix as it is to be."""

    objects: tuple[SceneObject, ...]
    remove: tuple[str, ...]
    release: tuple[str, ...]
    matrix: CollisionMatrix


@dataclass(frozen=True)
class PathAnswer:
    """A planned path: `times` (N,) s, `positions` and `velocities` (N, J), the last one (0, 0) where there is none."""

    code: int
    message: str = ""
    joint_names: tuple[str, ...] = ()
    times: Array = field(default_factory=lambda: np.zeros(0))
    positions: Array = field(default_factory=lambda: np.zeros((0, 0)))
    velocities: Array = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True)
class PathQuestion:
    """A joint goal: `start`, `goal` (J,) rad; seconds to search; factors of MoveIt's own limits in 0..1."""

    start: Array
    goal: Array
    allowed_time: float
    velocity_scaling: float
    acceleration_scaling: float


class MoveItInterface(Protocol):
    """A MoveIt that answers. Raises PlanError PLANNER_UNAVAILABLE when it does not, Canceled on `stop`."""

    who: str
    group: str

    def scene(self, stop: StopCheck | None = None) -> PresentScene:
        """What it has."""

    def change(self, change: SceneChange, stop: StopCheck | None = None) -> bool:
        """Changes its scene; False when it refused."""

    def contacts(self, path: Array, stop: StopCheck | None = None) -> Sequence[Sequence[TouchingPair]]:
        """For each of the positions (N, J) the pairs of links or objects that touch."""

    def solve(self, link: str, base_from_link: Array, seed: Array, stop: StopCheck | None = None) -> tuple[int, Array]:
        """Inverse kinematics of a link's pose (4, 4): MoveIt's code and positions (J,)."""

    def plan(self, question: PathQuestion, stop: StopCheck | None = None) -> PathAnswer:
        """A path to the joint goal."""
