"""The strict rule, against made-up contacts and against the physics."""

import numpy as np
import pytest
from dense_grasp_sim.physics.physics_check import TopDownIk, pick
from dense_grasp_sim.physics.referee import Contacts, LiftReferee, LiftRule, LiftSample, contacts_on, why_not_held
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.placement import Placement

PADS = frozenset({"fr3_leftfinger_pad", "fr3_rightfinger_pad"})
HELD = LiftSample(0.0, 0.15, 0.003, Contacts(PADS, ()))
RULE = LiftRule()


def sample(time: float = 0.0, raised: float = 0.15, width: float = 0.003, pads=PADS, others=()) -> LiftSample:
    return LiftSample(time, raised, width, Contacts(frozenset(pads), tuple(others)))


def test_a_clean_hold_passes() -> None:
    assert why_not_held(HELD, RULE) == ""


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (sample(raised=0.09), "raised by 0.090"),
        (sample(width=0.001), "1.00 mm apart"),
        (sample(pads={"fr3_leftfinger_pad"}), "1 of 2 finger pads"),
        (sample(pads=()), "0 of 2 finger pads"),
        (sample(others=("table",)), "touched by table"),
        (sample(others=("fr3_hand",)), "touched by fr3_hand"),
    ],
)
def test_each_condition_is_needed(broken: LiftSample, words: str) -> None:
    assert words in why_not_held(broken, RULE)


def test_a_cap_scooped_on_closed_fingers_does_not_count() -> None:
    referee = LiftReferee(RULE)
    for step in range(500):
        referee.update(sample(0.01 * step, width=0.0, pads=(), others=("fr3_leftfinger", "fr3_rightfinger")))
    assert not referee.lifted and "fr3_leftfinger" in referee.reason
    assert referee.max_height == 0.15


def test_two_seconds_without_interruption_are_needed() -> None:
    referee = LiftReferee(RULE)
    for step in range(190):
        referee.update(sample(0.01 * step))
    referee.update(sample(1.90, others=("table",)))
    for step in range(191, 350):
        referee.update(sample(0.01 * step))
    assert not referee.lifted and referee.longest == pytest.approx(1.89, abs=0.02)
    for step in range(350, 400):
        referee.update(sample(0.01 * step))
    assert referee.lifted and referee.reason == ""


def test_contacts_are_sorted_into_pads_and_others() -> None:
    left, right = sorted(PADS)
    pairs = [
        (left, "fr3_leftfinger", "", "object"),
        ("", "object", right, "fr3_rightfinger"),
        ("fr3_leftfinger_stem", "fr3_leftfinger", "", "object"),
        ("table", "table", "", "fr3_hand"),
    ]
    contacts = contacts_on(pairs, "object", PADS)
    assert contacts.both_pads and contacts.others == ("fr3_leftfinger",)


def test_a_good_pinch_of_a_real_cap_is_counted() -> None:
    simulator = Simulator()
    simulator.set_scene(1003, Placement(0.52, 0.05, 2.0))
    reason = pick(simulator, TopDownIk(simulator.cell.urdf, simulator.cell.names.record), np.zeros(3))
    assert reason == "" and simulator.referee.lifted
    assert simulator.referee.max_height > 0.15


def test_a_pinch_beside_the_cap_is_not() -> None:
    simulator = Simulator()
    simulator.set_scene(1003, Placement(0.52, 0.05, 2.0))
    beside = np.array([-0.03, 0.06, 0.0])
    reason = pick(simulator, TopDownIk(simulator.cell.urdf, simulator.cell.names.record), beside)
    assert reason and not simulator.referee.lifted
