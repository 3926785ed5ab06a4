"""What the hand holds is put down in the running graph: back, at a pose; and when it cannot be."""

from __future__ import annotations

import math
import threading

import pytest
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_core.result_codes import GraspCode, MatchCode, PlaceCode, PlaceStage

from dense_grasp_client import GraspClient, Refused

pytestmark = pytest.mark.graph
NEAR = 0.015  # m that the point between the fingers may lie beside where it was to be; the cap may turn about it
ASIDE = 0.10


@pytest.fixture(scope="module")
def grasp(cell):
    return GraspClient(connection=cell.client.connection)


@pytest.fixture
def held(cell, grasp):
    """The cap in the hand, the result of its grasp, and where its contact was before it."""
    cell.teach_again()
    before = contact(cell)
    result = grasp.grasp("cap", may_drop=True)
    yield result, before
    cell.session.set_cap(0)


def contact(cell) -> tuple[float, float, float]:
    """Where the cap's contact is, m."""
    point = cell.session.truth([CAP.clicks["contact"]]).positions[0]
    return point.x, point.y, point.z


def test_it_is_put_back_and_then_nothing_is_held(cell, grasp, held):
    _, before = held
    stages: list[int] = []
    planned = grasp.place(plan_only=True, return_path=True)
    assert len(planned.path) == 3 and "moved nothing" in planned.message
    assert math.dist(contact(cell), before) > 0.1
    result = grasp.place(on_stage=lambda stage, detail: stages.append(stage))
    assert list(dict.fromkeys(stages)) == list(PlaceStage)[1:]
    assert math.dist(contact(cell), before) < NEAR, result.message
    with pytest.raises(Refused, match="the hand holds nothing") as refused:
        grasp.place()
    assert refused.value.code == PlaceCode.NOTHING_HELD


def test_it_is_put_down_aside_at_a_pose(cell, grasp, held):
    result, before = held
    pose = result.grasp_pose
    pose.header.stamp.sec = pose.header.stamp.nanosec = 0
    side = -ASIDE if pose.pose.position.y > 0.0 else ASIDE
    pose.pose.position.y += side
    answer = grasp.place(at=pose, upright=True, object_id="cap")
    assert answer.place_pose.pose.position.y == pytest.approx(pose.pose.position.y)
    assert math.dist(contact(cell), (before[0], before[1] + side, before[2])) < NEAR, answer.message


def test_a_cancel_while_it_is_carried_keeps_it_in_the_hand(cell, grasp, held):
    _, before = held
    carrying, ended = threading.Event(), []

    def place():
        try:
            grasp.place(on_stage=lambda stage, detail: stage == PlaceStage.CARRYING and carrying.set())
        except Refused as refused:
            ended.append(refused)

    thread = threading.Thread(target=place)
    thread.start()
    assert carrying.wait(300.0)
    cell.call_trigger("dense_grasp/stop")
    thread.join(300.0)
    assert [refused.code for refused in ended] == [PlaceCode.CANCELED]
    assert "the hand still holds cap" in ended[0].sentence
    with pytest.raises(Refused) as refused:
        grasp.grasp("cap")
    assert refused.value.code == GraspCode.HOLDS_OBJECT
    assert grasp.place().code == PlaceCode.SUCCESS
    assert math.dist(contact(cell), before) < NEAR


def test_goals_that_cannot_be_meant_move_nothing(cell, grasp, held):
    result, _ = held
    joints = cell.joint_positions()

    def refused(**goal):
        with pytest.raises(Refused) as failure:
            grasp.place(**goal)
        return failure.value

    pose = result.grasp_pose
    frame, pose.header.frame_id = pose.header.frame_id, "nowhere"
    wrong = refused(at=pose)
    assert wrong.code == PlaceCode.INVALID_GOAL and "'nowhere'" in wrong.sentence
    pose.header.frame_id = frame
    pose.pose.position.z -= 0.05
    assert refused(at=pose).code == PlaceCode.GOAL_IN_COLLISION
    pose.pose.position.z = math.nan
    assert refused(at=pose).code == PlaceCode.INVALID_GOAL
    unknown = refused(on=("shelf", "middle"))
    assert unknown.code == PlaceCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT and "shelf" in unknown.sentence
    assert refused(object_id="bottle").code == PlaceCode.NOTHING_HELD
    assert max(abs(a - b) for a, b in zip(joints, cell.joint_positions(), strict=True)) < 0.01
