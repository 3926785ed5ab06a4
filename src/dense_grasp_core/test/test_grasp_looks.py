"""How often and from where a grasp looks: from the side, at what was found badly, at another one of several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import GraspGoal, Located
from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.result_codes import GraspCode, MatchCode
from fake_cell import GRASP, HOME
from grasp_cell import CONTACT, Cell, actions, fails, sequence


class CellWithSides(Cell):
    """A scanned object on the table that is seen from above, and the arm reaches looks at it from the side."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.radius = 0.08
        self.object_at: np.ndarray | None = CONTACT
        self.seen = CONTACT + 0.004 * np.stack(np.meshgrid(range(8), range(8), [0.0]), axis=-1).reshape(-1, 3)

    def locate(self, object_id, keypoints, stop=None):
        return [replace(located, object_at=self.object_at) for located in super().locate(object_id, keypoints, stop)]

    def camera_now(self, stop=None):
        pose = GRASP.copy()
        pose[2, 3] = 0.6
        return pose

    def find_joint_positions(self, places, start, world, stop=None):
        self._do("find_joint_positions")
        return [np.full(7, 1.0 + 0.1 * number) for number in range(len(places))]


LOOK = ["still", "locate"]
GO_AND_LOOK = ["plan_joints", "move", *LOOK]
PREPARE = ["scanned_radius", "points_now", "find_joint_positions"]


def test_a_scanned_object_in_two_poses_is_looked_at_from_aside():
    cell = CellWithSides()
    cell.codes = [MatchCode.AMBIGUOUS, MatchCode.OK]
    run = sequence(cell, side_views=2)
    run.run(GraspGoal("mug"))
    assert actions(cell)[:10] == ["open", *LOOK, *PREPARE, *GO_AND_LOOK]
    (earlier,) = cell.request.world.earlier
    np.testing.assert_array_equal(earlier.points_base, cell.seen)
    np.testing.assert_array_equal(earlier.seen_from, HOME)
    assert len(cell.request.candidates[0][1]) == len(cell.seen), "the pinch is chosen by all that was seen"
    assert cell.world.earlier, "the way there avoids what was seen from above"


def test_one_that_was_not_seen_is_looked_at_from_aside_after_the_poses_above():
    cell = CellWithSides()
    cell.object_at = None
    cell.codes = [MatchCode.LOW_SCORE, MatchCode.LOW_SCORE, MatchCode.OK]
    sequence(cell, side_views=2).run(GraspGoal("mug"))
    assert actions(cell)[:14] == ["open", *LOOK, *GO_AND_LOOK, *PREPARE, *GO_AND_LOOK]


def test_looks_from_aside_that_do_not_help_are_counted():
    cell = CellWithSides()
    cell.codes = [MatchCode.AMBIGUOUS]
    failure = fails(cell, side_views=2)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.AMBIGUOUS
    assert "(looked from 4 poses)" in str(failure)
    assert cell.log.count("points_now") == 1, "once a goal"


class DoubtfulCell(CellWithSides):
    """Each look finds the contact with the next of these scores, farther along x each time."""

    def __init__(self, *scores: float):
        super().__init__()
        self.scores = list(scores)
        self.looks = 0

    def locate(self, object_id, keypoints, stop=None):
        score = self.scores[min(self.looks, len(self.scores) - 1)]
        self.position = CONTACT + 0.01 * self.looks * np.eye(3)[0]
        self.looks += 1
        return [replace(located, score=score) for located in super().locate(object_id, keypoints, stop)]


def contact_x(cell: DoubtfulCell) -> float:
    return float(cell.request.candidates[0][0].contact[0])


def test_one_that_is_found_badly_is_looked_at_from_aside():
    cell = DoubtfulCell(0.35, 0.6)
    run = sequence(cell, side_views=2, sure_score=0.4)
    run.run(GraspGoal("mug"))
    assert actions(cell)[:10] == ["open", *LOOK, *PREPARE, *GO_AND_LOOK]
    assert cell.looks == 2 and contact_x(cell) == pytest.approx(CONTACT[0] + 0.01)


def test_of_several_bad_finds_the_best_is_grasped():
    cell = DoubtfulCell(0.30, 0.37, 0.32, 0.31)
    run = sequence(cell, side_views=2, sure_score=0.4)
    assert "grasped mug" in run.run(GraspGoal("mug"))
    assert cell.looks == 4, "two from the side, two from above"
    assert contact_x(cell) == pytest.approx(CONTACT[0] + 0.01)
    (contact, *_) = run.outcome.matches
    assert contact.score == 0.37, "what is told of the grasp is of that image"


class CellOfSeveral(CellWithSides):
    """Equal scanned objects 0.1 m apart along y, of which the first is the best explained."""

    def __init__(self, *codes: MatchCode):
        super().__init__()
        self.codes_of = codes
        self.asked: list[int] = []

    def locate(self, object_id, keypoints, stop=None):
        return self.locate_instances(object_id, keypoints, 1, stop)[0]

    def locate_instances(self, object_id, keypoints, most, stop=None):
        self.asked.append(most)
        instances = []
        for number, code in enumerate(self.codes_of[:most]):
            at = CONTACT + np.array([0.0, 0.1 * number, 0.0])
            instances.append([Located(name, code, "said so", at, 5, object_at=at, score=0.6) for name in keypoints])
        return instances


OUTSIDE = MatchCode.OUT_OF_WORKSPACE


