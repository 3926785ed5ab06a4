"""Views from the side, with the embedded planner: where the camera then is, and when there are none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.grasping.arm_moves import ArmMoves
from dense_grasp_core.grasping.goal_run import GoalRun
from dense_grasp_core.grasping.holding import HoldWatch
from dense_grasp_core.grasping.interfaces import Located
from dense_grasp_core.grasping.side_views import ELEVATION, SideViews, order_of_views, side_directions
from dense_grasp_core.motion.interfaces import PlanError, Seen, WorldModel
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage

_spec = importlib.util.spec_from_file_location("fake_cell", Path(__file__).with_name("fake_cell.py"))
fake_cell = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(fake_cell)
#: The camera of config/hand_eye.yaml on the hand, seen from the tool centre point.
TCP_FROM_CAMERA = np.eye(4)
TCP_FROM_CAMERA[:3, :3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
TCP_FROM_CAMERA[:3, 3] = 0.065, 0.0, -0.068


class Cell(fake_cell.FakeCell):
    """An arm that jumps along the planner's ways; the camera sits on its hand."""

    def __init__(self, planner, start):
        super().__init__(start, fingers=0.08)
        self.planner = planner
        self.radius = 0.08

    def camera_now(self, stop=None):
        return self.planner.tcp_pose(self.joints) @ TCP_FROM_CAMERA

    def execute(self, part, stop=None):
        self._do("move")
        self._go(part, stop)

    def wait_still(self, stop=None):
        self._do("still")

    def tcp_pose(self, positions):
        return self.planner.tcp_pose(positions)

    def find_joint_positions(self, places, start, world, stop=None):
        return self.planner.find_joint_positions(places, start, world, stop)

    def plan_joints(self, start, goal, world, stop=None):
        self._do("plan_joints")
        return self.planner.plan_joints(start, goal, world, stop)


def looks_of(cell: Cell, **changes) -> SideViews:
    settings = fake_cell.settings(**{"side_views": 2, **changes})
    run = GoalRun(HoldWatch(cell, None), lambda stage, detail: cell.log.append(f"{stage.name} {detail}"))
    return SideViews(cell, cell, cell, ArmMoves(cell, cell, settings, run), settings, run)


def box_on_table(x: float, y: float) -> np.ndarray:
    """Points of the top of a box and of the table around it."""
    across, along = np.meshgrid(np.arange(-0.04, 0.041, 0.004), np.arange(-0.04, 0.041, 0.004))
    top = np.stack([x + across.ravel(), y + along.ravel(), np.full(across.size, 0.1)], axis=1)
    table = np.stack([x + 5 * across.ravel(), y + 5 * along.ravel(), np.zeros(across.size)], axis=1)
    return np.concatenate([top, table])


def match(at=None) -> Located:
    return Located("contact", MatchCode.AMBIGUOUS, "said so", np.full(3, np.nan), 5, None, None, at)


@pytest.mark.parametrize("at", [np.array([0.5, 0.1, 0.05]), None])
def test_the_camera_looks_at_the_object_from_two_sides(planner, observe, at):
    cell = Cell(planner, observe)
    world = WorldModel(earlier=(Seen(box_on_table(0.5, 0.1), observe),))
    place = np.array([0.5, 0.1, 0.1]) if at is None else at
    before = np.linalg.norm(cell.camera_now()[:3, 3] - place)
    towards = []
    for _ in looks_of(cell).visit([match(at)], world):
        camera = cell.camera_now()
        away = camera[:3, 3] - place
        distance = np.linalg.norm(away)
        assert 0.6 * before < distance < 0.8 * before, "nearer than from above"
        assert cell.tcp_pose(cell.joints)[2, 3] > 0.3 - 1e-3, "not below safe_height"
        assert away[2] / distance == pytest.approx(np.sin(ELEVATION), abs=0.02)
        assert camera[:3, 2] @ away / distance == pytest.approx(-1.0, abs=1e-3), "its axis goes through the object"
        towards.append(away[:2] / np.linalg.norm(away[:2]))
    assert len(towards) == 2
    assert towards[0] @ towards[1] < 0.01, "at least a quarter of the way round from each other"


