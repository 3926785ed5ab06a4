"""The grasp that runs and those that were."""

from dense_grasp_core.result_codes import ScanStage, Stage
from dense_grasp_ui.grasps import GRASP, KEPT, PLAN, SCAN, SCAN_STAGES, STAGES, Grasps, ScanProgress, code_name


def test_one_runs_at_a_time_and_its_stages_are_kept():
    grasps = Grasps()
    assert grasps.running is None and grasps.begin("cap", GRASP) and not grasps.begin("mug", GRASP)
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
        grasps.begin(str(number), PLAN)
        grasps.end(502, "canceled")
    assert len(grasps.past()) == KEPT and grasps.past()[0].object_id == str(KEPT + 4)


def test_codes_have_names_and_stages_words():
    assert [code_name(code) for code in (0, 105, 204, 7777)] == ["SUCCESS", "LOW_SCORE", "PLANNING_FAILED", "?"]
    assert [code_name(code, SCAN) for code in (0, 605, 105)] == ["SUCCESS", "SCAN_EXISTS", "?"]
    assert set(STAGES) == set(Stage) and set(SCAN_STAGES) == set(ScanStage)


def test_a_scan_tells_how_far_it_is_and_stays_to_be_seen():
    grasps = Grasps()
    assert grasps.latest_scan() is None and grasps.begin("cap", SCAN)
    for taken in range(3):
        for stage in (ScanStage.MOVING, ScanStage.TAKING):
            grasps.on_scan(stage, f"view {taken + 1}", ScanProgress(taken, 6, 0.1 * taken, [(0.0, 0.0, 1.0)] * taken))
    running = grasps.running
    assert running == grasps.latest_scan() and running.stages == ("MOVING", "TAKING")
    assert running.stage == "TAKING: takes a picture, view 3"
    assert running.scan.sentence() == "2 of 6 pictures, 20% of the directions above the table"
    ended = grasps.end(502, "canceled; nothing is kept of 2 pictures")
    assert ended.outcome() == "CANCELED (502): canceled; nothing is kept of 2 pictures"
    grasps.begin("cap", GRASP)
    assert grasps.latest_scan() == ended and len(ended.scan.directions) == 2
