"""The grasp action of the running graph: one goal at a time, cancelled anywhere, refused with a reason."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from dense_grasp_bench.graph_client import stamp_seconds
from dense_grasp_client.connection import GraphError
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_sim.physics.simulator import OBSERVE_JOINTS
from franka_msgs.action import Move

from dense_grasp_interfaces.action import GraspObject

pytestmark = pytest.mark.graph
STILL_RAD_S = 0.02
#: Over the table, with room for a cap below the fingers.
SIDE = (0.6, -0.2, 0.0, -2.0, 0.0, 1.8, 0.785)


@pytest.fixture
def long_verifying(cell):
    """VERIFYING lasts until it is canceled, whatever the machine's speed."""
    cell.client.set_parameter("grasp_executor", "hold_time", 600.0)
    yield
    cell.client.set_parameter("grasp_executor", "hold_time", 0.5)


def view_of_the_cap(cell) -> None:
    """The arm looks at the training cap where it was taught: an earlier test may have moved or dropped it."""
    cell.session.set_cap(0)


def goal(**more) -> GraspObject.Goal:
    return GraspObject.Goal(object_id="cap", **more)


def test_whole_grasp_of_the_taught_cap(cell):
    cell.session.set_cap(0)
    seen: list[int] = []
    trial = cell.session.grasp_trial(0, on_feedback=lambda message: seen.append(message.feedback.stage))
    assert trial.code == GraspCode.SUCCESS, trial.why_not()
    assert trial.lifted, trial.why_not()
    assert trial.error_mm < 10.0
    assert set(seen) == {int(stage) for stage in Stage if stage != Stage.DELIVERING}
    assert 0.0 < trial.time_to_first_motion < 60.0


def test_a_grasped_cap_is_delivered(cell):
    """To the side, with the cap as a part of the arm; there the fingers open."""
    place = list(SIDE)
    cell.client.set_parameter("grasp_executor", "deliver_joints", place)
    cell.client.set_parameter("grasp_executor", "after_grasp", "deliver")
    try:
        cell.session.set_cap(0)
        seen: list[int] = []
        result = cell.client.grasp(goal(), 120.0, lambda message: seen.append(message.feedback.stage))
    finally:
        cell.client.set_parameter("grasp_executor", "after_grasp", "hold")
    assert result.code == GraspCode.SUCCESS, result.message
    assert seen[-1] == Stage.DELIVERING
    report = cell.client.call("get_report")
    assert report.max_height > 0.1 and not report.both_pads
    np.testing.assert_allclose(cell.joint_positions(), place, atol=0.02)


def test_plan_only_moves_nothing(cell):
    view_of_the_cap(cell)
    fastest = 0.0
    handle = cell.client.send_grasp(goal(plan_only=True))
    future = handle.get_result_async()

    def done() -> bool:
        nonlocal fastest
        fastest = max(fastest, cell.joint_speed())
        return future.done()

    cell.client.wait(done, 90.0, "result of plan_only")
    result = future.result().result
    assert result.code == GraspCode.SUCCESS, result.message
    assert fastest < STILL_RAD_S
    assert result.grasp_pose.header.frame_id == "fr3_link0"


def test_goal_while_one_runs_is_busy(cell):
    view_of_the_cap(cell)
    first = cell.client.send_grasp(goal())
    try:
        second = cell.client.grasp(goal(), 120.0)
        assert second.code == GraspCode.BUSY
        assert "another goal" in second.message
    finally:
        first.cancel_goal_async()
        cell.client.result(first.get_result_async(), 60.0, "result of the cancelled goal")


@pytest.mark.parametrize("stage", [s for s in Stage if s != Stage.DELIVERING], ids=lambda stage: stage.name)
def test_cancel_in_every_stage(cell, long_verifying, stage):
    view_of_the_cap(cell)
    reached = threading.Event()

    def on_feedback(message) -> None:
        if message.feedback.stage == stage:
            reached.set()

    handle = cell.client.send_grasp(goal(), on_feedback)
    future = handle.get_result_async()
    cell.client.wait(lambda: reached.is_set() or future.done(), 90.0, f"stage {stage.name}")
    assert reached.is_set(), f"{stage.name} was never reached: {future.result().result.message}"
    handle.cancel_goal_async()
    answer = cell.client.result(future, 120.0, "result of the cancelled goal")
    assert answer.result.code == GraspCode.CANCELED, answer.result.message
    assert answer.status == GoalStatus.STATUS_CANCELED
    cell.client.wait(lambda: cell.joint_speed() < STILL_RAD_S, 60.0, "arm at rest")


