"""The stages of a scan by the arm as plain code over protocols: no ROS, testable with fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dense_grasp_core.grasping.arm_moves import ArmMoves
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import FingerMemory, HoldWatch
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import MotionPlanner, PlanError, Trajectory, WorldModel
from dense_grasp_core.object_model.coverage import share_covered
from dense_grasp_core.object_model.fused_surface import Surface
from dense_grasp_core.object_model.scan import ScanError, ScanView
from dense_grasp_core.object_model.scan_check import require_consistent
from dense_grasp_core.result_codes import ScanCode, ScanStage
from dense_grasp_core.scanning.dome import camera_on_tool, directions_for
from dense_grasp_core.scanning.first_look import object_of_goal
from dense_grasp_core.scanning.hand_eye_refinement import RefinementError
from dense_grasp_core.scanning.interfaces import (
    FEWEST_VIEWS,
    MOST_VIEWS,
    Camera,
    Progress,
    ScanGoal,
    ScanOutcome,
    Scans,
    ScanSettings,
    validate,
)
from dense_grasp_core.scanning.object_masks import scan_views
from dense_grasp_core.scanning.posed_picture import PosedPicture
from dense_grasp_core.scanning.scan_code import scan_code
from dense_grasp_core.scanning.table_object import TableObject, space_under
from dense_grasp_core.scanning.true_hand_eye import with_true_hand_eye
from dense_grasp_core.scanning.view_plan import ViewPlan, ViewPlanner

Array = np.ndarray
#: m around what was seen from above that the arm keeps out of, too; edge of the cells of that space.
_MARGIN, _CELL = 0.02, 0.01
#: Every so many pixels of the first picture is an obstacle.
_STEP = 4
#: rad between where the arm is and where the next way begins, from which on the way is planned anew.
_APART = 0.02


class ScanSequence:
    """Runs one goal. Raises GraspFailure or Canceled; `outcome` then tells how far it got."""

    def __init__(
        self,
        arm: Arm,
        gripper: Gripper,
        camera: Camera,
        planner: MotionPlanner,
        scans: Scans,
        settings: ScanSettings,
        grasp_settings: GraspSettings,
        *,
        memory: FingerMemory | None = None,
        check_ready: Callable[[StopCheck], None] = lambda stop: None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        stop: StopCheck | None = None,
    ):
        """memory: of the fingers, from the goals before. check_ready: raises GraspFailure when arm, gripper or planner
        is not there.
        """
        self._arm = arm
        self._gripper = gripper
        self._camera = camera
        self._planner = planner
        self._scans = scans
        self._settings = settings
        self._grasp_settings = grasp_settings
        self._memory = memory or FingerMemory()
        self._check_ready = check_ready
        self._on_progress = on_progress
        self._stop = HoldWatch(gripper, stop)
        # The way to where the arm looks from is a part of looking.
        self._progress = GoalRun(self._stop, lambda stage, detail: self._tell(ScanStage.LOOKING, detail))
        self._moves = ArmMoves(arm, planner, grasp_settings, self._progress)
        self._taken: list[PosedPicture] = []
        self._first: PosedPicture | None = None
        self._table_object: TableObject | None = None
        self.outcome = ScanOutcome()

    def run(self, goal: ScanGoal) -> str:
        """Does the whole scan; the sentence says what there is. The arm is stopped whenever this raises; the pictures
        taken until then are kept as a scan where they are enough for one and replace none.
        """

        def failed(error: GraspFailure | PlanError) -> GraspFailure:
            return GraspFailure(scan_code(error.code), f"{error}{self._kept(goal)}")

        return self._progress.through(lambda: self._run(goal), self._arm.stop, failed, lambda: self._kept(goal))

    def _run(self, goal: ScanGoal) -> str:
        validate(goal)
        if not goal.plan_only:
            self._check_before(goal)
            self._check_ready(self._stop)
            self._check_fingers()
            self._moves.observe(self._grasp_settings.observe_poses[0], "to the observation pose")
        first, table_object = self._look(goal)
        views = self._view_planner(first)
        world = self._world(goal, first, table_object)
        plan = self._plan(goal, views, table_object, world)
        if goal.plan_only:
            return (
                f"planned {len(plan.ways)} views of {goal.object_id} for {self._duration(plan.ways):.0f} s of motion, "
                f"{plan.coverage:.0%} of the directions above the table; moved nothing{plan.said_missing()}"
            )
        self._take(plan, views, world)
        self._go_back(views, world)
        taken, self._taken = self._taken, []
        return f"{self._fuse_and_keep(goal, taken, goal.overwrite)}{plan.said_missing()}"

    def _check_before(self, goal: ScanGoal) -> None:
        """Raises GraspFailure where the scan that there is, or is not, does not fit the goal."""
        has_one = self._scans.has(goal.object_id)
        if goal.join and not has_one:
            raise GraspFailure(
                ScanCode.INVALID_GOAL,
                f"join is true, and {goal.object_id} has no scan that a second one could join: scan it without join",
            )
        if has_one and not (goal.overwrite or goal.join):
            raise GraspFailure(
                ScanCode.SCAN_EXISTS,
                f"{goal.object_id} has a scan already, and overwrite is false: set it to replace the scan, or join to "
                "add a second one of the object turned over",
            )

    def _check_fingers(self) -> None:
        """Raises GraspFailure HOLDS_OBJECT where the hand may hold something: it is before the camera."""
        self._memory.seen(self._gripper.device())
        why = self._memory.why_held(self._gripper.width(), self._grasp_settings)
        if why:
            raise GraspFailure(
                ScanCode.HOLDS_OBJECT,
                f"{why}: take it out, or open the fingers; it would be in every picture",
            )

    def _look(self, goal: ScanGoal) -> tuple[PosedPicture, TableObject]:
        self._tell(ScanStage.LOOKING, "for what stands on the table")
        picture = self._camera.look(self._stop)
        table_object = object_of_goal(picture, goal, self._settings)
        x, y = table_object.centre[:2]
        size = " x ".join(f"{100 * edge:.0f}" for edge in table_object.size)
        self._tell(ScanStage.LOOKING, f"something of {size} cm stands at ({x:.3f}, {y:.3f}) m")
        self._first, self._table_object = picture, table_object
        return picture, table_object

    def _view_planner(self, picture: PosedPicture) -> ViewPlanner:
        mount = camera_on_tool(picture.base_from_camera, self._planner.tcp_pose(self._arm.positions()))
        return ViewPlanner(self._planner, self._settings, picture.camera, mount)

    def _world(self, goal: ScanGoal, picture: PosedPicture, table_object: TableObject) -> WorldModel:
        """What was seen, and the space under it, of which nothing is known yet."""
        height = goal.height or self._settings.height
        unknown = space_under(table_object, height, _MARGIN, _CELL)
        points = np.concatenate([picture.points_base(_STEP), unknown])
        return WorldModel(points_base=points, seen_from=self._arm.positions())

    def _plan(self, goal: ScanGoal, views: ViewPlanner, table_object: TableObject, world: WorldModel) -> ViewPlan:
        settings = self._settings
        spacing = goal.spacing or settings.spacing
        count = goal.views or min(MOST_VIEWS, max(FEWEST_VIEWS, directions_for(spacing, settings.lowest)))
        self._tell(ScanStage.PLANNING_VIEWS, f"{count} views")
        plan = views.plan(table_object, count, self._arm.positions(), world, self._stop, self._check)
        self.outcome.path, self.outcome.planned = list(plan.ways), len(plan.ways)
        if goal.plan_only:
            self.outcome.coverage = plan.coverage
        self._tell(
            ScanStage.PLANNING_VIEWS,
            f"{len(plan.ways)} views, {self._duration(plan.ways):.0f} s of motion{plan.said_missing()}",
        )
        return plan

    def _check(self, done: int, total: int) -> None:
        self._stop.check()

    def _take(self, plan: ViewPlan, views: ViewPlanner, world: WorldModel) -> None:
        for number, (way, direction) in enumerate(zip(plan.ways, plan.directions, strict=True), start=1):
            self._tell(ScanStage.MOVING, f"to view {number} of {len(plan.ways)}")
            here = self._arm.positions()
            if np.max(np.abs(here - way.start)) > _APART:
                try:
                    way = views.way(here, way.end, world, self._stop)
                except PlanError as error:
                    self._tell(ScanStage.MOVING, f"view {number} is left out: {error}")
                    continue
            self._moves.execute(way)
            self._arm.wait_still(self._stop)
            self._tell(ScanStage.TAKING, f"view {number} of {len(plan.ways)}")
            self._taken.append(self._camera.look(self._stop))
            self.outcome.directions.append(direction)
        self._tell(ScanStage.TAKING, f"{len(self._taken)} pictures are taken")

    def _go_back(self, views: ViewPlanner, world: WorldModel) -> None:
        """To the observation pose, around the object; the scan is not lost where there is no way."""
        try:
            pose = self._grasp_settings.observe_poses[0]
            self._moves.execute(views.way(self._arm.positions(), pose, world, self._stop))
        except (PlanError, GraspFailure) as error:
            self._arm.stop()
            self._tell(ScanStage.MOVING, f"the arm stays where it is: {error}")

    def _fuse_and_keep(self, goal: ScanGoal, taken: Sequence[PosedPicture], overwrite: bool) -> str:
        views, surface, about = self._fuse(goal, taken)
        if goal.join:
            return self._join(goal, views, surface, about)
        size, coverage = np.ptp(surface.points, axis=0), float(about["coverage"])
        self.outcome.disk_bytes = self._scans.put(goal.object_id, views, surface, about, overwrite)
        self.outcome.views, self.outcome.coverage, self.outcome.size = len(views), coverage, size
        box = " x ".join(f"{100 * edge:.1f}" for edge in size)
        left_out = len(taken) - len(views)
        return (
            f"scanned {goal.object_id}: {len(views)} views, {coverage:.0%} of the directions above the table, "
            f"{box} cm" + (f"; {left_out} pictures do not show it" if left_out else "")
        )

    def _fuse(self, goal: ScanGoal, taken: Sequence[PosedPicture]) -> tuple[list[ScanView], Surface, dict[str, Any]]:
        """Views, surface and what scan.json says. Raises GraspFailure SCAN_INCONSISTENT, HAND_EYE_WRONG."""
        self._tell(ScanStage.FUSING, f"{len(taken)} pictures", stoppable=False)
        taken, table_object = self._with_true_hand_eye(taken)
        try:
            views, surface, base_from_object = scan_views(taken, table_object)
            check = require_consistent(views)
        except ScanError as error:
            raise GraspFailure(
                ScanCode.SCAN_INCONSISTENT,
                f"{len(taken)} pictures make no scan: {error}; was the object moved, or somebody in the picture? Is "
                "hand-eye right (ros2 run dense_grasp check_cell --move)?",
            ) from error
        about = {
            "object": goal.object_id,
            "source": "scan_object",
            "check": str(check),
            "coverage": share_covered(np.array([self.outcome.directions[int(view.name)] for view in views])),
            "base_from_object": base_from_object.tolist(),
        }
        if self.outcome.hand_eye is not None:
            about["published_from_true_camera"] = self.outcome.hand_eye.published_from_true.tolist()
        return views, surface, about

    def _with_true_hand_eye(self, taken: Sequence[PosedPicture]) -> tuple[Sequence[PosedPicture], TableObject]:
        """The pictures and the object as they are once a hand-eye transform that is off a little is corrected.

        Raises GraspFailure HAND_EYE_WRONG where it is off by more.
        """
        assert self._first is not None and self._table_object is not None
        try:
            limits = self._settings.hand_eye_shift, self._settings.hand_eye_turn
            right, table_object, found = with_true_hand_eye(self._first, taken, self._table_object, *limits)
        except RefinementError as error:
            # What contradicts itself is refused by the check of the scan.
            self._tell(ScanStage.FUSING, f"hand-eye is not checked: {error}", stoppable=False)
            return taken, self._table_object
        self.outcome.residual = found.after
        if found.is_off:
            self.outcome.hand_eye = found
            self._tell(ScanStage.FUSING, f"hand-eye is corrected by {found}", stoppable=False)
        return right, table_object

    def _join(self, goal: ScanGoal, views: Sequence[ScanView], surface: Surface, about: Mapping[str, Any]) -> str:
        def told(detail: str) -> None:
            self._tell(ScanStage.FUSING, detail)

        outcome = self.outcome
        joined, outcome.disk_bytes = self._scans.join(goal.object_id, views, surface, about, told)
        outcome.views, outcome.coverage = len(joined.views), joined.coverage
        outcome.size, outcome.residual = np.ptp(joined.surface.points, axis=0), joined.registration.residual
        return f"joined {len(views)} views of {goal.object_id} turned over to its scan: {joined}"

    def _kept(self, goal: ScanGoal) -> str:
        """Keeps what was taken before a failure or a cancel; the end of the sentence about it."""
        if not self._taken:
            return ""
        count = len(self._taken)
        if count < FEWEST_VIEWS:
            return f"; nothing is kept of {count} pictures, a scan has {FEWEST_VIEWS} or more"
        try:
            if self._scans.has(goal.object_id):
                aside = self._scans.put_aside(goal.object_id, *self._fuse(goal, self._taken))
                return f"; {goal.object_id} keeps the scan of before, and what there is of the new one is in {aside}"
            return f"; kept what there is: {self._fuse_and_keep(goal, self._taken, overwrite=False)}"
        except GraspFailure as error:
            return f"; nothing is kept of {count} pictures: {error}"

    def _tell(self, stage: ScanStage, detail: str, stoppable: bool = True) -> None:
        if stoppable:
            self._stop.check()
        directions = list(self.outcome.directions)
        coverage = share_covered(np.array(directions).reshape(-1, 3))
        self._on_progress(Progress(stage, detail, len(directions), self.outcome.planned, coverage, directions))

    @staticmethod
    def _duration(ways: list[Trajectory]) -> float:
        return sum(way.duration for way in ways)
