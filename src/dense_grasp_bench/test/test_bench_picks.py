"""What counts as a pick, and how many an hour are of them."""

import pytest
from dense_grasp_bench.bench_picks import Pick, judged, picks_an_hour, table
from dense_grasp_bench.session import Trial
from dense_grasp_core.result_codes import GraspCode


def trial(code=GraspCode.SUCCESS, raised=0.18, touched=()):
    return Trial(7, "cap", code=code, message="a sentence", robot_s=9.0, raised=raised, touched=list(touched))


def test_what_was_raised_and_let_go_is_delivered():
    pick = judged(trial(), is_held=False)
    assert pick == Pick("cap", 7, 9.0, "") and pick.delivered and pick.line().endswith("delivered")


@pytest.mark.parametrize(
    ("given", "is_held", "why"),
    [
        (trial(GraspCode.OBJECT_LOST), False, "OBJECT_LOST: a sentence"),
        (trial(raised=0.05), False, "raised 5 cm, expected 10"),
        (trial(), True, "still between the fingers"),
        (trial(touched=["box"]), False, "touched box"),
    ],
)
def test_all_else_is_none(given, is_held, why):
    pick = judged(given, is_held)
    assert not pick.delivered and pick.why_not == why and why in pick.line()


def test_goals_that_failed_take_their_time():
    picks = [Pick("cap", 1, 8.0, ""), Pick("cap", 2, 12.0, "lost"), Pick("mug", 1, 10.0, "")]
    assert picks_an_hour(picks[:1]) == pytest.approx(450.0)
    assert picks_an_hour(picks) == pytest.approx(240.0)
    assert picks_an_hour([]) == 0.0
    rows = table(picks).splitlines()
    assert rows[1].split() == ["cap", "1", "of", "2", "10.0", "(12.0)", "180"]
    assert rows[-1].split() == ["all", "2", "of", "3", "10.0", "(12.0)", "240"]
