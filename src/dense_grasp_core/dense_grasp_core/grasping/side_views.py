"""Where to look from when straight above the object shows too little of it: a lid or an edge alone, an unknown side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dense_grasp_core.grasping.arm_moves import ArmMoves
from dense_grasp_core.grasping.contacts import object_place
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Located, Perception
from dense_grasp_core.motion.interfaces import NO_WAY, MotionPlanner, PlanError, WorldModel
from dense_grasp_core.result_codes import Stage
from dense_grasp_core.scanning.dome import camera_on_tool, dome_view
from dense_grasp_core.scanning.table_object import TableObject, standing_objects

Array = NDArray[np.float64]
#: rad above the horizon: sides and top are seen alike, and the arm reaches most of the way round.
ELEVATION = np.pi / 4.0
#: Directions round the object.
AZIMUTHS = 8
#: The nearer it is, the better it is found: from this share of the distance before on, farther in STEPS where the arm
#: does not reach so far down. What may be one of several things is looked for from ROOM times the radius of them all,
#: which a camera that sees 40 degrees up and across then has whole in the picture.
NEAREST, STEPS, ROOM = 0.65, 5, 3.2
#: Radius of what is seen of an object from above, as a share of that of its scan: what is much smaller or larger is
#: another one.
AS_LARGE = (0.6, 1.3)


def side_directions() -> Array:
    """Unit vectors (AZIMUTHS, 3) from the object to the camera, z up."""
    azimuths = 2.0 * np.pi * np.arange(AZIMUTHS) / AZIMUTHS
    flat = np.cos(ELEVATION)
    return np.stack([flat * np.cos(azimuths), flat * np.sin(azimuths), np.full(AZIMUTHS, np.sin(ELEVATION))], axis=1)


def distances(before: float, radius: float) -> Array:
    """m from the object to the camera, the preferred first, for what lies within `radius` m and was `before` m away."""
    nearest = float(np.clip(ROOM * radius, NEAREST * before, before))
    return np.linspace(nearest, before, STEPS)


def tool_poses(centre: Array, distance: float, camera_from_tcp: Array, lowest: float) -> list[list[Array]]:
    """For each of `side_directions` the poses base_from_tcp (4, 4), none lower than `lowest` m, from which the camera
    looks at `centre` (3,) m, base frame, from so many m.
    """
    views = (dome_view(centre, direction, (distance,)) for direction in side_directions())
    places = ([pose @ camera_from_tcp for pose in view.poses] for view in views)
    return [[pose for pose in poses if pose[2, 3] >= lowest] for poses in places]


def order_of_views(start: Array, positions: Sequence[Array | None], most: int) -> list[Array]:
    """Of the joint positions (J,) for `side_directions`, None out of reach, at most `most` to look from: the one with
    the least travel from `start` (J,) first, then what looks farthest away from those before.
    """
    directions = side_directions()
    left = {index: each for index, each in enumerate(positions) if each is not None}
    chosen: list[int] = []
    order: list[Array] = []
    while left and len(order) < most:
        here = order[-1] if order else start
        costs = []
        for index, each in left.items():
            beside = max((float(directions[index] @ directions[other]) for other in chosen), default=0.0)
            costs.append((round(beside, 6), float(np.abs(each - here).max()), index))
        chosen.append(min(costs)[-1])
        order.append(left.pop(chosen[-1]))
    return order


class SideViews:
    """Brings the arm to where it looks from the side, `settings.side_views` times for a goal at most."""

    def __init__(
        self,
        arm: Arm,
        perception: Perception,
        planner: MotionPlanner,
        moves: ArmMoves,
        settings: GraspSettings,
        run: GoalRun,
    ):
        self._arm = arm
        self._perception = perception
        self._planner = planner
        self._moves = moves
        self._settings = settings
        self._run = run
        self._are_visited = False
        self._is_scanned: bool | None = None
        self._radius = 0.0

    def may_help(self, object_id: str) -> bool:
        """Whether they are still to be visited, and the object is known from the side."""
        return not self._are_visited and self.are_of_use(object_id)

    def are_of_use(self, object_id: str) -> bool:
        """Whether the object is known from the side: it has a scan. Asked once a goal."""
        if not (self._settings.side_views and self._settings.use_depth):
            return False
        if self._is_scanned is None:
            radius = self._perception.scanned_radius(object_id, self._run.stop)
            self._is_scanned, self._radius = radius is not None, radius or 0.0
        return self._is_scanned

    def visit(self, matches: Sequence[Located], world: WorldModel) -> Iterator[None]:
        """Yields when the arm stands still at each; not at all where nothing stands on the table, or nothing is in
        reach. matches: of the look before; world: all that was seen. Raises GraspFailure, PlanError, Canceled.
        """
        self._are_visited = True
        target = self._target(matches, world)
        if target is None:
            return
        start = self._arm.positions()
        positions = self._run.timed(lambda: self._in_reach(*target, start, world))
        visited = 0
        for goal in order_of_views(start, positions, self._settings.side_views):
            self._run.stage(Stage.OBSERVING, f"from the side, {visited + 1} of at most {self._settings.side_views}")
            try:
                self._moves.to_joints(goal, world)
            except PlanError as error:
                if error.code not in NO_WAY:
                    raise
                continue
            self._arm.wait_still(self._run.stop)
            visited += 1
            yield

    def _in_reach(self, centre: Array, radius: float, start: Array, world: WorldModel) -> list[Array | None]:
        """Joint positions (J,) for each of `side_directions`, as near as the arm gets; None out of reach."""
        stop = self._run.stop
        base_from_camera = self._perception.camera_now(stop)
        camera_from_tcp = camera_on_tool(base_from_camera, self._planner.tcp_pose(start))
        found: list[Array | None] = [None] * AZIMUTHS
        for distance in distances(float(np.linalg.norm(base_from_camera[:3, 3] - centre)), radius):
            missing = [index for index, each in enumerate(found) if each is None]
            if not missing:
                break
            # Not all of the table has been seen, and from safe_height on the arm goes where it likes.
            places = tool_poses(centre, distance, camera_from_tcp, self._settings.safe_height)
            reached = self._planner.find_joint_positions([places[index] for index in missing], start, world, stop)
            for index, each in zip(missing, reached, strict=True):
                found[index] = each
        return found

    def _target(self, matches: Sequence[Located], world: WorldModel) -> tuple[Array, float] | None:
        """Middle (3,) and radius, m, of what is to be looked at; None where there is nothing."""
        settings = self._settings
        place = object_place(matches)
        if place is not None:
            return place, 0.0
        corners = settings.workspace_min, settings.workspace_max
        standing = standing_objects(world.every_point, settings.table_height, *corners)
        return around(likely(standing, self._radius))


def likely(standing: Sequence[TableObject], radius: float) -> Sequence[TableObject]:
    """Those that are about as large as an object of this radius, m; all where none is."""
    fitting = [each for each in standing if AS_LARGE[0] * radius <= each.radius <= AS_LARGE[1] * radius]
    return fitting or standing


def around(standing: Sequence[TableObject]) -> tuple[Array, float] | None:
    """Middle (3,) of the box around them, and the distance of the farthest point from it, m; None without any."""
    if not standing:
        return None
    points = np.concatenate([each.points for each in standing])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2.0
    return middle, float(np.linalg.norm(points - middle, axis=1).max())
