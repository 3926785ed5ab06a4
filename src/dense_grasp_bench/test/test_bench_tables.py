"""What counts as delivered of three equal objects, and what a table's line and row say."""

from types import SimpleNamespace as Namespace

import pytest
from dense_grasp_bench.bench_tables import OVER_THE_BIN, table
from dense_grasp_bench.deliveries import Delivery, TableOutcome, WatchDeliveries, deliveries
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.result_codes import Stage
from dense_grasp_sim.world.crowd import BIN, in_bin
from dense_grasp_sim.world.robot_model import build_urdf

IN_BIN = (BIN.x, BIN.y, 0.03)


def outcome(*given: Delivery, touched=(), seed=4000, seconds=60.0, code="SUCCESS") -> TableOutcome:
    return TableOutcome("mug", seed, given, tuple(touched), code, "a sentence", seconds)


GOOD = Delivery(True, "", IN_BIN, ())


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (GOOD, ""),
        (Delivery(False, "held for 0.90 s, expected 2.0", IN_BIN, ()), "not lifted: held for 0.90 s, expected 2.0"),
        (Delivery(True, "", IN_BIN, ("hammer_beside",)), "touched hammer_beside"),
        (Delivery(True, "", (0.3, 0.4, 0.02), ()), "not in the bin, at (0.30, 0.40, 0.02) m"),
    ],
)
def test_what_counts_as_delivered(given, why):
    assert given.why_not == why
    assert outcome(GOOD, given, GOOD).delivered == (2 if why else 3)


def test_a_table_is_cleared_where_all_three_were_delivered_and_nothing_was_touched():
    assert outcome(GOOD, GOOD, GOOD).is_cleared
    assert outcome(GOOD, GOOD, GOOD).line() == "mug           4000 | 3 of 3 delivered |  60.0 s"
    later = outcome(GOOD, GOOD, GOOD, touched=["hammer_beside"])  # by a fourth grasp, say
    assert not later.is_cleared and "touched hammer_beside | SUCCESS: a sentence" in later.line()
    mistaken = outcome(GOOD, GOOD, GOOD, code="OUT_OF_WORKSPACE")  # another thing was taken for a fourth one
    assert mistaken.is_cleared and mistaken.line().endswith("60.0 s | OUT_OF_WORKSPACE: a sentence")
    two = outcome(GOOD, GOOD, code="UNREACHABLE")
    assert not two.is_cleared and two.line().endswith("2 of 3 delivered |  60.0 s | UNREACHABLE: a sentence")
    rows = table([outcome(GOOD, GOOD, GOOD), two, outcome(GOOD, GOOD, GOOD, seconds=90.0)]).splitlines()
    assert rows[1].split() == ["mug", "2", "of", "3", "8", "of", "9", "60", "(90)"]


def answer(lifted: bool, touched: list[str], x: float):
    report = Namespace(lifted=lifted, reason="" if lifted else "why", touched=touched)
    return report, Namespace(positions=[Namespace(x=x, y=0.5, z=0.08), Namespace(x=x, y=0.6, z=0.02)])


def test_what_was_touched_counts_for_the_one_that_was_carried_then():
    first, second, third = deliveries(
        [answer(True, [], 0.0), answer(True, ["mug_beside"], 0.0), answer(False, ["mug_beside"], 0.3)]
    )
    assert not first.why_not and second.why_not == "touched mug_beside" and third.why_not == "not lifted: why"
    assert first.middle == pytest.approx((0.0, 0.55, 0.05)) and third.touched == ()


class Asked:
    """A client whose futures are their own answers."""

    def __init__(self):
        self.count = 0

    def request(self, key, **fields):
        report, truth = answer(True, [], 0.001 * self.count)
        self.count += key == "get_truth"
        return report if key == "get_report" else truth

    def result(self, future, patience, what):
        return future


def test_it_asks_once_for_each_that_was_let_go():
    watch = WatchDeliveries(Asked())
    grasp = [Stage.OBSERVING, Stage.LOCATING, Stage.APPROACHING, Stage.LIFTING, Stage.DELIVERING, Stage.DELIVERING]
    for stage in [*grasp, *grasp[:2], Stage.OBSERVING, *grasp[1:]]:  # the second time it looks twice
        watch(Namespace(feedback=Namespace(stage=int(stage), detail="")))
    assert [one.middle[0] for one in watch.end()] == pytest.approx([0.0, 0.001])


def test_it_lets_go_over_the_bin():
    robot = RobotModel(build_urdf("fr3", "", "franka"), "fr3")
    at = robot.tcp_pose(OVER_THE_BIN)[:3, 3]
    assert in_bin(at - [0.0, 0.0, 0.25]) and not in_bin(at)
