"""The stages of a place over fakes: order, codes, what is said of where the object is, and a cancel in every stage."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.holding import FingerMemory, Grip, held_range
from dense_grasp_core.grasping.interfaces import Located
from dense_grasp_core.motion.interfaces import PlacePlan, PlanError, WorldModel
from dense_grasp_core.placing.interfaces import PlaceGoal, Where
from dense_grasp_core.placing.place_sequence import PlaceSequence
from dense_grasp_core.result_codes import GraspCode, MatchCode, PlaceCode, PlaceStage

_spec = importlib.util.spec_from_file_location("fake_cell", Path(__file__).with_name("fake_cell.py"))
fake_cell = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake_cell)
AWAY, GRASP, HOME, settings, trajectory = (
    fake_cell.AWAY,
    fake_cell.GRASP,
    fake_cell.HOME,
    fake_cell.settings,
    fake_cell.trajectory,
)
POINT = np.array([0.6, 0.2, 0.05])
#: base_from_camera, looking down.
CAMERA = np.diag([1.0, -1.0, -1.0, 1.0])
CAMERA[:3, 3] = 0.6, 0.0, 0.5
BACK = PlaceGoal(Where.BACK)
ON_POINT = PlaceGoal(Where.ON_KEYPOINT, target_object_id="box", target_keypoint="top")


def at_pose(x: float = 0.5, y: float = 0.1, z: float = 0.1, **more) -> PlaceGoal:
    pose = GRASP.copy()
    pose[:3, 3] = x, y, z
    return PlaceGoal(Where.AT_POSE, pose=pose, **more)


class Cell(fake_cell.FakeCell):
    """A cap 3 mm thick is held."""

    def __init__(self):
        super().__init__(HOME, fingers=0.003)
        self.opens_to: float | None = 0.08
        self.lost_during = ""
        self.position = POINT
        self.memory = FingerMemory()
        self.memory.seen(1)
        self.grip = Grip("cap", GRASP, WorldModel(np.zeros((0, 3)), GRASP[:3, 3], held_at=GRASP, seen_from=HOME))
        self.memory.holds(held_range(0.003, settings()), self.grip)
        self.requests = []
        self.turned: np.ndarray | None = None
        self.places: list[np.ndarray] = []

    # arm
    def execute(self, part, stop=None):
        parts = {} if not self.requests else {id(p): n for n, p in zip(("to_above", "lower", "retreat"), self.parts)}
        name = parts.get(id(part), "move")
        self._do(name)
        if name == self.lost_during:
            self.fingers = 0.0
        self._go(part, stop)

    def wait_still(self, stop=None):
        pass

    # gripper
    def open(self, width, stop=None):
        self._do("open")
        self.fingers = self.opens_to

    def grasp(self, stop=None):
        self._do("grasp")

    # perception
    def taught(self, object_id, stop=None):
        return ["top"] if object_id == "box" else []

    def locate(self, object_id, keypoints, stop=None):
        self._do("locate")
        code = self._code()
        return [Located(keypoint, code, "said so", self.position, 5) for keypoint in keypoints]

    def points_now(self, stop=None):
        self._do("points")
        return np.ones((4, 3))

    def camera_now(self, stop=None):
        self._do("camera")
        return CAMERA

    # planner
    def find_joint_positions(self, places, start, world, stop=None):
        assert world.held_at is GRASP
        self.places += places[0]
        return [self.turned]

    def plan_line(self, start, base_from_tcp, speed=None, stop=None):
        self._do("plan_line")
        return trajectory(start, start + 0.5)

    def plan_place(self, request, stop=None):
        self._do("plan_place")
        self.requests.append(request)
        start = request.start
        self.parts = trajectory(start, start + 1), trajectory(start + 1, start + 2), trajectory(start + 2, start + 3)
        return PlacePlan(*self.parts, np.asarray(request.candidates[0]), 0, 0.1)


class Force:
    """The vertical force of each asking, in order."""

    def __init__(self, *values: float):
        self._values = list(values)

    def __call__(self) -> float | None:
        return self._values.pop(0) if self._values else None


def sequence(
    cell: Cell, stop_in: PlaceStage | None = None, ready=lambda stop: None, force=None, now=time.monotonic, **changes
):
    reached: list[PlaceStage] = []

    def on_stage(stage, detail):
        reached.append(stage)

    made = PlaceSequence(
        cell,
        cell,
        cell,
        cell,
        settings(**changes),
        0.0,
        memory=cell.memory,
        check_ready=ready,
        on_stage=on_stage,
        stop=lambda: stop_in in reached,
        force=force or Force(),
        now=now,
    )
    made.reached = reached
    return made


def fails(cell: Cell, goal: PlaceGoal = BACK, **changes) -> GraspFailure:
    with pytest.raises(GraspFailure) as failure:
        sequence(cell, **changes).run(goal)
    assert "stop" in cell.log
    return failure.value


def test_it_is_put_back_where_it_was():
    cell = Cell()
    run = sequence(cell)
    message = run.run(BACK)
    assert cell.log == ["points", "plan_place", "to_above", "lower", "open", "retreat"]
    assert run.reached == [stage for stage in PlaceStage if stage != PlaceStage.LOCATING_TARGET]
    assert message == "put down cap with the tool centre point at (0.500, 0.000, 0.100) m"
    (request,) = cell.requests
    np.testing.assert_array_equal(request.candidates[0], GRASP)
    assert request.world.held_at is GRASP and len(request.world.newer_points) == 4
    assert cell.memory.held is None and cell.memory.why_held(0.08, settings()) == ""
    assert fails(cell).code == PlaceCode.NOTHING_HELD


def test_plan_only_moves_nothing_and_asks_nobody_whether_the_arm_is_there():
    def not_there(stop):
        raise GraspFailure(GraspCode.CONTROLLER_UNAVAILABLE, "no controller")

    for goal, looked in ((BACK, []), (replace(ON_POINT), ["locate"])):
        cell = Cell()
        run = sequence(cell, ready=not_there)
        assert "moved nothing" in run.run(replace(goal, plan_only=True))
        assert cell.log == [*looked, "points", "plan_place"] and run.outcome.plan is not None
        assert fails(cell, goal, ready=not_there).code == GraspCode.CONTROLLER_UNAVAILABLE
        assert cell.memory.held is not None


def test_without_depth_only_what_was_seen_before_counts():
    cell = Cell()
    sequence(cell, use_depth=False).run(BACK)
    assert "points" not in cell.log and len(cell.requests[0].world.newer_points) == 0


def test_on_a_point_it_looks_from_the_observation_poses_with_the_object_in_the_hand():
    cell = Cell()
    cell.joints, cell.codes = AWAY, [MatchCode.LOW_SCORE, MatchCode.OK]
    run = sequence(cell)
    run.run(ON_POINT)
    assert cell.log[:8] == ["plan_joints", "move", "locate", "camera", "plan_joints", "move", "locate", "points"]
    assert cell.world.held_at is GRASP
    assert list(dict.fromkeys(run.reached)) == list(PlaceStage)
    pose = cell.requests[0].candidates[0]
    np.testing.assert_allclose(pose[:3, 3], [0.6, 0.2, 0.05 + 0.1 + 0.003])
    np.testing.assert_array_equal(cell.requests[0].world.put_on, POINT)
    assert [match.keypoint for match in run.outcome.matches] == ["top"]


def test_it_looks_with_the_hand_turned_round_as_what_it_holds_hides_a_part():
    cell = Cell()
    cell.joints, cell.turned = HOME, np.full(7, 0.3)
    cell.codes = [MatchCode.LOW_SCORE, MatchCode.OK]
    sequence(cell).run(ON_POINT)
    assert cell.log[:6] == ["locate", "camera", "plan_joints", "move", "locate", "points"]
    np.testing.assert_array_equal(cell.requests[0].start, cell.turned)
    (place,) = cell.places  # the hand 10 cm behind the camera, and then as far before it
    np.testing.assert_allclose(place[:3, 3], [0.7, 0.0, cell.height])
    np.testing.assert_allclose(place[:3, :3], np.diag([-1.0, 1.0, -1.0]))
    cell = Cell()
    cell.turned, cell.codes = np.full(7, 0.3), [MatchCode.LOW_SCORE]
    assert "(looked from 4 poses)" in str(fails(cell, ON_POINT))
    cell = Cell()
    cell.turned, cell.codes = np.full(7, 0.3), [MatchCode.LOW_SCORE]
    cell.fail_once["plan_joints"] = PlanError(GraspCode.PLANNING_FAILED, "no way round")
    assert "(looked from 3 poses)" in str(fails(cell, ON_POINT))
    cell = Cell()
    cell.codes = [MatchCode.LOW_SCORE]
    assert "(looked from 2 poses)" in str(fails(cell, ON_POINT, use_depth=False)) and "camera" not in cell.log


def test_a_target_that_is_found_from_nowhere():
    cell = Cell()
    cell.codes = [MatchCode.AMBIGUOUS, MatchCode.LOW_SCORE]
    failure = fails(cell, ON_POINT)
    assert failure.code == PlaceCode.PERCEPTION + MatchCode.AMBIGUOUS
    assert str(failure) == "box/top: said so (looked from 2 poses); the hand still holds cap"
    cell.codes = [MatchCode.NO_FRAME]
    cell.log.clear()
    assert fails(cell, ON_POINT).code == PlaceCode.PERCEPTION + MatchCode.NO_FRAME
    assert cell.log.count("locate") == 1
    cell.codes, cell.position = [MatchCode.OK], np.full(3, np.nan)
    assert fails(cell, ON_POINT).code == PlaceCode.PERCEPTION + MatchCode.NO_DEPTH


def test_a_target_that_is_found_on_what_is_held_is_none():
    cell = Cell()
    plate = GRASP[:3, 3] + np.array([[x, y, -0.02] for x in np.arange(0, 0.1, 0.01) for y in np.arange(0, 0.1, 0.01)])
    world = replace(cell.grip.world, points_base=plate)
    cell.memory.holds(held_range(0.003, settings()), replace(cell.grip, world=world))
    cell.position = plate[50] + [0.0, 0.0, 0.4]  # the hand is 40 cm higher now
    failure = fails(cell, ON_POINT)
    assert failure.code == PlaceCode.PERCEPTION + MatchCode.AMBIGUOUS and "on cap in the hand" in str(failure)


@pytest.mark.parametrize(
    "goal",
    [
        PlaceGoal(Where.ON_KEYPOINT, target_object_id="box"),
        PlaceGoal(Where.ON_KEYPOINT, target_keypoint="top"),
        PlaceGoal(Where.BACK, target_object_id="box"),
        PlaceGoal(Where.AT_POSE),
        at_pose(x=np.nan),
        at_pose(x=0.9),
    ],
)
def test_a_goal_that_cannot_be_meant(goal):
    cell = Cell()
    assert fails(cell, goal).code == PlaceCode.INVALID_GOAL
    assert set(cell.log) == {"stop"}


def test_a_pose_that_presses_the_object_into_the_table_is_refused():
    cell = Cell()
    failure = fails(cell, at_pose(z=0.06))
    assert failure.code == PlaceCode.GOAL_IN_COLLISION and "pressed 40 mm into the table" in str(failure)
    assert set(cell.log) == {"stop"}
    sequence(cell).run(at_pose(z=0.097))


def test_an_unknown_target_moves_nothing():
    cell = Cell()
    for goal, word in (
        (replace(ON_POINT, target_object_id="shelf"), "shelf"),
        (replace(ON_POINT, target_keypoint="x"), "x is"),
    ):
        failure = fails(cell, goal)
        assert failure.code == PlaceCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT and word in str(failure)
    assert set(cell.log) == {"stop"}


def test_nothing_is_held():
    cell = Cell()
    cell.fingers = 0.0
    failure = fails(cell)
    assert failure.code == PlaceCode.NOTHING_HELD and "cap is no longer in the hand" in str(failure)
    cell.fingers, cell.memory = 0.03, FingerMemory()
    assert "may hold something" in str(failure := fails(cell)) and failure.code == PlaceCode.NOTHING_HELD
    cell.fingers = 0.08
    assert "the hand holds nothing, its fingers are 80.0 mm apart" in str(fails(cell))
    cell.fingers = None
    assert "nothing is known to be in the hand" in str(fails(cell))
    assert set(cell.log) == {"stop"}


def test_what_is_held_has_another_name_or_came_with_another_hand():
    cell = Cell()
    failure = fails(cell, replace(BACK, object_id="mug"))
    assert failure.code == PlaceCode.NOTHING_HELD and "holds cap, and the goal names mug" in str(failure)
    sequence(cell).run(replace(BACK, object_id="cap", plan_only=True))
    cell.device_number = 2  # it was restarted, maybe with nothing in it
    assert fails(cell).code == PlaceCode.NOTHING_HELD


def test_upright_on_a_point_is_not_done_for_what_lay_on_its_side():
    cell = Cell()
    lying = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    grip = replace(cell.grip, tcp_from_object=np.linalg.inv(GRASP) @ lying)
    cell.memory.holds(held_range(0.003, settings()), grip)
    failure = fails(cell, replace(ON_POINT, upright=True))
    assert failure.code == PlaceCode.NOT_SUPPORTED and "90 degrees" in str(failure)
    sequence(cell).run(ON_POINT)


@pytest.mark.parametrize("stage", [stage for stage in PlaceStage if stage != PlaceStage.RETREATING])
def test_a_cancel_stops_and_keeps_the_object(stage):
    cell = Cell()
    with pytest.raises(Canceled) as canceled:
        sequence(cell, stop_in=stage).run(ON_POINT)
    assert cell.log[-2:] == ["stop", "stop"]
    assert "retreat" not in cell.log
    if stage != PlaceStage.RELEASING:
        assert "open" not in cell.log and str(canceled.value).endswith("; the hand still holds cap")
        assert cell.memory.held is not None


def test_a_cancel_after_the_release_says_that_it_was_put_down():
    cell = Cell()
    with pytest.raises(Canceled, match="cap was put down"):
        sequence(cell, stop_in=PlaceStage.RETREATING).run(BACK)
    assert cell.memory.held is None


@pytest.mark.parametrize("during", ["to_above", "lower"])
def test_what_is_lost_on_the_way_is_told(during):
    cell = Cell()
    cell.lost_during = during
    clock = iter(np.arange(0.0, 100.0, 0.02))
    run = sequence(cell, now=lambda: next(clock))
    with pytest.raises(GraspFailure) as failure:
        run.run(BACK)
    assert failure.value.code == PlaceCode.OBJECT_LOST
    assert "narrower" in str(failure.value) and "the fingers opened" in str(failure.value)
    assert cell.log[-1] == "open" and cell.memory.held is None


def test_a_hand_that_tells_its_width_after_a_motion_only_is_asked_before_it_opens():
    cell = Cell()
    cell.tells_live = False
    sequence(cell).run(BACK)
    assert cell.log[-3:] == ["grasp", "open", "retreat"]
    cell = Cell()
    cell.tells_live, cell.lost_during = False, "lower"
    assert fails(cell).code == PlaceCode.OBJECT_LOST


def test_fingers_that_stay_around_the_object_did_not_release_it():
    cell = Cell()
    cell.opens_to = 0.004
    failure = fails(cell)
    assert failure.code == PlaceCode.NOT_RELEASED and "told to open to 80.0 mm and are 4.0 mm apart" in str(failure)
    assert "retreat" not in cell.log


def test_an_object_that_comes_along_is_told_by_its_weight():
    cell = Cell()
    failure = fails(cell, force=Force(-5.0, -4.9), min_lift_force=0.5)
    assert failure.code == PlaceCode.NOT_RELEASED and "changed by 0.10 N" in str(failure)
    sequence(Cell(), force=Force(-5.0, -3.0), min_lift_force=0.5).run(BACK)


def test_from_a_start_in_collision_it_goes_straight_up_first():
    cell = Cell()
    cell.fail_once["plan_place"] = PlanError(GraspCode.START_IN_COLLISION, "held object touches table")
    run = sequence(cell)
    run.run(BACK)
    np.testing.assert_array_equal(cell.requests[0].start, HOME + 0.5)
    way = run.outcome.plan.to_above
    np.testing.assert_array_equal(way.positions, [HOME, HOME + 0.5, HOME + 1.5])
    np.testing.assert_array_equal(way.times, [0.0, 1.0, 2.0])
    cell = Cell()
    cell.fail_once["plan_place"] = PlanError(GraspCode.START_IN_COLLISION, "held object touches table")
    cell.fail_once["plan_line"] = PlanError(GraspCode.UNREACHABLE, "no way up")
    failure = fails(cell)
    assert failure.code == PlaceCode.START_IN_COLLISION and "touches table; the hand still holds cap" in str(failure)


def test_no_way_there_moves_nothing():
    cell = Cell()
    cell.fail_once["plan_place"] = PlanError(GraspCode.UNREACHABLE, "too far")
    assert str(fails(cell)) == "too far; the hand still holds cap"
    assert cell.log == ["points", "plan_place", "stop", "stop"]
