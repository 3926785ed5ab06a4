"""Which frames may be used by their stamps."""

from __future__ import annotations

import re

import pytest
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.freshness import STAMP_TOLERANCE, Freshness
from dense_grasp_core.result_codes import MatchCode
from rclpy.clock import Clock, ClockType
from rclpy.time import Time
from sensor_msgs.msg import Image

from dense_grasp_interfaces.msg import DescriptorImage

SECOND = 1_000_000_000


class Standing(Clock):
    """A clock that stands at 100 s."""

    def now(self) -> Time:
        return Time(seconds=100, clock_type=ClockType.SYSTEM_TIME)


def frame(stamp: float, ahead: float = -0.03) -> CameraFrame:
    message = DescriptorImage()
    message.header.stamp.sec, message.header.stamp.nanosec = int(stamp), round(stamp % 1 * SECOND)
    return CameraFrame(message, Image(), None, round(ahead * SECOND))


@pytest.fixture
def fresh() -> Freshness:
    return Freshness(Standing(clock_type=ClockType.SYSTEM_TIME), 2.0)


@pytest.mark.parametrize("stamp", [98.0, 99.5, 100.0, 100.0 + STAMP_TOLERANCE])
def test_a_frame_of_now_is_accepted(fresh, stamp):
    assert fresh.accepts(frame(stamp))


@pytest.mark.parametrize(
    ("stamp", "ahead", "not_before", "code", "text"),
    [
        (97.9, -0.03, 0.0, MatchCode.STALE, "2.10 s old.* at most 2 s; since then: no depth"),
        (99.0, -0.03, 99.5, MatchCode.STALE, "0.50 s older than not_before"),
        (100.6, -0.03, 0.0, MatchCode.STAMP_AHEAD, "0.600 s ahead .* at most 0.02 s"),
        # It was ahead when it came, and the clock has caught up with it since.
        (99.0, 0.6, 0.0, MatchCode.STAMP_AHEAD, "0.600 s ahead .*check_cell measures"),
    ],
)
def test_any_other_is_refused_with_its_reason(fresh, stamp, ahead, not_before, code, text):
    given = frame(stamp, ahead)
    assert not fresh.accepts(given, round(not_before * SECOND))
    found, message = fresh.refusal(given, round(not_before * SECOND), "no depth")
    assert found == code
    assert re.search(text, message)


def test_no_frame_says_what_is_missing(fresh):
    assert fresh.refusal(None, 0, "no depth") == (MatchCode.NO_FRAME, "no depth")
