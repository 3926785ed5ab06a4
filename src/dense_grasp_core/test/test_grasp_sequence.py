"""The stages of a grasp over fakes: order, codes, and a cancel in every stage."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import GraspContact, GraspGoal
from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage
from fake_cell import AWAY, HOME, settings
from grasp_cell import CONTACT, PLAN, Cell, actions, fails, sequence


def test_a_grasp_from_end_to_end():
    cell = Cell()
    run = sequence(cell)
    message = run.run(GraspGoal("cap"))
    assert actions(cell) == [
        "open", "still", "locate", "points 5", "plan_pick", "to_pre_grasp", "approach", "grasp", "lift",
    ]  # fmt: skip
    assert list(dict.fromkeys(run.reached)) == [stage for stage in Stage if stage != Stage.DELIVERING]
    assert "cap at (0.500, 0.000, 0.100)" in message
    assert run.outcome.width == 0.003
    assert run.outcome.plan is PLAN
    assert 0 <= run.outcome.time_to_first_motion < 1


def test_plan_only_moves_nothing():
    cell = Cell(start=AWAY)
    run = sequence(cell)
    assert "moved nothing" in run.run(GraspGoal("cap", plan_only=True))
    assert actions(cell) == ["locate", "points 5", "plan_pick"]
    assert np.isnan(run.outcome.time_to_first_motion)


def test_the_arm_goes_to_the_observation_pose_first():
    cell = Cell(start=AWAY)
    sequence(cell).run(GraspGoal("cap"))
    assert actions(cell)[:4] == ["open", "plan_joints", "move", "still"]


def test_from_low_down_it_goes_straight_up_first():
    cell = Cell(start=AWAY)
    cell.height = 0.1
    sequence(cell, safe_height=0.3).run(GraspGoal("cap"))
    assert actions(cell)[1:4] == ["plan_line 0.30", "move", "still"]


def test_a_way_up_that_is_not_there_is_shortened():
    cell = Cell(start=AWAY)
    cell.height = 0.1
    cell.fail["plan_line 0.30"] = PlanError(GraspCode.UNREACHABLE, "too high")
    sequence(cell, safe_height=0.3).run(GraspGoal("cap"))
    assert actions(cell)[1:4] == ["plan_line 0.30", "plan_line 0.20", "move"]


def test_it_looks_again_from_the_next_pose():
    cell = Cell()
    cell.codes = [MatchCode.LOW_SCORE, MatchCode.OK]
    sequence(cell).run(GraspGoal("cap"))
    assert actions(cell)[:7] == ["open", "still", "locate", "plan_joints", "move", "still", "locate"]


def test_not_found_from_any_pose_is_the_first_answer():
    cell = Cell()
    cell.codes = [MatchCode.LOW_SCORE, MatchCode.AMBIGUOUS]
    failure = fails(cell)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE
    assert "contact: said so (looked from 2 poses)" in str(failure)
    assert "grasp" not in cell.log


@pytest.mark.parametrize("code", [MatchCode.NO_FRAME, MatchCode.UNKNOWN_KEYPOINT, MatchCode.MODEL_MISMATCH])
def test_what_another_pose_cannot_help_ends_at_once(code):
    cell = Cell()
    cell.codes = [code]
    assert fails(cell).code == GraspCode.PERCEPTION + code
    assert cell.log.count("locate") == 1


def test_a_point_outside_of_the_workspace():
    cell = Cell()
    cell.position = np.array([0.9, 0.0, 0.1])
    failure = fails(cell)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.OUT_OF_WORKSPACE
    assert "0.900" in str(failure)


def test_a_match_without_position_is_no_depth():
    cell = Cell()
    cell.position = np.full(3, np.nan)
    assert fails(cell).code == GraspCode.PERCEPTION + MatchCode.NO_DEPTH


def test_the_axis_is_used_when_it_is_taught():
    cell = Cell()
    sequence(cell).run(GraspGoal("cap"))
    assert cell.request.candidates[0][0].axis_a is not None
    cell = Cell()
    cell.taught_names = ["contact", "axis_a"]
    sequence(cell).run(GraspGoal("cap"))
    assert cell.request.candidates[0][0].axis_a is None


def test_candidates_see_the_depth_points():
    cell = Cell()
    cell.points = lambda stamp_ns, stop=None: np.ones((4, 3))
    sequence(cell).run(GraspGoal("cap"))
    np.testing.assert_array_equal(cell.request.candidates[0][1], np.ones((4, 3)))


def test_named_axis_keypoints_are_asked_for():
    cell = Cell()
    run = sequence(cell)
    cell.taught_names += ["rim", "left", "right"]
    run.run(GraspGoal("cap", (GraspContact("rim", ("left", "right")),)))
    assert [m.keypoint for m in run.outcome.matches] == ["rim", "left", "right"]


@pytest.mark.parametrize(
    "goal",
    [
        GraspGoal(""),
        GraspGoal("cap", (GraspContact("c", ("a",)),)),
        GraspGoal("cap", (GraspContact("c", ("a", "a")),)),
        GraspGoal("cap", (GraspContact("c", ("a", "")),)),
        GraspGoal("cap", (GraspContact("c", approach=("a",)),)),
        GraspGoal("cap", (GraspContact("d"), GraspContact("c", approach=("a", "a")))),
        GraspGoal("cap", (GraspContact("c"), GraspContact("d"), GraspContact("c"))),
        GraspGoal("cap", (GraspContact("c"), GraspContact(""))),
    ],
)
def test_a_goal_that_cannot_be_meant(goal):
    cell = Cell()
    assert fails(cell, goal).code == GraspCode.INVALID_GOAL
    assert actions(cell) == ["stop", "stop"]


def test_taught_or_named_approach_points_reach_the_candidates():
    cell = Cell()
    cell.taught_names = ["contact", "approach_a", "approach_b"]
    run = sequence(cell)
    run.run(GraspGoal("cap"))
    found = cell.request.candidates[0][0]
    assert found.axis_a is None and found.approach_a is not None and found.approach_b is not None
    assert [m.keypoint for m in run.outcome.matches] == ["contact", "approach_a", "approach_b"]
    cell = Cell()
    cell.taught_names = ["contact", "edge", "root"]
    run = sequence(cell)
    run.run(GraspGoal("cap", (GraspContact("contact", approach=("edge", "root")),)))
    assert [m.keypoint for m in run.outcome.matches] == ["contact", "edge", "root"]


FIRST = GraspContact("contact", approach=("approach_a", "approach_b"))
LEFT = GraspContact("left", ("left_axis_a", "left_axis_b"))
OTHERS = GraspGoal("cap", (FIRST, LEFT, GraspContact("right")))


def other_cell(**codes: MatchCode) -> Cell:
    cell = Cell()
    cell.taught_names = ["contact", "approach_a", "approach_b", "left", "left_axis_a", "left_axis_b", "right"]
    cell.code_of = dict(codes)
    return cell


def test_other_contacts_are_left_alone_when_the_first_is_fine():
    cell = other_cell(left=MatchCode.LOW_SCORE)
    run = sequence(cell)
    message = run.run(OTHERS)
    assert run.outcome.contact == "contact" and "because" not in message
    assert cell.log.count("locate") == 1 and cell.log.count("plan_pick") == 1


def test_a_contact_that_is_not_found_gives_way_to_the_next_in_the_same_image():
    cell = other_cell(contact=MatchCode.LOW_SCORE)
    run = sequence(cell)
    message = run.run(OTHERS)
    assert run.outcome.contact == "left"
    assert message.endswith("; by left, because contact failed with 105: contact: said so")
    assert cell.log.count("locate") == 1
    found = cell.request.candidates[0][0]
    assert found.axis_a is not None and found.approach_a is None, "the contact's own pairs"


@pytest.mark.parametrize("code", [GraspCode.UNREACHABLE, GraspCode.GOAL_IN_COLLISION, GraspCode.PLANNING_FAILED])
def test_contacts_without_a_way_give_way_in_order(code):
    cell = other_cell()
    cell.plan_errors = [PlanError(code, "no way"), PlanError(GraspCode.UNREACHABLE, "too far")]
    run = sequence(cell)
    message = run.run(OTHERS)
    assert run.outcome.contact == "right"
    assert f"contact failed with {int(code)}: no way; left failed with 201: too far" in message
    assert cell.log.count("locate") == 1 and cell.log.count("points 5") == 1
    assert cell.request.candidates[0][0].axis_a is None


def test_a_surface_that_was_not_seen_gives_way_as_well():
    cell = other_cell()
    unseen = GraspFailure(GraspCode.PERCEPTION + MatchCode.NO_DEPTH, "3 surface points")
    run = sequence(cell)
    run._search._candidates = lambda found, points: fail(unseen) if found.approach_a is not None else [0]
    assert "3 surface points" in run.run(OTHERS)
    assert run.outcome.contact == "left"


def fail(error: Exception):
    raise error


def test_when_no_contact_can_be_grasped_the_first_code_and_every_reason_are_told():
    cell = other_cell(contact=MatchCode.OUT_OF_WORKSPACE)
    errors = {GraspCode.UNREACHABLE: "too far", GraspCode.GOAL_IN_COLLISION: "walled in"}
    cell.plan_errors = [PlanError(code, text) for code, text in errors.items()]
    failure = fails(cell, OTHERS)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.OUT_OF_WORKSPACE
    assert str(failure) == (
        "none of 3 contacts can be grasped: contact failed with 109: contact: said so; "
        "left failed with 201: too far; right failed with 203: walled in"
    )


def test_only_contacts_that_another_pose_may_show_are_looked_for_again():
    cell = other_cell(contact=MatchCode.AMBIGUOUS, right=MatchCode.UNKNOWN_KEYPOINT)
    cell.plan_errors = [PlanError(GraspCode.UNREACHABLE, "too far")]
    failure = fails(cell, OTHERS)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.AMBIGUOUS
    assert cell.log.count("locate") == 2 and cell.log.count("plan_pick") == 1
    assert "contact: said so (looked from 2 poses); left failed with 201: too far; right" in str(failure)


def test_what_is_wrong_with_the_planner_is_no_reason_to_try_another_contact():
    cell = other_cell()
    cell.plan_errors = [PlanError(GraspCode.START_IN_COLLISION, "elbow")]
    assert fails(cell, OTHERS).code == GraspCode.START_IN_COLLISION
    assert cell.log.count("plan_pick") == 1


def test_plan_only_tries_other_contacts_from_where_the_arm_is():
    cell = other_cell(contact=MatchCode.LOW_SCORE)
    run = sequence(cell)
    goal = GraspGoal("cap", (FIRST, LEFT), plan_only=True)
    assert "moved nothing; by left, because contact" in run.run(goal)
    assert actions(cell) == ["locate", "points 5", "plan_pick"]
    cell.code_of["left"] = MatchCode.NO_DEPTH
    failure = fails(cell, goal)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE and "looked from" not in str(failure)


def test_without_depth_no_points_are_asked_for():
    cell = Cell()
    sequence(cell, use_depth=False).run(GraspGoal("cap"))
    assert "points 5" not in cell.log


@pytest.mark.parametrize("code", [GraspCode.UNREACHABLE, GraspCode.GOAL_IN_COLLISION, GraspCode.PLANNING_FAILED])
def test_planning_errors_keep_their_code(code):
    cell = Cell()
    cell.fail["plan_pick"] = PlanError(code, "no way")
    failure = fails(cell)
    assert failure.code == code
    assert "to_pre_grasp" not in cell.log


@pytest.mark.parametrize("where", ["to_pre_grasp", "approach", "lift"])
def test_a_failed_motion_ends_the_grasp(where):
    cell = Cell()
    cell.fail[where] = GraspFailure(GraspCode.CONTROLLER_ABORTED, "tripped")
    assert fails(cell).code == GraspCode.CONTROLLER_ABORTED
    assert actions(cell)[-3:] == [where, "stop", "stop"]


@pytest.mark.parametrize("width", [0.0, 0.079])
def test_closing_on_nothing_opens_and_goes_up(width):
    cell = Cell()
    cell.closes_at = width
    failure = fails(cell)
    assert failure.code == GraspCode.NOTHING_GRASPED
    assert actions(cell)[-8:] == ["grasp", "open", "lift", "stop", "stop", "plan_joints", "move", "still"]
    assert "went back to the observation pose" in str(failure)


def test_an_object_that_slips_out_is_lost():
    cell = Cell()
    cell.moved_by_others["wait"] = 0.0
    failure = fails(cell)
    assert failure.code == GraspCode.OBJECT_LOST
    assert "closed to 3.0 mm and are now narrower, 0.0 mm apart" in str(failure)
    assert actions(cell)[-7:-3] == ["lift", "stop", "stop", "open"]
    np.testing.assert_array_equal(cell.joints, HOME)


@pytest.mark.parametrize("stage", ["to_pre_grasp", "approach", "grasp", "lift"])
def test_a_failure_near_the_object_ends_at_the_observation_pose(stage):
    cell = Cell()
    cell.height = 0.1
    cell.fail[stage] = GraspFailure(GraspCode.GRIPPER_FAILED, "overheated")
    failure = fails(cell)
    assert failure.code == GraspCode.GRIPPER_FAILED
    assert str(failure).startswith("overheated; ")
    if stage == "to_pre_grasp":  # it never left the observation pose
        assert actions(cell)[-3:] == ["stop", "stop", "still"]
    else:
        assert actions(cell)[-7:] == ["stop", "plan_line 0.30", "move", "still", "plan_joints", "move", "still"]
    np.testing.assert_array_equal(cell.joints, HOME)


def test_a_retreat_that_fails_keeps_the_first_reason():
    cell = Cell()
    cell.closes_at = 0.0
    cell.fail["plan_joints"] = PlanError(GraspCode.PLANNING_FAILED, "walled in")
    failure = fails(cell)
    assert failure.code == GraspCode.NOTHING_GRASPED
    assert str(failure).endswith("; the retreat failed: walled in")
    assert actions(cell)[-2:] == ["stop", "stop"]


def test_a_failure_before_the_approach_moves_nothing_more():
    cell = Cell()
    cell.fail["plan_pick"] = PlanError(GraspCode.UNREACHABLE, "too far")
    assert str(fails(cell)) == "too far"
    assert actions(cell)[-3:] == ["plan_pick", "stop", "stop"]


def test_an_object_without_weight_is_lost():
    failure = fails(Cell(), forces=(-0.5, -0.7), min_lift_force=0.4)
    assert failure.code == GraspCode.OBJECT_LOST
    assert "changed by 0.20 N" in str(failure) and "at least 0.40 N" in str(failure)


@pytest.mark.parametrize(
    ("forces", "least"), [((-0.5, -1.3), 0.4), ((-0.5, -0.5), 0.0), ((), 0.4), ((None, -0.5), 0.4), ((-0.5, None), 0.4)]
)
def test_a_weight_that_is_felt_not_asked_for_or_not_known_is_no_failure(forces, least):
    sequence(Cell(), forces=forces, min_lift_force=least).run(GraspGoal("cap"))


def test_an_unknown_width_cannot_be_verified():
    cell = Cell()
    cell.closes_at = None
    assert fails(cell).code == GraspCode.GRIPPER_FAILED


def test_place_back_and_release():
    cell = Cell()
    sequence(cell, after_grasp="place_back").run(GraspGoal("cap"))
    assert actions(cell)[-4:] == ["lift", "move", "open", "move"]
    np.testing.assert_array_equal(cell.joints, PLAN.approach.start)
    cell = Cell()
    sequence(cell, after_grasp="release").run(GraspGoal("cap"))
    assert actions(cell)[-2:] == ["lift", "open"]


def test_deliver_plans_with_the_object_in_the_hand():
    cell, place = Cell(), np.full(7, 0.3)
    run = sequence(cell, after_grasp="deliver", deliver_joints=place)
    run.run(GraspGoal("cap"))
    assert actions(cell)[-4:] == ["lift", "plan_joints", "move", "open"]
    assert run.reached[-1] == Stage.DELIVERING
    np.testing.assert_array_equal(cell.joints, place)
    np.testing.assert_array_equal(cell.world.held_at, PLAN.base_from_tcp)
    np.testing.assert_array_equal(cell.world.seen_from, HOME)
    np.testing.assert_array_equal(cell.world.target_point, CONTACT)


def test_what_cannot_be_delivered_stays_in_the_hand():
    cell = Cell()
    cell.fail["plan_joints"] = PlanError(GraspCode.GOAL_IN_COLLISION, "no room")
    failure = fails(cell, after_grasp="deliver", deliver_joints=AWAY)
    assert failure.code == GraspCode.GOAL_IN_COLLISION
    assert "open" not in actions(cell)[actions(cell).index("lift") :]


@pytest.mark.parametrize(("word", "reason"), [("juggle", "juggle"), ("deliver", "deliver_joints")])
def test_unknown_after_grasp_is_refused(word, reason):
    with pytest.raises(GraspFailure, match=reason) as failure:
        settings(after_grasp=word)
    assert failure.value.code == GraspCode.CONFIGURATION_ERROR


AFTER_CANCEL = {
    Stage.OBSERVING: ["open"],
    Stage.LOCATING: ["locate"],
    Stage.PLANNING: ["plan_pick"],
    Stage.APPROACHING: ["to_pre_grasp"],
    Stage.GRASPING: ["grasp"],
    Stage.LIFTING: ["lift"],
    Stage.VERIFYING: [],
    Stage.DELIVERING: ["move"],
}


@pytest.mark.parametrize("stage", list(Stage))
def test_cancel_in_every_stage_stops_arm_and_gripper(stage):
    cell = Cell(start=AWAY)
    run = sequence(cell, stop_in=stage, after_grasp="deliver", deliver_joints=AWAY)
    with pytest.raises(Canceled):
        run.run(GraspGoal("cap"))
    assert actions(cell)[-2:] == ["stop", "stop"]
    after = cell.log[cell.log.index(stage.name) :]
    moved = {"move", "to_pre_grasp", "approach", "lift", "grasp"} & set(after)
    assert moved <= set(AFTER_CANCEL[stage])


def test_a_stop_while_planning_is_a_cancel():
    cell = Cell()
    cell.fail["plan_pick"] = Canceled("planning was canceled")
    with pytest.raises(Canceled):
        sequence(cell).run(GraspGoal("cap"))


def test_an_unforeseen_error_stops_the_arm():
    cell = Cell()
    cell.fail["approach"] = RuntimeError("cable")
    with pytest.raises(RuntimeError):
        sequence(cell).run(GraspGoal("cap"))
    assert actions(cell)[-2:] == ["stop", "stop"]


# what the fingers hold


@pytest.mark.parametrize("during", ["lift", "wait", "move"])
@pytest.mark.parametrize(("width", "direction"), [(0.08, "wider"), (0.012, "wider"), (0.0, "narrower")])
def test_what_is_lost_anywhere_between_closing_and_opening_stops_the_arm(during, width, direction):
    cell = Cell()
    cell.moved_by_others[during] = width
    after = {"move": {"after_grasp": "deliver", "deliver_joints": AWAY}}.get(during, {})
    failure = fails(cell, **after)
    assert failure.code == GraspCode.OBJECT_LOST
    assert f"closed to 3.0 mm and are now {direction}, {1000 * width:.1f} mm apart" in str(failure)
    lost = cell.log.index(during, cell.log.index("grasp"))
    assert cell.log[lost + 1 :].index("stop") < cell.log[lost + 1 :].index("open")


def test_an_object_that_is_lost_on_the_way_back_to_its_place():
    cell = Cell()
    cell.moved_by_others["move"] = 0.03
    assert fails(cell, after_grasp="place_back").code == GraspCode.OBJECT_LOST


def test_a_thick_object_may_settle_within_the_range_in_both_directions():
    for width in (0.0262, 0.0338):
        cell = Cell()
        cell.closes_at, cell.moved_by_others["wait"] = 0.030, width
        run = sequence(cell)
        run.run(GraspGoal("cap"))
        assert run.outcome.width == width


def test_one_odd_joint_state_loses_nothing():
    cell = Cell()
    cell.closes_at = 0.030
    told = iter([0.030, 0.080, 0.030, 0.0])
    cell.live_width = lambda: next(told, 0.030)
    sequence(cell).run(GraspGoal("cap"))


def test_a_width_that_nobody_tells_any_more_ends_the_goal_and_opens_nothing():
    cell = Cell()
    cell.moved_by_others["lift"] = None
    failure = fails(cell)
    assert failure.code == GraspCode.GRIPPER_FAILED
    assert "no gripper width: the finger joint states ceased" in str(failure)
    assert "open" not in cell.log[cell.log.index("lift") :]


def test_a_gripper_that_tells_its_width_with_results_only_closes_again_to_tell_it():
    cell = Cell()
    cell.tells_live = False
    sequence(cell).run(GraspGoal("cap"))
    assert actions(cell)[-3:] == ["grasp", "lift", "grasp"]
    cell = Cell()
    cell.tells_live, cell.moved_by_others["wait"] = False, 0.0
    close = cell.grasp

    def grasp(stop=None):
        close(stop)
        cell.closes_at = 0.0

    cell.grasp = grasp
    assert fails(cell).code == GraspCode.OBJECT_LOST


# before anything opens


def test_nothing_opens_for_an_object_that_the_store_does_not_know():
    cell = Cell()
    cell.fingers, cell.taught_names = 0.003, []
    failure = fails(cell)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT
    assert "'cap' is not in the store" in str(failure)
    assert actions(cell) == ["stop", "stop"]


@pytest.mark.parametrize("code", [GraspCode.CONTROLLER_UNAVAILABLE, GraspCode.GRIPPER_UNAVAILABLE])
def test_nothing_opens_where_arm_or_gripper_is_missing(code):
    cell = Cell()
    failure = fails(cell, ready=lambda stop: fail(GraspFailure(code, "not there")))
    assert failure.code == code
    assert actions(cell) == ["stop", "stop"]


def test_a_held_object_is_not_dropped_by_the_next_goal_unless_it_may():
    cell, memory = Cell(), FingerMemory()
    sequence(cell, memory=memory).run(GraspGoal("cap"))
    cell.log.clear()
    for goal in (GraspGoal("cap"), GraspGoal("cap")):
        failure = fails(cell, goal, memory=memory)
        assert failure.code == GraspCode.HOLDS_OBJECT
        assert "3.0 mm" in str(failure) and "may_drop: true" in str(failure)
        assert "open" not in cell.log and cell.fingers == 0.003
    sequence(cell, memory=memory).run(GraspGoal("cap", plan_only=True))
    assert "open" not in cell.log
    sequence(cell, memory=memory).run(GraspGoal("cap", may_drop=True))
    assert "open" in cell.log


@pytest.mark.parametrize("stage", [Stage.LIFTING, Stage.VERIFYING, Stage.DELIVERING])
def test_after_a_cancel_with_the_object_in_the_fingers_it_is_not_dropped_either(stage):
    cell, memory = Cell(), FingerMemory()
    with pytest.raises(Canceled):
        sequence(cell, stage, memory=memory, after_grasp="deliver", deliver_joints=AWAY).run(GraspGoal("cap"))
    assert fails(cell, memory=memory).code == GraspCode.HOLDS_OBJECT


def test_after_a_failure_with_the_object_in_the_fingers_it_is_not_dropped_either():
    cell, memory = Cell(), FingerMemory()
    cell.fail["lift"] = GraspFailure(GraspCode.CONTROLLER_ABORTED, "tripped")
    fails(cell, memory=memory)
    del cell.fail["lift"]
    assert fails(cell, memory=memory).code == GraspCode.HOLDS_OBJECT


def test_what_was_taken_out_or_put_down_is_not_held():
    for after in ({"after_grasp": "release"}, {"after_grasp": "place_back"}, {}):
        cell, memory = Cell(), FingerMemory()
        sequence(cell, memory=memory, **after).run(GraspGoal("cap"))
        if not after:
            cell.fingers = 0.08  # the operator opened them
        sequence(cell, memory=memory).run(GraspGoal("cap"))


def test_a_goal_after_an_opening_that_was_interrupted_goes_on():
    cell, memory = Cell(), FingerMemory()
    sequence(cell, memory=memory).run(GraspGoal("cap"))

    def half_open(width, stop=None):
        cell.fingers = 0.04
        raise Canceled("the goal was canceled")

    opened, cell.open = cell.open, half_open
    with pytest.raises(Canceled):
        sequence(cell, memory=memory).run(GraspGoal("cap", may_drop=True))
    cell.open = opened
    sequence(cell, memory=memory).run(GraspGoal("cap"))


# keypoints that are not taught


def test_an_unknown_further_contact_is_passed_over_and_said():
    cell = other_cell()
    cell.taught_names.remove("right")
    run = sequence(cell)
    message = run.run(OTHERS)
    assert run.outcome.contact == "contact"
    assert "; passed over: right failed with 103: right is not taught for object 'cap', expected one of app" in message


def test_an_unknown_first_contact_gives_way():
    cell = other_cell()
    run = sequence(cell)
    message = run.run(GraspGoal("cap", (GraspContact("typo"), LEFT)))
    assert run.outcome.contact == "left" and "typo failed with 103" in message


@pytest.mark.parametrize("pair", ["axis", "approach"])
def test_an_unknown_name_of_a_pair_fails_its_own_contact_only(pair):
    cell = other_cell()
    run = sequence(cell)
    message = run.run(GraspGoal("cap", (GraspContact("contact", **{pair: ("approach_a", "nowhere")}), LEFT)))
    assert run.outcome.contact == "left" and "contact failed with 103: nowhere is not taught" in message


def test_when_no_contact_is_known_nothing_moves():
    cell = other_cell()
    failure = fails(cell, GraspGoal("cap", (GraspContact("typo"), GraspContact("another"))))
    assert failure.code == GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT
    assert "typo failed with 103" in str(failure) and "another failed with 103" in str(failure)
    assert actions(cell) == ["stop", "stop"]


def test_a_contact_that_is_deleted_before_it_is_located_gives_way():
    """The whole answer is UNKNOWN_KEYPOINT then."""
    cell = other_cell()
    listed = [cell.taught_names, [name for name in cell.taught_names if name != "right"]]
    cell.taught = lambda object_id, stop=None: listed[0] if len(listed) == 1 else listed.pop(0)
    locate = cell.locate

    def located(object_id, keypoints, stop=None):
        cell.codes = [MatchCode.UNKNOWN_KEYPOINT if "right" in keypoints else MatchCode.OK]
        found = locate(object_id, keypoints, stop)
        return [replace(m, code=cell.codes[0]) for m in found]

    cell.locate = located
    run = sequence(cell)
    assert "right failed with 103" in run.run(OTHERS)
    assert run.outcome.contact == "contact"


def test_a_contact_of_another_network_gives_way():
    cell = other_cell(contact=MatchCode.MODEL_MISMATCH)
    run = sequence(cell)
    assert "contact failed with 104" in run.run(OTHERS)
    assert run.outcome.contact == "left"
