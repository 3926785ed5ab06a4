"""The grasp, plan or scan that runs and those that were."""

from dense_grasp_core.result_codes import ScanStage, Stage
from dense_grasp_ui.attempts import (
    GRASP,
    GRASP_STAGES,
    KEPT,
    PLAN,
    SCAN,
    SCAN_STAGES,
    Attempts,
    ScanProgress,
    code_name,
)


def test_one_runs_at_a_time_and_its_stages_are_kept():
    attempts = Attempts()
    assert attempts.running is None and attempts.begin("cap", GRASP) and not attempts.begin("mug", GRASP)
    for stage in (Stage.OBSERVING, Stage.LOCATING, Stage.LOCATING, Stage.PLANNING):
        attempts.on_stage(stage, "by contact" if stage == Stage.LOCATING else "")
    assert attempts.running.stage == "PLANNING: plans"
    assert attempts.running.stages == ("OBSERVING", "LOCATING", "PLANNING")
    ended = attempts.end(0, "lifted")
    assert ended.outcome() == "SUCCESS (0): lifted" and attempts.past() == [ended] and attempts.running is None
    attempts.on_stage(Stage.LIFTING, "late feedback")
    assert attempts.running is None


def test_the_history_ends():
    attempts = Attempts()
    for number in range(KEPT + 5):
        attempts.begin(str(number), PLAN)
        attempts.end(502, "canceled")
    assert len(attempts.past()) == KEPT and attempts.past()[0].object_id == str(KEPT + 4)


def test_codes_have_names_and_stages_words():
    assert [code_name(code) for code in (0, 105, 204, 7777)] == ["SUCCESS", "LOW_SCORE", "PLANNING_FAILED", "?"]
    assert [code_name(code, SCAN) for code in (0, 605, 105)] == ["SUCCESS", "SCAN_EXISTS", "?"]
    assert set(GRASP_STAGES) == set(Stage) and set(SCAN_STAGES) == set(ScanStage)


def test_a_scan_tells_how_far_it_is_and_stays_to_be_seen():
    attempts = Attempts()
    assert attempts.latest_scan() is None and attempts.begin("cap", SCAN)
    for taken in range(3):
        for stage in (ScanStage.MOVING, ScanStage.TAKING):
            attempts.on_scan(stage, f"view {taken + 1}", ScanProgress(taken, 6, 0.1 * taken, [(0.0, 0.0, 1.0)] * taken))
    running = attempts.running
    assert running == attempts.latest_scan() and running.stages == ("MOVING", "TAKING")
    assert running.stage == "TAKING: takes a picture, view 3"
    assert running.scan.sentence() == "2 of 6 pictures, 20% of the directions above the table"
    ended = attempts.end(502, "canceled; nothing is kept of 2 pictures")
    assert ended.outcome() == "CANCELED (502): canceled; nothing is kept of 2 pictures"
    attempts.begin("cap", GRASP)
    assert attempts.latest_scan() == ended and len(ended.scan.directions) == 2