def test_all_that_stands_there_is_in_the_picture(planner, observe):
    cell = Cell(planner, observe)
    both = np.concatenate([box_on_table(0.45, 0.12), box_on_table(0.55, -0.12)])
    half = 0.5 * 480 / 615.0  # of the height of a D435's picture of 640x480
    for _ in looks_of(cell).visit([match()], WorldModel(earlier=(Seen(both, observe),))):
        seen = (both[both[:, 2] > 0.05] - cell.camera_now()[:3, 3]) @ cell.camera_now()[:3, :3]
        assert (np.abs(seen[:, :2]) < half * seen[:, 2:]).all()
        assert np.linalg.norm(seen, axis=1).max() < 0.85


def test_of_several_things_that_as_large_as_the_scan_is_looked_at(planner, observe):
    cell = Cell(planner, observe)
    small = box_on_table(0.48, 0.1)
    high = np.stack(np.meshgrid([0.55, 0.554], [-0.15], np.arange(0.02, 0.3, 0.004)), axis=-1).reshape(-1, 3)
    world = WorldModel(earlier=(Seen(np.concatenate([small, high]), observe),))
    looks = looks_of(cell)
    assert looks.may_help("box")
    assert list(looks_directions(cell, looks, world, np.array([0.48, 0.1, 0.1]))) == pytest.approx([1.0] * 2, abs=1e-3)


def looks_directions(cell: Cell, looks: SideViews, world: WorldModel, place: np.ndarray):
    """Cosine between the camera's axis and the way to a place, at each look."""
    for _ in looks.visit([match()], world):
        away = place - cell.camera_now()[:3, 3]
        yield float(cell.camera_now()[:3, 2] @ away / np.linalg.norm(away))


def test_they_are_made_once_a_goal_and_of_scanned_objects_alone(planner, observe):
    cell = Cell(planner, observe)
    looks = looks_of(cell)
    assert looks.may_help("mug")
    assert len(list(looks.visit([match(np.array([0.5, 0.0, 0.05]))], WorldModel()))) == 2
    assert not looks.may_help("mug")
    cell.radius = None
    assert not looks_of(cell).may_help("cap")
    cell.radius = 0.08
    cell.log.clear()
    assert not looks_of(cell, side_views=0).may_help("mug")
    assert not looks_of(cell, use_depth=False).may_help("mug"), "the arm moves low, and what stands there is not seen"
    assert cell.log == [], "nobody is asked"


def test_where_nothing_stands_there_is_nothing_to_look_at(planner, observe):
    cell = Cell(planner, observe)
    table = box_on_table(0.5, 0.0)
    empty = WorldModel(earlier=(Seen(table[table[:, 2] == 0.0], observe),))
    assert list(looks_of(cell).visit([match()], empty)) == []
    assert cell.log == []


def test_out_of_reach_there_is_no_look(planner, observe):
    cell = Cell(planner, observe)
    assert list(looks_of(cell).visit([match(np.array([1.6, 0.0, 0.05]))], WorldModel())) == []


def test_a_look_without_a_way_is_left_out(planner, observe):
    cell = Cell(planner, observe)
    cell.fail_once["plan_joints"] = PlanError(GraspCode.PLANNING_FAILED, "no way")
    assert len(list(looks_of(cell).visit([match(np.array([0.5, 0.0, 0.05]))], WorldModel()))) == 1
    cell = Cell(planner, observe)
    cell.fail["plan_joints"] = PlanError(GraspCode.PLANNER_UNAVAILABLE, "gone")
    with pytest.raises(PlanError, match="gone"):
        list(looks_of(cell).visit([match(np.array([0.5, 0.0, 0.05]))], WorldModel()))


def test_the_nearest_comes_first_then_what_looks_from_the_other_side():
    start = np.zeros(7)
    travels = (None, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9)
    positions = [None if travel is None else np.full(7, travel) for travel in travels]
    assert len(positions) == len(side_directions())
    order = order_of_views(start, positions, 3)
    assert [round(float(each[0]), 1) for each in order] == [0.2, 0.6, 0.4], "1, opposite it 5, then 3"
    assert order_of_views(start, [None] * 8, 3) == []


def test_the_stages_are_told(planner, observe):
    cell = Cell(planner, observe)
    list(looks_of(cell).visit([match(np.array([0.5, 0.0, 0.05]))], WorldModel()))
    assert [entry for entry in cell.log if entry.startswith(Stage.OBSERVING.name)] == [
        "OBSERVING from the side, 1 of at most 2",
        "OBSERVING from the side, 2 of at most 2",
    ]
