"""Whether the newest image may be used: not too old, not from the future, not from before a request."""

from __future__ import annotations

from dataclasses import dataclass

from dense_grasp_core.result_codes import MatchCode
from rclpy.clock import Clock, ROSClock

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.messages import NANOSECONDS

#: s. An image is stamped when it is exposed and arrives some 20 ms later at the earliest; a stamp that lies further
#: ahead than clocks of one machine or of NTP's differ finds the pose that the arm has only later.
STAMP_TOLERANCE = 0.02
#: s. A simulated clock itself arrives late on a busy machine; it cannot drift from the camera of the same simulation.
SIMULATED_STAMP_TOLERANCE = 0.25
CLOCK_HINT = (
    "the camera's clock, or that of its computer, runs ahead: restart the camera, let it take the "
    "computer's time, or synchronise the clocks (ros2 run dense_grasp check_cell measures the offset and says what to "
    "set)"
)


def is_simulated(clock: Clock) -> bool:
    """Whether the time comes from /clock."""
    return isinstance(clock, ROSClock) and clock.ros_time_is_active


def stamp_tolerance(clock: Clock) -> float:
    """s that a stamp may lie ahead of this clock when its message arrives."""
    return SIMULATED_STAMP_TOLERANCE if is_simulated(clock) else STAMP_TOLERANCE


def ahead_message(ahead: int, tolerance: float) -> str:
    """The sentence about an image whose stamp lay `ahead` ns ahead when it came."""
    return (
        f"the newest image was stamped {ahead / NANOSECONDS:.3f} s ahead of this node's clock when it came, expected "
        f"at most {tolerance:g} s: {CLOCK_HINT}"
    )


@dataclass(frozen=True)
class Freshness:
    """max_age: s between a frame's stamp and `clock`."""

    clock: Clock
    max_age: float

    def age(self, frame: CameraFrame) -> float:
        """Seconds between a frame's stamp and the clock; negative when the stamp lies ahead."""
        return self.age_of(frame.stamp)

    def age_of(self, stamp: int) -> float:
        """As `age`, of a stamp in ns."""
        return (self.clock.now().nanoseconds - stamp) / NANOSECONDS

    def accepts(self, frame: CameraFrame, not_before: int = 0) -> bool:
        """Whether the frame may be used for a request that asks for one stamped at or after `not_before` ns."""
        return (
            frame.stamp >= not_before
            and frame.ahead <= stamp_tolerance(self.clock) * NANOSECONDS
            and -stamp_tolerance(self.clock) <= self.age(frame) <= self.max_age
        )

    def refusal(self, frame: CameraFrame | None, not_before: int, why_empty: str) -> tuple[MatchCode, str]:
        """The code and the sentence for a frame that is not accepted; `why_empty`: what the streams lack."""
        if frame is None:
            return MatchCode.NO_FRAME, why_empty
        tolerance, age = stamp_tolerance(self.clock), self.age(frame)
        ahead = max(frame.ahead, round(-age * NANOSECONDS))
        if ahead > tolerance * NANOSECONDS:
            return MatchCode.STAMP_AHEAD, ahead_message(ahead, tolerance)
        if age <= self.max_age and frame.stamp < not_before:
            missing = (not_before - frame.stamp) / NANOSECONDS
            return MatchCode.STALE, f"newest frame is {missing:.2f} s older than not_before, expected one after it"
        return (
            MatchCode.STALE,
            f"newest frame is {age:.2f} s old by this node's clock, expected at most {self.max_age:g} s; "
            f"since then: {why_empty}",
        )
