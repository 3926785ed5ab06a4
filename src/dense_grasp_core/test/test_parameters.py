"""One parameter's description: what it takes, what it refuses, how it says so."""

from __future__ import annotations

import math

import pytest
from dense_grasp_core.parameters import ParameterError, ParameterSpec, by_name, check_changes
from hypothesis import given
from hypothesis import strategies as st

SPEED = ParameterSpec("speed", 0.5, "of the tool", "m/s", low=0.0, low_open=True, high=3.0, changeable=True)
RATE = ParameterSpec("rate", 10.0, "of images", "Hz", low=0.1, high=1000.0, zero="as fast as it can")
SCORE = ParameterSpec("score", math.nan, "least", low=0.0, high=1.0, nan="calibrated")
THREADS = ParameterSpec("threads", 0, "of the network", low=0, high=64)
WALLS = ParameterSpec("walls", (0.0,) * 6, "m", low=-9, high=9, multiple_of=6, boxes=True, zeros="none")
TOPIC = ParameterSpec("topic", "/camera/image", "of images", text="name")
FRAME = ParameterSpec("frame", "", "of answers", text="frame")
MODE = ParameterSpec("mode", "auto", "how", options=("auto", "never"))
FLAG = ParameterSpec("flag", True, "whether")
ALL = (SPEED, RATE, SCORE, THREADS, WALLS, TOPIC, FRAME, MODE, FLAG)


@pytest.mark.parametrize(
    ("spec", "given_value", "value"),
    [
        (SPEED, 1, 1.0),
        (SPEED, 3.0, 3.0),
        (RATE, 0, 0.0),
        (THREADS, 64, 64),
        (WALLS, [0, 0, 0, 0, 0, 0], [0.0] * 6),
        (WALLS, (1, 2.5, -3, 1, 1, 1), [1.0, 2.5, -3.0, 1.0, 1.0, 1.0]),
        (TOPIC, "~/image", "~/image"),
        (FRAME, "", ""),
        (FRAME, "fr3_link0", "fr3_link0"),
    ],
)
def test_what_is_meant_is_taken(spec, given_value, value):
    taken = spec.check(given_value)
    assert taken == value and type(taken) is type(value)


@pytest.mark.parametrize(
    ("spec", "value", "sentence"),
    [
        (SPEED, 0, "parameter speed is 0, expected a number above 0 and at most 3 m/s"),
        (SPEED, math.nan, "parameter speed is nan, expected a number above 0 and at most 3 m/s"),
        (SPEED, None, "parameter speed is empty, expected"),
        (SPEED, "fast", "parameter speed is 'fast', expected"),
        (SPEED, True, "parameter speed is true, expected"),
        (SPEED, 10**400, "parameter speed is 1000"),
        (RATE, 1e-9, "parameter rate is 1e-09, expected a number from 0.1 to 1000 Hz; 0: as fast as it can"),
        (SCORE, math.inf, "parameter score is inf, expected a number from 0 to 1; .nan: calibrated"),
        (THREADS, 2.0, "parameter threads is 2.0, expected a whole number from 0 to 64"),
        (THREADS, 2**63, "parameter threads is"),
        (WALLS, [], "parameter walls is [], expected numbers from -9 to 9, a multiple of 6"),
        (WALLS, [0.0] * 7, "a multiple of 6 of them, six a box"),
        (WALLS, [0, 0, 0, 1, -1, 1], "edge lengths x, y, z above 0"),
        (WALLS, [0, 0, 0, 1, math.nan, 1], "parameter walls is"),
        (TOPIC, "", "parameter topic is ''"),
        (TOPIC, "/1st", "no part begins with a digit"),
        (TOPIC, "/a//b", "parameter topic is '/a//b'"),
        (TOPIC, "camera image", "letters, digits and _ between slashes"),
        (FRAME, "/link", "no slash in front"),
        (FRAME, "a\nb", "parameter frame is"),
        (MODE, "often", "parameter mode is 'often', expected one of auto, never"),
        (FLAG, 1, "parameter flag is 1, expected true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(spec, value, sentence):
    with pytest.raises(ParameterError) as caught:
        spec.check(value)
    assert sentence in str(caught.value)
    assert caught.value.name == spec.name and "\n" not in str(caught.value)


@given(
    st.sampled_from(ALL),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.floats())),
)
def test_a_value_is_taken_or_refused_by_name(spec, value):
    try:
        taken = spec.check(value)
    except ParameterError as error:
        assert str(error).startswith(f"parameter {spec.name} is ")
    else:
        assert type(taken) is spec.kind
        again = spec.check(taken)
        assert again == taken or (math.isnan(again) and spec.nan)


def test_a_default_that_its_own_range_refuses_is_a_mistake():
    with pytest.raises(ParameterError, match="speed is -1"):
        ParameterSpec("speed", -1.0, "of the tool", low=0, high=1)
    with pytest.raises(ValueError, match="both ends"):
        ParameterSpec("speed", 1.0, "of the tool", low=0)
    with pytest.raises(ValueError, match="twice: speed"):
        by_name((SPEED, SPEED))


def test_a_running_node_takes_what_may_change_and_says_why_not():
    specs = by_name(ALL)

    def changes(**values):
        return check_changes("mover", values, specs, lambda name: name == "use_sim_time")

    assert changes(speed=1, use_sim_time=True) == ({"speed": 1.0}, "")
    assert changes(speed=math.nan) == ({}, "parameter speed is nan, expected a number above 0 and at most 3 m/s")
    assert changes(rate=1.0) == (
        {},
        "rate is read at the start only; restart mover to change it (while it runs: speed)",
    )
    assert changes(sped=1.0) == ({}, "mover has no parameter sped")