def look_outward(cell) -> None:
    """Tilt the camera away from the base by 0.4 rad: it then sees the table up to 1 m away."""
    joints = list(OBSERVE_JOINTS)
    joints[5] += 0.4
    cell.client.move_arm(joints, 2.0)


def test_point_outside_the_workspace(cell):
    view_of_the_cap(cell)
    look_outward(cell)
    cell.client.wait_descriptors(stamp_seconds(cell.client.now()), 30.0)  # an image that the resting arm took
    cell.client.register("far_table", "contact", 319.0, 120.0)
    result = cell.client.grasp(GraspObject.Goal(object_id="far_table", plan_only=True), 60.0)
    assert result.code == GraspCode.PERCEPTION + MatchCode.OUT_OF_WORKSPACE, result.message
    assert result.matches[0].position.x > 0.75


def test_pinch_that_no_arm_pose_reaches(cell):
    view_of_the_cap(cell)
    cell.session.teach("bar")
    # Both ends of the closing axis in one place: there is no direction in which to close.
    pixel = {row.keypoint: (row.u, row.v) for row in cell.client.call("list", object_id="bar").taught}["axis_b"]
    cell.client.register("bar", "axis_a", *pixel)
    result = cell.client.grasp(GraspObject.Goal(object_id="bar", plan_only=True), 60.0)
    assert result.code == GraspCode.UNREACHABLE, result.message
    assert "closing axis" in result.message


def test_parameters_that_are_read_once_are_refused(cell):
    with pytest.raises(GraphError, match="read at the start only"):
        cell.client.set_parameter("grasp_executor", "lift_height", 0.5)
    with pytest.raises(GraphError, match="hold_time"):
        cell.client.set_parameter("grasp_executor", "hold_time", -1.0)


def test_aborting_controller_and_refusing_gripper(cell):
    try:
        view_of_the_cap(cell)
        cell.fault("controller_aborts")
        result = cell.client.grasp(goal(), 90.0)
        assert result.code == GraspCode.CONTROLLER_ABORTED, result.message
        cell.fault("")
        view_of_the_cap(cell)
        cell.fault("gripper_refuses")
        result = cell.client.grasp(goal(), 90.0)
        assert result.code in (GraspCode.GRIPPER_FAILED, GraspCode.GRIPPER_UNAVAILABLE), result.message
    finally:
        cell.fault("")


def test_a_controller_that_says_success_beside_the_goal(cell):
    """The fingers do not close, and the arm is not moved on."""
    view_of_the_cap(cell)
    before = cell.joint_positions()
    seen: list[int] = []
    cell.fault("controller_lies")
    try:
        result = cell.client.grasp(goal(), 90.0, lambda message: seen.append(message.feedback.stage))
        after = cell.joint_positions()
    finally:
        cell.fault("")
    assert result.code == GraspCode.NOT_AT_GOAL, result.message
    assert "the tool centre point is" in result.message and "fr3_joint" in result.message
    assert Stage.GRASPING not in seen and seen[-1] == Stage.APPROACHING
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) > 0.05
    assert cell.client.call("get_report").width > 0.07


def test_object_that_drops_while_lifting_is_lost_and_the_arm_retreats(cell):
    view_of_the_cap(cell)
    before = cell.client.call("get_report")
    assert before.max_height < 0.02

    def on_feedback(message) -> None:
        if message.feedback.stage == Stage.LIFTING:
            lifting.set()

    lifting = threading.Event()
    try:
        handle = cell.client.send_grasp(goal(), on_feedback)
        future = handle.get_result_async()
        cell.client.wait(lambda: lifting.is_set() or future.done(), 90.0, "LIFTING")
        cell.fault("object_drops")
        result = cell.client.result(future, 90.0, "result").result
    finally:
        cell.fault("")
    assert result.code == GraspCode.OBJECT_LOST, result.message
    assert "went back to the observation pose" in result.message
    cell.client.wait(lambda: cell.joint_speed() < STILL_RAD_S, 60.0, "arm at rest")
    report = cell.client.call("get_report")
    assert not report.lifted and not report.both_pads and report.width > 0.07


