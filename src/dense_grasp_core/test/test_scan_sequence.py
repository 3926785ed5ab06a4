"""A whole scan of a box with the embedded planner, pictures rendered from where the arm is: stages, codes, cancel."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.errors import Canceled
from dense_grasp_core.geometry.se3 import exp
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import GraspSettings
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.object_model.scan_join import join
from dense_grasp_core.object_model.scan_registration import Registration
from dense_grasp_core.result_codes import GraspCode, ScanCode, ScanStage
from dense_grasp_core.scanning.interfaces import ScanGoal, ScanSettings
from dense_grasp_core.scanning.scan_sequence import ScanSequence

_spec = importlib.util.spec_from_file_location("box_on_table", Path(__file__).with_name("box_on_table.py"))
box_on_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box_on_table)
HALF, box_at, look_at_box = box_on_table.HALF, box_on_table.box_at, box_on_table.look_at_box

#: The camera of config/hand_eye.yaml on the hand, seen from the tool centre point.
TCP_FROM_CAMERA = np.eye(4)
TCP_FROM_CAMERA[:3, :3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
TCP_FROM_CAMERA[:3, 3] = 0.065, 0.0, -0.068
CORNERS = np.array([0.25, -0.38, -0.01]), np.array([0.75, 0.38, 0.40])
SETTINGS = ScanSettings(
    *CORNERS,
    table_height=0.0,
    spacing=0.35,
    lowest=0.44,
    nearest=0.28,
    height=0.15,
    speed=0.25,
    least_reached=0.3,
    hand_eye_shift=0.015,
    hand_eye_turn=0.053,
)
GOAL = ScanGoal("box", views=8)


class Cell:
    """Arm that jumps along its ways, hand, camera and store."""

    def __init__(self, planner, observe):
        self.planner, self.joints = planner, observe
        self.box = box_at(0.45, 0.0, 0.3)
        self.width: float | None = 0.08
        self.pictures = 0
        self.mount = TCP_FROM_CAMERA  # where the camera really sits
        self.stored: dict[str, tuple] = {}
        self.on_picture = lambda number: None
        self.visited: list[np.ndarray] = []
        self.is_stopped = False

    def positions(self):
        return self.joints

    def execute(self, trajectory, stop=None):
        assert np.abs(trajectory.start - self.joints).max() < 0.1, "a way begins where the arm is"
        self.joints = trajectory.end
        self.visited.append(trajectory.end)

    def wait_still(self, stop=None):
        pass

    def stop(self):
        self.is_stopped = True

    def device(self):
        return 1

    def live_width(self):
        return self.width

    def look(self, stop=None):
        self.pictures += 1
        self.on_picture(self.pictures)
        tool = self.planner.tcp_pose(self.joints)
        taken = look_at_box(tool @ self.mount, self.box, noise=0.001, seed=self.pictures)[0]
        return replace(taken, base_from_camera=tool @ TCP_FROM_CAMERA)

    def has(self, object_id):
        return object_id in self.stored

    def put(self, object_id, views, surface, about, overwrite):
        assert overwrite or object_id not in self.stored
        self.stored[object_id] = views, surface, about
        return 1234

    def put_aside(self, object_id, views, surface, about):
        self.stored[f"{object_id} aside"] = views, surface, about
        return "aside"

    def join(self, object_id, views, surface, about, told):
        told("looking")
        first = self.stored[object_id]
        found = Registration(np.eye(4), 0.0004, 0.5, 4, 5)
        joined = join([replace(view, name="a") for view in first[0]], views, found)
        self.stored[object_id] = joined.views, joined.surface, about
        return joined, 2345


class _Hand:
    def __init__(self, cell):
        self._cell = cell

    def width(self):
        return self._cell.width

    def device(self):
        return 1

    def live_width(self):
        return self._cell.width


class _Remembering:
    """The planner, which answers from memory where it was asked for the same places before, as most tests do."""

    def __init__(self, planner):
        self._planner = planner
        self._answers: dict[bytes, list] = {}

    def __getattr__(self, name):
        return getattr(self._planner, name)

    def find_joint_positions(self, places, start, world, stop=None):
        key = np.array(places).tobytes() + start.tobytes() + world.points_base.tobytes()
        if key not in self._answers:
            self._answers[key] = self._planner.find_joint_positions(places, start, world, stop)
        return self._answers[key]


@pytest.fixture(scope="module")
def remembering(planner):
    return _Remembering(planner)


@pytest.fixture
def cell(remembering, observe):
    return Cell(remembering, observe)


def sequence(cell, progress=None, stop=None, settings=SETTINGS):
    grasp = GraspSettings((cell.joints.copy(),), *CORNERS)
    told = (lambda one: None) if progress is None else progress.append
    return ScanSequence(
        cell, _Hand(cell), cell, cell.planner, cell, settings, grasp, on_progress=told, stop=stop or (lambda: False)
    )


def test_the_arm_goes_around_the_box_and_its_scan_is_kept(cell):
    told = []
    scan = sequence(cell, told)
    message = scan.run(GOAL)
    views, surface, about = cell.stored["box"]
    assert scan.outcome.views == len(views) >= 4 and "scanned box" in message
    inside = (surface.points + np.array(about["base_from_object"])[:3, 3] - cell.box[:3, 3]) @ cell.box[:3, :3]
    assert np.median(np.abs(np.abs(inside) - HALF).min(axis=1)) < 0.003
    assert scan.outcome.size == pytest.approx(np.ptp(surface.points, axis=0))
    assert scan.outcome.disk_bytes == 1234
    stages = [one.stage for one in told]
    assert list(dict.fromkeys(stages))[:4] == [
        ScanStage.LOOKING,
        ScanStage.PLANNING_VIEWS,
        ScanStage.MOVING,
        ScanStage.TAKING,
    ]
    assert stages[-1] == ScanStage.FUSING
    coverages = [one.coverage for one in told]
    assert coverages == sorted(coverages) and coverages[-1] > 0.15
    assert told[-1].taken == len(told[-1].directions) == scan.outcome.planned == len(scan.outcome.path)


def test_on_its_way_the_arm_touches_neither_the_box_nor_what_is_unknown_around_it(cell):
    scan = sequence(cell)
    scan.run(replace(GOAL, height=0.2, plan_only=True))
    x, y, z = np.meshgrid(np.arange(0.40, 0.501, 0.02), np.arange(-0.05, 0.051, 0.02), np.arange(0.02, 0.19, 0.02))
    world = WorldModel(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), seen_from=cell.joints)
    checker = cell.planner.parts.checkers.in_world(world, cell.joints, None)
    assert all(checker.untouched(way.positions) for way in scan.outcome.path)


def test_plan_only_moves_nothing_and_has_the_path(cell):
    scan = sequence(cell)
    message = scan.run(replace(GOAL, plan_only=True))
    assert not cell.visited and not cell.stored and "moved nothing" in message
    path = scan.outcome.path
    assert len(path) == scan.outcome.planned >= 4
    for before, after in pairwise(path):
        assert np.allclose(before.end, after.start, atol=1e-6)
    speeds = []
    for way in path:
        points = np.array([cell.planner.tcp_pose(q)[:3, 3] for q in way.positions])
        speeds.append((np.linalg.norm(np.diff(points, axis=0), axis=1) / np.diff(way.times)).max())
    assert max(speeds) < SETTINGS.speed + 1e-6


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"object_id": "a box"}, ScanCode.INVALID_GOAL, "object_id"),
        ({"views": 3}, ScanCode.INVALID_GOAL, "views is 3"),
        ({"views": 5000}, ScanCode.INVALID_GOAL, "views is 5000"),
        ({"spacing": 0.001}, ScanCode.INVALID_GOAL, "view_spacing"),
        ({"spacing": float("nan")}, ScanCode.INVALID_GOAL, "view_spacing"),
        ({"radius": float("inf")}, ScanCode.INVALID_GOAL, "radius"),
        ({"centre": (0.5, float("nan"), 0.0), "radius": 0.1}, ScanCode.INVALID_GOAL, "centre"),
        ({"centre": (0.5, 0.0, 0.0)}, ScanCode.INVALID_GOAL, "radius is 0.0"),
        ({"height": -0.1}, ScanCode.INVALID_GOAL, "height"),
        ({"centre": (0.6, 0.3, 0.0), "radius": 0.05}, ScanCode.NOTHING_TO_SCAN, "nothing stands"),
    ],
)
def test_a_goal_that_cannot_be_served_moves_no_arm(cell, change, code, words):
    with pytest.raises(GraspFailure, match=words) as failure:
        sequence(cell).run(replace(GOAL, **change))
    assert failure.value.code == code
    assert cell.visited == []


def test_an_empty_table_something_in_the_hand_and_a_scan_there_already(cell):
    cell.stored["box"] = ()
    with pytest.raises(GraspFailure, match="overwrite") as failure:
        sequence(cell).run(GOAL)
    assert failure.value.code == ScanCode.SCAN_EXISTS
    cell.width = 0.03
    with pytest.raises(GraspFailure, match="may hold something") as failure:
        sequence(cell).run(replace(GOAL, overwrite=True))
    assert failure.value.code == ScanCode.HOLDS_OBJECT
    cell.width, cell.box = 0.08, None
    with pytest.raises(GraspFailure, match="nothing stands on the table") as failure:
        sequence(cell).run(replace(GOAL, overwrite=True))
    assert failure.value.code == ScanCode.NOTHING_TO_SCAN
    assert cell.stored == {"box": ()}


def test_a_second_scan_joins_the_first(cell):
    sequence(cell).run(GOAL)
    first = cell.stored["box"][0]
    told = []
    scan = sequence(cell, told)
    message = scan.run(replace(GOAL, join=True))
    both = cell.stored["box"][0]
    assert len(both) == scan.outcome.views > len(first) and both[: len(first)] == [replace(v, name="a") for v in first]
    assert "of box turned over to its scan" in message and "4 of 5 pictures agree" in message
    assert (scan.outcome.residual, scan.outcome.disk_bytes) == (0.0004, 2345)
    assert [one.detail for one in told if one.stage is ScanStage.FUSING][-1] == "looking"


def test_nothing_can_be_joined_where_there_is_no_scan_and_a_join_replaces_none(cell):
    for change, words in (({}, "no scan that a second one could join"), ({"overwrite": True}, "overwrite is True")):
        with pytest.raises(GraspFailure, match=words) as failure:
            sequence(cell).run(replace(GOAL, join=True, **change))
        assert failure.value.code == ScanCode.INVALID_GOAL
    assert cell.visited == [] and cell.pictures == 0


def test_a_cancel_of_the_second_scan_leaves_the_first(cell):
    cell.stored["box"] = ("former",)
    canceled = []
    cell.on_picture = lambda number: canceled.append(number) if number == 6 else None
    with pytest.raises(Canceled, match="box keeps the scan of before, and what there is of the new one is in aside"):
        sequence(cell, stop=lambda: bool(canceled)).run(replace(GOAL, join=True))
    assert cell.stored["box"] == ("former",) and len(cell.stored["box aside"][0]) == 5


def test_a_box_at_the_edge_of_the_reach_is_refused_with_the_share_that_is_reached(cell):
    with pytest.raises(GraspFailure, match=r"of 8 views .*\d% of the directions above the table") as failure:
        sequence(cell, settings=replace(SETTINGS, least_reached=1.0)).run(GOAL)
    assert failure.value.code == ScanCode.VIEWS_UNREACHABLE
    assert "directions, most of them towards" in str(failure.value)
    assert len(cell.visited) == 0 and not cell.stored


def test_a_cancel_keeps_what_was_taken_where_it_is_a_scan(cell):
    canceled = []
    cell.on_picture = lambda number: canceled.append(number) if number == 6 else None
    with pytest.raises(Canceled, match="kept what there is: scanned box: 5 views"):
        sequence(cell, stop=lambda: bool(canceled)).run(GOAL)
    assert len(cell.stored["box"][0]) == 5 and cell.is_stopped


def test_a_cancel_after_few_pictures_keeps_nothing_and_with_a_scan_of_before_puts_aside(cell):
    canceled = []
    cell.on_picture = lambda number: canceled.append(number) if number == 3 else None
    with pytest.raises(Canceled, match="nothing is kept of 2 pictures, a scan has 4 or more"):
        sequence(cell, stop=lambda: bool(canceled)).run(GOAL)
    assert not cell.stored
    canceled.clear()
    cell.pictures = 0
    cell.stored["box"] = ("former",)
    cell.on_picture = lambda number: canceled.append(number) if number == 6 else None
    with pytest.raises(Canceled, match="box keeps the scan of before"):
        sequence(cell, stop=lambda: bool(canceled)).run(replace(GOAL, overwrite=True))
    assert cell.stored["box"] == ("former",) and len(cell.stored["box aside"][0]) == 5


def test_a_camera_that_is_unplugged_half_way_leaves_what_was_taken(cell):
    def unplugged(number):
        if number == 7:
            raise GraspFailure(GraspCode.PERCEPTION + 1, "no image came")

    cell.on_picture = unplugged
    with pytest.raises(GraspFailure, match="no image came; kept what there is: scanned box: 5 views") as failure:
        sequence(cell).run(GOAL)
    assert failure.value.code == ScanCode.PERCEPTION_UNAVAILABLE
    assert len(cell.stored["box"][0]) == 5


def test_a_box_that_is_moved_during_the_scan_makes_none(cell):
    def pushed(number):
        cell.box = box_at(0.45, 0.06 * (number % 2), 1.2 * (number % 2))

    cell.on_picture = pushed
    with pytest.raises(GraspFailure, match="was the object moved") as failure:
        sequence(cell).run(GOAL)
    assert failure.value.code == ScanCode.SCAN_INCONSISTENT
    assert not cell.stored


def mounted(cell, millimetres, degrees):
    off = exp(np.array([0.6, -0.64, 0.48, 0.0, 0.6, -0.8]) * ([0.001 * millimetres] * 3 + [np.radians(degrees)] * 3))
    cell.mount = TCP_FROM_CAMERA @ off
    return off


def test_a_mount_that_is_a_little_off_is_corrected_and_said(cell):
    off = mounted(cell, 5.0, 1.0)
    told = []
    scan = sequence(cell, told)
    scan.run(GOAL)
    _, surface, about = cell.stored["box"]
    found = scan.outcome.hand_eye
    assert (found.shift, np.degrees(found.turn)) == (pytest.approx(0.005, abs=0.001), pytest.approx(1.0, abs=0.2))
    np.testing.assert_allclose(about["published_from_true_camera"], off, atol=0.003)
    assert any("hand-eye is corrected by" in one.detail for one in told)
    inside = (surface.points + np.array(about["base_from_object"])[:3, 3] - cell.box[:3, 3]) @ cell.box[:3, :3]
    assert np.median(np.abs(np.abs(inside) - HALF).min(axis=1)) < 0.002
    assert scan.outcome.residual == found.after < 0.002


def test_a_mount_that_is_right_is_not_spoken_of(cell):
    scan = sequence(cell)
    scan.run(GOAL)
    assert scan.outcome.hand_eye is None and scan.outcome.residual < 0.001
    assert "published_from_true_camera" not in cell.stored["box"][2]


@pytest.mark.parametrize(
    ("millimetres", "degrees", "words"), [(18.0, 3.5, "off by about 1[78]"), (60.0, 15.0, "tilted")]
)
def test_a_mount_that_is_far_off_is_refused_by_name(cell, millimetres, degrees, words):
    mounted(cell, millimetres, degrees)
    with pytest.raises(GraspFailure, match=words) as failure:
        sequence(cell).run(GOAL)
    assert failure.value.code == ScanCode.HAND_EYE_WRONG
    assert "check_cell --move" in str(failure.value) and not cell.stored
