"""From where the arm looks at an object, in which order, and along which ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import StopCheck
from dense_grasp_core.motion.interfaces import NO_WAY, MotionPlanner, PlanError, Trajectory, WorldModel
from dense_grasp_core.motion.timing import with_tool_speed
from dense_grasp_core.object_model.coverage import share_covered
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.dome import DISTANCES, dome_directions, dome_view, viewing_distance
from dense_grasp_core.scanning.interfaces import ScanSettings
from dense_grasp_core.scanning.route import short_route
from dense_grasp_core.scanning.table_object import TableObject

Array = np.ndarray
_SIDES = ("x", "x y", "y", "-x y", "-x", "-x -y", "-y", "x -y")


@dataclass
class ViewPlan:
    """Ways from view to view, and the direction (3,) that each ends in; `missing`: directions (n, 3) not reached."""

    ways: list[Trajectory] = field(default_factory=list)
    directions: list[Array] = field(default_factory=list)
    missing: list[Array] = field(default_factory=list)

    @property
    def coverage(self) -> float:
        """Share of the directions above the table that the views cover."""
        return share_covered(np.array(self.directions).reshape(-1, 3))

    def said_missing(self) -> str:
        """Which directions are missing, as the end of a sentence; "" when all are reached."""
        if not self.missing:
            return ""
        azimuths = np.arctan2(np.array(self.missing)[:, 1], np.array(self.missing)[:, 0])
        sectors = np.floor(azimuths / (np.pi / 4) + 0.5).astype(int) % 8
        counts = np.bincount(sectors, minlength=8)
        sides = [f"{_SIDES[i]} ({counts[i]})" for i in np.argsort(-counts, kind="stable")[:3] if counts[i]]
        return f"; the arm does not reach {len(self.missing)} directions, most of them towards {', '.join(sides)}"


class ViewPlanner:
    """Plans views around one object. camera_from_tcp (4, 4): how the camera sits on the hand."""

    def __init__(self, planner: MotionPlanner, settings: ScanSettings, camera: CameraModel, camera_from_tcp: Array):
        self._planner = planner
        self._settings = settings
        self._camera = camera
        self._camera_from_tcp = camera_from_tcp

    def plan(
        self,
        table_object: TableObject,
        count: int,
        start: Array,
        world: WorldModel,
        stop: StopCheck | None = None,
        on_view: Callable[[int, int], None] = lambda done, total: None,
    ) -> ViewPlan:
        """Up to `count` views from the arm's positions `start` (J,), around what is in the world.

        Raises GraspFailure VIEWS_UNREACHABLE when the arm reaches too few of the directions, PlanError when the planner
        is not there, Canceled.
        """
        distance = viewing_distance(self._camera, table_object.radius, self._settings.nearest)
        distances = [share * distance for share in DISTANCES]
        directions = dome_directions(count, self._settings.lowest)
        places = [
            [pose @ self._camera_from_tcp for pose in dome_view(table_object.centre, direction, distances).poses]
            for direction in directions
        ]
        positions = self._planner.find_joint_positions(places, start, world, stop)
        reached = [i for i, each in enumerate(positions) if each is not None]
        plan = ViewPlan(missing=[directions[i] for i, each in enumerate(positions) if each is None])
        self._require_enough(len(reached), count, plan, [directions[i] for i in reached], distance)
        goals = [each for each in positions if each is not None]
        position = start
        for done, index in enumerate(short_route(start, goals)):
            on_view(done, len(goals))
            direction = directions[reached[index]]
            try:
                way = self.way(position, goals[index], world, stop)
            except PlanError as error:
                if error.code not in NO_WAY:
                    raise
                plan.missing.append(direction)
                continue
            plan.ways.append(way)
            plan.directions.append(direction)
            position = way.end
        self._require_enough(len(plan.ways), count, plan, plan.directions, distance)
        return plan

    def way(self, start: Array, goal: Array, world: WorldModel, stop: StopCheck | None = None) -> Trajectory:
        """The way to the joint positions `goal` (J,) at a scan's speed. Raises PlanError, Canceled."""
        way = self._planner.plan_joints(start, goal, world, stop)
        return with_tool_speed(way, self._planner.tcp_pose, self._settings.speed)

    def _require_enough(
        self, reached: int, count: int, plan: ViewPlan, directions: Sequence[Array], distance: float
    ) -> None:
        if reached >= max(2.0, self._settings.least_reached * count):
            return
        share = share_covered(np.array(directions).reshape(-1, 3))
        raise GraspFailure(
            ScanCode.VIEWS_UNREACHABLE,
            f"the arm reaches {reached} of {count} views at {distance:.2f} m from the object, {share:.0%} of the "
            f"directions above the table, expected at least {self._settings.least_reached:.0%} of the views"
            f"{plan.said_missing()}; put the object nearer to the middle of the workspace",
        )
