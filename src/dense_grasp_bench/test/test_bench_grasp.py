import json
import math
from types import SimpleNamespace

from dense_grasp_bench.bench_grasp import failure_table, figures_of, meets, stage_medians, table
from dense_grasp_bench.demo import json_number
from dense_grasp_bench.session import StageTimes, Trial
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage


def lifted(seed: int, error_mm: float = 4.0) -> Trial:
    return Trial(
        seed,
        "cap",
        code=0,
        found=True,
        position=(0.5, 0.1, 0.1),
        error_mm=error_mm,
        planning_time=0.2,
        time_to_first_motion=1.0,
        lifted=True,
        raised=0.18,
    )


def empty(code: int = GraspCode.PERCEPTION + MatchCode.LOW_SCORE) -> Trial:
    return Trial(1, "", code=int(code), message="was not found")


def test_all_figures_reached():
    figures = figures_of([lifted(seed) for seed in range(17)] + [Trial(1, "cap", code=204)] * 3, [empty()] * 10)
    assert (figures["lifted"], figures["trials"], figures["empty_not_found"]) == (17, 20, 10)
    assert figures["failures"] == {"PLANNING_FAILED": 3}
    assert meets(figures)
    assert "17 of 20" in table(figures) and "PLANNING_FAILED" in table(figures)


def test_a_touched_post_is_a_missed_figure():
    trials = [lifted(seed) for seed in range(20)]
    trials[3].touched = ["post_0"]
    figures = figures_of(trials, [])
    assert figures["touched_nothing_else"] == 19 and not meets(figures)
    assert "19 of 20" in table(figures) and "TOUCHED post_0" in trials[3].line()


def test_behind_a_post_it_is_what_was_touched_that_counts():
    trials = [lifted(seed) for seed in range(5)] + [Trial(1, "cap", code=204)] * 5
    figures = figures_of(trials, [])
    assert meets(figures, 0.0) and not meets(figures)
    trials[0].touched = ["post_0"]
    assert not meets(figures_of(trials, []), 0.0)


def test_failures_are_counted_by_cause_and_stage():
    trials = [Trial(seed, "cap", code=404, last_stage="VERIFYING") for seed in (3, 5)]
    trials += [lifted(1), Trial(9, "cap", code=204, last_stage="PLANNING")]
    assert failure_table(trials) == [("OBJECT_LOST", "VERIFYING", 2, [3, 5]), ("PLANNING_FAILED", "PLANNING", 1, [9])]
    text = table(figures_of(trials, []))
    assert "2  3, 5" in text and text.index("OBJECT_LOST") < text.index("PLANNING_FAILED")


def test_times_of_the_stages_come_from_the_feedback():
    clock = iter([0.0, 1.0, 3.0, 4.0, 9.0])
    seen = []
    stages = StageTimes(seen.append, now=lambda: next(clock))
    for stage in (Stage.LOCATING, Stage.PLANNING, Stage.LOCATING):
        stages(SimpleNamespace(feedback=SimpleNamespace(stage=int(stage))))
    assert stages.end() == ({"LOCATING": 7.0, "PLANNING": 1.0}, "LOCATING")
    assert len(seen) == 3
    trial = lifted(1)
    trial.stage_times = {"LOCATING": 7.0, "PLANNING": 1.0}
    other = lifted(2)
    other.stage_times = {"PLANNING": 2.0}
    assert stage_medians([trial, other]) == {"LOCATING": 7.0, "PLANNING": 1.5}
    assert StageTimes().end() == ({}, "")


def test_from_a_stand_fewer_are_demanded():
    figures = figures_of([lifted(seed) for seed in range(14)] + [Trial(1, "cap", code=201)] * 6, [])
    assert not meets(figures) and meets(figures, 0.7)
    assert "14 of 20" in table(figures, 0.7).splitlines()[1].rpartition("14 of 20")[0]
    assert not meets(figures_of([lifted(seed) for seed in range(13)] + [Trial(1, "cap", code=201)] * 7, []), 0.7)


def test_each_figure_can_fail():
    good, nothing = [lifted(seed) for seed in range(20)], [empty()] * 10
    assert meets(figures_of(good, nothing))
    assert not meets(figures_of(good[:16] + [Trial(1, "cap", code=403)] * 4, nothing))
    assert not meets(figures_of([lifted(seed, 12.0) for seed in range(20)], nothing))
    assert not meets(figures_of(good, [*nothing[:9], empty(GraspCode.PERCEPTION + MatchCode.AMBIGUOUS)]))
    slow = [lifted(seed) for seed in range(20)]
    for trial in slow:
        trial.time_to_first_motion = 3.5
    assert not meets(figures_of(slow, nothing))


def test_line_of_a_trial():
    assert "found at (0.500, +0.100, 0.100) m | error   4.0 mm | planned in 0.20 s | lifted 18 cm" in lifted(7).line()
    nothing = empty()
    nothing.matches, nothing.scene = [{"keypoint": "contact", "score": 0.31}], "oak, bowl"
    assert nothing.line() == "no cap          1 | not found | score 0.31, LOW_SCORE: was not found | oak, bowl"
    assert "WRONG ANSWER" in Trial(1, "", code=0, found=True).line()
    aside = lifted(7)
    aside.used_contact = "left"
    assert "| by left |" in aside.line()
    dropped = lifted(7)
    dropped.lifted, dropped.reason = False, "1 of 2 finger pads touch the object"
    assert "NOT lifted: 1 of 2 finger pads" in dropped.line()
    failed = lifted(7)
    failed.lifted, failed.code, failed.message = False, int(GraspCode.OBJECT_LOST), "gone"
    assert "NOT lifted: OBJECT_LOST: gone" in failed.line()


def test_json_has_no_nan():
    text = json.dumps(json_number({"a": [math.nan, 1.0], "b": (math.inf, {"c": 2})}), allow_nan=False)
    assert json.loads(text) == {"a": [None, 1.0], "b": [None, {"c": 2}]}
