"""What the nodes say on /diagnostics in each state."""

from __future__ import annotations

import pytest
from dense_grasp.grasping.executor_diagnostics import GoalRecord
from dense_grasp.ros.reports import (
    arm_report,
    frames_report,
    goal_report,
    images_report,
    networks_report,
    planner_report,
    store_report,
    watchdog_report,
)
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.diagnostics import ERROR, OK, WARN

FINE = (15.0, 0.1)


@pytest.mark.parametrize(
    ("report", "level", "words"),
    [
        (images_report(["/eye/color"], FINE, 0.0, True, 0), ERROR, "nobody publishes /eye/color"),
        (images_report([], FINE, 0.0, True, 9), ERROR, "9 images without a camera_info"),
        (images_report([], (0.0, None), 0.0, True, 0), WARN, "no image ever"),
        (images_report([], (0.0, 7.3), 0.0, True, 0), WARN, "no image for 7.3 s"),
        (images_report([], FINE, 0.0, False, 0), OK, "idle"),
        (images_report([], FINE, 9.6, True, 0), OK, "15.0 Hz, 9.6 Hz described"),
        (frames_report(["/d"], None, 2.0, ""), ERROR, "/d"),
        (frames_report([], None, 2.0, "no depth image has"), WARN, "no depth image has"),
        (frames_report([], 90.0, 2.0, ""), OK, "idle: the newest frame that was asked for is 90.0 s old"),
        (frames_report([], 0.25, 2.0, ""), OK, "0.25 s old"),
        (frames_report([], None, 2.0, "no descriptor image has", True), OK, "idle: nobody has asked for a frame yet"),
        (frames_report([], 1.0, 2.0, "", True), OK, "idle: the newest frame that was asked for is 1.0 s old"),
        (frames_report(["/d"], None, 2.0, "", True), ERROR, "/d"),
        (store_report("sqlite:///a.db", "is not there any more", True), ERROR, "is not there any more"),
        (store_report("sqlite:///a.db", "", False), OK, "not used yet"),
        (networks_report("", [], []), OK, "no image was described yet"),
        (networks_report("a1", [], ["a1", "b2"]), OK, "images are described by a1, no other one is loaded"),
        (networks_report("a1", [("caps", "b2", 1)], ["a1", "b2"]), OK, "beside it: caps (b2), 1 picture described"),
        (arm_report([], ["/other (host/7)"]), ERROR, "another executor drives this arm: /other (host/7)"),
        (arm_report(["/joint_states", "/a/b"], []), ERROR, "nobody offers /joint_states and /a/b"),
        (arm_report([], []), OK, "are there"),
        (planner_report("planner ompl: the embedded one", "waiting for a robot description on /r"), WARN, "waiting"),
        (planner_report("planner ompl: the embedded one", ""), OK, "planner ompl"),
        (goal_report(True, None, {}), OK, "a goal is running"),
        (goal_report(False, (404, "lost"), {"failed": 1}), OK, "code 404: lost"),
        (watchdog_report("/h", 0.06, 1, [], ["/a"], 0), WARN, "a stop would not reach /a"),
        (watchdog_report("/h", 0.06, 0, [], [], 0), WARN, "no executor publishes /h"),
        (watchdog_report("/h", 0.06, 1, ["arm"], [], 2), OK, "watching, arm moves"),
    ],
)
def test_a_state_has_its_level_and_says_what_is_wrong(report, level, words):
    assert report.level == level and words in report.message


def test_values_are_there_in_every_state():
    for missing in ([], ["/eye/color"]):
        values = images_report(missing, FINE, 9.5, True, 0, 42).values
        rates = {"camera_rate_hz": 15.0, "camera_age_s": 0.1, "descriptor_rate_hz": 9.5}
        assert values == {**rates, "subscribed": True, "described_images": 42}
    assert watchdog_report("/h", 0.06, 1, [], [], 3).values["stops"] == 3


def test_goals_are_counted_by_outcome():
    record = GoalRecord()
    assert record.read() == (None, {})
    for code in (GraspCode.SUCCESS, GraspCode.CANCELED, GraspCode.OBJECT_LOST, GraspCode.SUCCESS, 105):
        record.note(int(code), f"{int(code)}")
    assert record.read() == ((105, "105"), {"succeeded": 2, "canceled": 1, "failed": 2})