def contact_y(cell: CellOfSeveral) -> float:
    return float(cell.request.candidates[0][0].contact[1] - CONTACT[1])


def test_where_the_best_explained_of_several_lies_outside_another_one_is_grasped():
    """Failed before: the goal ended with OUT_OF_WORKSPACE while another one lay on the table."""
    cell = CellOfSeveral(OUTSIDE, MatchCode.OK, MatchCode.OK)
    run = sequence(cell, most_instances=6)
    message = run.run(GraspGoal("mug"))
    assert contact_y(cell) == pytest.approx(0.1) and cell.asked == [1, 6]
    assert run.outcome.instances == 3 and run.outcome.matches[0].position[1] == pytest.approx(CONTACT[1] + 0.1)
    assert "another one of 3 seen, because contact: said so" in message


def test_one_that_is_not_reached_gives_way_to_the_next_without_a_second_try():
    cell = CellOfSeveral(MatchCode.OK, MatchCode.OK, MatchCode.OK)
    cell.plan_errors = [PlanError(GraspCode.UNREACHABLE, "too far"), PlanError(GraspCode.UNREACHABLE, "also"), None]
    message = sequence(cell, most_instances=6).run(GraspGoal("mug"))
    assert contact_y(cell) == pytest.approx(0.2) and cell.log.count("plan_pick") == 3
    assert "because too far; of the next one: also" in message


def test_when_none_of_several_can_be_grasped_each_says_why():
    cell = CellOfSeveral(OUTSIDE, MatchCode.OK)
    cell.plan_errors = [PlanError(GraspCode.UNREACHABLE, "too far")]
    failure = fails(cell, GraspGoal("mug"), most_instances=6)
    assert failure.code == GraspCode.UNREACHABLE, "one is on this table"
    assert "none of 2 mug that are seen can be grasped: contact: said so; of the next one: too far" in str(failure)


def test_when_all_of_several_lie_outside_none_is_on_this_table():
    failure = fails(CellOfSeveral(OUTSIDE, OUTSIDE), GraspGoal("mug"), most_instances=6)
    assert failure.code == GraspCode.PERCEPTION + OUTSIDE and "none of 2 mug" in str(failure)


def test_one_of_several_that_was_found_badly_gives_way_to_the_next():
    """Failed before: it ended the look, with a third one in reach."""
    cell = CellOfSeveral(OUTSIDE, MatchCode.AMBIGUOUS, MatchCode.OK)
    message = sequence(cell, most_instances=6, side_views=2).run(GraspGoal("mug"))
    assert contact_y(cell) == pytest.approx(0.2) and "points_now" not in cell.log
    assert "because contact: said so; of the next one: contact: said so" in message


def test_one_of_several_that_was_found_badly_is_looked_at_from_aside():
    cell = CellOfSeveral(OUTSIDE, MatchCode.AMBIGUOUS)
    failure = fails(cell, GraspGoal("mug"), most_instances=6, side_views=2)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.AMBIGUOUS and cell.log.count("points_now") == 1


@pytest.mark.parametrize("most", [1, 6])
def test_one_alone_is_all_there_is(most):
    cell = CellOfSeveral(OUTSIDE)
    run = sequence(cell, most_instances=most)
    with pytest.raises(GraspFailure, match=r"^contact: said so$"):
        run.run(GraspGoal("mug"))
    assert run.outcome.instances == 1 and cell.asked == ([1] if most == 1 else [1, 6])


def test_without_a_scan_no_instances_are_counted():
    run = sequence(Cell())
    run.run(GraspGoal("cap"))
    assert run.outcome.instances == 0


def test_a_good_find_that_is_out_of_reach_is_not_replaced_by_a_bad_one():
    cell = DoubtfulCell(0.35, 0.6)
    cell.plan_errors = [PlanError(GraspCode.UNREACHABLE, "too far")]
    failure = fails(cell, GraspGoal("mug"), side_views=2, sure_score=0.4)
    assert failure.code == GraspCode.UNREACHABLE
    assert cell.log.count("plan_pick") == 1 and "grasp" not in cell.log


def test_a_bad_find_that_cannot_be_planned_says_so():
    cell = DoubtfulCell(0.3)
    cell.plan_errors = [PlanError(GraspCode.UNREACHABLE, "too far")]
    failure = fails(cell, GraspGoal("mug"), side_views=2, sure_score=0.4)
    assert failure.code == GraspCode.UNREACHABLE and "too far" in str(failure)


@pytest.mark.parametrize("changes", [{"side_views": 0}, {"sure_score": 0.0}, {"use_depth": False}])
def test_a_bad_find_is_grasped_at_once_where_no_look_from_aside_is_wanted(changes):
    cell = DoubtfulCell(0.3)
    sequence(cell, **{"side_views": 2, "sure_score": 0.4, **changes}).run(GraspGoal("mug"))
    assert cell.looks == 1


def test_without_a_scan_a_bad_find_is_grasped_at_once():
    cell = DoubtfulCell(0.3)
    cell.radius = None
    sequence(cell, side_views=2, sure_score=0.4).run(GraspGoal("cap"))
    assert cell.looks == 1


def test_without_a_scan_nothing_is_looked_at_from_aside():
    cell = CellWithSides()
    cell.radius, cell.codes = None, [MatchCode.LOW_SCORE]
    assert "(looked from 2 poses)" in str(fails(cell, side_views=2))
    assert "find_joint_positions" not in cell.log