def test_a_hand_that_somebody_else_opens_while_it_lifts_has_lost_the_object(cell):
    view_of_the_cap(cell)
    hand = ActionClient(cell.client.node, Move, "/franka_gripper/move")
    future = cell.send_and_wait_for(goal(), Stage.LIFTING)
    hand.send_goal_async(Move.Goal(width=0.08, speed=0.2))
    result = cell.client.result(future, 90.0, "result").result
    assert result.code == GraspCode.OBJECT_LOST, result.message
    assert "are now wider" in result.message and "went back to the observation pose" in result.message
    cell.client.wait(lambda: cell.joint_speed() < STILL_RAD_S, 60.0, "arm at rest")
    assert not cell.client.call("get_report").lifted


def test_what_is_held_is_dropped_by_no_goal_that_may_not(cell):
    view_of_the_cap(cell)
    assert cell.client.grasp(goal(), 120.0).code == GraspCode.SUCCESS
    for object_id, code in (("unheard_of", GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT), ("cap", 405)):
        result = cell.client.grasp(GraspObject.Goal(object_id=object_id), 60.0)
        assert result.code == code, result.message
        assert np.isnan(result.time_to_first_motion)
    assert cell.client.call("get_report").both_pads
    result = cell.client.grasp(goal(may_drop=True), 120.0)
    assert result.code != GraspCode.HOLDS_OBJECT
    view_of_the_cap(cell)


STOP = "/dense_grasp/stop"


@pytest.mark.parametrize("hangs", [False, True], ids=["executor_lives", "executor_hangs"])
def test_the_stop_service_ends_what_moves(cell, hangs):
    view_of_the_cap(cell)
    future = cell.send_and_wait_for(goal(), Stage.LIFTING)
    executor = cell.pid("grasp_executor")
    if hangs:
        os.kill(executor, signal.SIGSTOP)
    try:
        answer = cell.call_trigger(STOP)
        cell.client.wait(lambda: cell.joint_speed() < STILL_RAD_S, 60.0, "arm at rest")
    finally:
        os.kill(executor, signal.SIGCONT)
    assert answer.success != hangs, answer.message
    assert ("NO ANSWER from /dense_grasp/grasp_object" in answer.message) == hangs
    answer = cell.client.result(future, 60.0, "result of the stopped goal")
    # An executor that hung may first find that it heard nothing of the arm or the fingers meanwhile.
    late = {
        GraspCode.GRIPPER_FAILED,
        GraspCode.JOINT_STATE_STALE,
        GraspCode.CONTROLLER_ABORTED,
        GraspCode.CONTROLLER_UNAVAILABLE,
    }
    assert answer.result.code in {GraspCode.CANCELED, *(late if hangs else ())}, answer.result.message
    # A busy machine may answer the stop later than an operator waits for it.
    cell.eventually(
        lambda: "nothing was moving" in cell.call_trigger(STOP).message, 90.0, "a stop with nothing to stop"
    )


def test_a_hand_that_was_restarted_is_homed_again(cell):
    killed = cell.kill("sim_cell")
    cell.client.wait(lambda: cell.pid("sim_cell") != killed, 60.0, "new start of the hand")
    scene = {"scene": "cap", "seed": 0, "x": 0.5, "y": 0.0, "yaw": 0.0, "random_pose": False}
    cell.eventually(lambda: cell.client.call("set_scene", 15.0, **scene).success, 180.0, "the scene")
    cell.eventually(lambda: cell.locate(timeout=3.0, patience=3.0).code == MatchCode.OK, 180.0, "the taught point")
    cell.client.set_parameter("grasp_executor", "after_grasp", "place_back")  # opens what a fresh hand cannot
    try:
        result = cell.eventually(lambda: cell.client.grasp(goal(), 120.0, accept_timeout=5.0), 300.0, "a result")
    finally:
        cell.client.set_parameter("grasp_executor", "after_grasp", "hold")
    assert result.code == GraspCode.SUCCESS, result.message


def test_silent_joint_states(cell):
    view_of_the_cap(cell)
    cell.fault("frozen_joint_states")
    try:
        result = cell.client.grasp(goal(), 90.0)
        assert result.code in (GraspCode.JOINT_STATE_STALE, GraspCode.PLANNER_UNAVAILABLE), result.message
    finally:
        cell.fault("")


def test_found_again_after_everything(cell):
    view_of_the_cap(cell)
    assert cell.locate().code == MatchCode.OK
