"""Do the stamps of a stream and this machine's clock agree?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dense_grasp.cell.checks import Check, Stream

#: s. A message that was stamped later than it arrived has another clock; what two clocks of one network differ by is
#: less than this.
AHEAD_TOLERANCE = 0.005
#: s between two messages of a simulated clock: so much the last one heard may be old.
SIMULATED_TICK = 0.02
#: s. Older than this on arrival, pictures are of before, or their clock is behind.
OLDEST = 1.0


@dataclass(frozen=True)
class Clocks:
    """simulated: whether somebody publishes /clock, which every node then goes by; publishers: who."""

    simulated: bool = False
    publishers: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """In words."""
        return "/clock" if self.simulated else "this machine's clock"

    @property
    def tolerance(self) -> float:
        """s that a stamp may be ahead."""
        return AHEAD_TOLERANCE + (SIMULATED_TICK if self.simulated else 0.0)


def check_clock(clocks: Clocks) -> Check:
    """Which clock is gone by, and is there one only?"""
    if len(clocks.publishers) > 1:
        return Check(
            "clock", False, f"/clock comes from {', '.join(clocks.publishers)}", "end all but one of them: time jumps"
        )
    if clocks.publishers and not clocks.simulated:
        return Check("clock", False, f"{clocks.publishers[0]} offers /clock and is silent", "start it or end it")
    if clocks.simulated:
        return Check("clock", True, f"simulated, /clock from {', '.join(clocks.publishers) or 'a node that has ended'}")
    return Check("clock", True, "this machine's")


def check_stamps(name: str, stream: Stream, clocks: Clocks, remedy: str) -> Check | None:
    """Age of a stream's messages on arrival; None when nothing arrived.

    remedy: what to do about a clock that is ahead or behind.
    """
    ages = [message.age_simulated if clocks.simulated else message.age_system for message in stream.arrivals]
    known = np.array([age for age in ages if age is not None])
    if not len(known):
        return None
    age, low, high = float(np.median(known)), float(known.min()), float(known.max())
    if age < -clocks.tolerance:
        text = f"stamps are {_seconds(-age)} ahead of {clocks.name} ({_seconds(-high)} to {_seconds(-low)})"
        return Check(name, False, text, remedy)
    text = f"{_seconds(age)} old on arrival ({_seconds(low)} to {_seconds(high)})"
    if age > OLDEST:
        return Check(name, False, f"{text} by {clocks.name}, expected less than {OLDEST:.0f} s", remedy)
    return Check(name, True, text)


def _seconds(value: float) -> str:
    # A stamp of the system's clock against a simulated one differs by decades.
    return f"{value:.3f} s" if abs(value) < 1000.0 else f"{value:.0f} s"
