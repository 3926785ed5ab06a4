"""The grasp that runs and those that were."""

from dense_grasp_core.result_codes import Stage
from dense_grasp_ui.grasps import KEPT, STAGES, Grasps, code_name


def test_one_runs_at_a_time_and_its_stages_are_kept():
    grasps = Grasps()
    assert grasps.running is None and grasps.begin("cap", False) and not grasps.begin("mug", False)
    for stage in (Stage.OBSERVING, Stage.LOCATING, Stage.LOCATING, Stage.PLANNING):
        grasps.on_stage(stage, "by contact" if stage == Stage.LOCATING else "")
    assert grasps.running.stage == "PLANNING: plans"
    assert grasps.running.stages == ("OBSERVING", "LOCATING", "PLANNING")
    ended = grasps.end(0, "lifted")
    assert ended.outcome() == "SUCCESS (0): lifted" and grasps.past() == [ended] and grasps.running is None
    grasps.on_stage(Stage.LIFTING, "late feedback")
    assert grasps.running is None


def test_the_history_ends():
    grasps = Grasps()
    for number in range(KEPT + 5):
        grasps.begin(str(number), True)
        grasps.end(502, "canceled")
    assert len(grasps.past()) == KEPT and grasps.past()[0].object_id == str(KEPT + 4)


def test_codes_have_names_and_stages_words():
    assert [code_name(code) for code in (0, 105, 204, 7777)] == ["SUCCESS", "LOW_SCORE", "PLANNING_FAILED", "?"]
    assert set(STAGES) == set(Stage)
