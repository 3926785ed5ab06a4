"""What the fingers hold: in which widths it counts as held, the watches over it, and what is known between goals."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.interfaces import Array, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.result_codes import GraspCode

#: s that a width stays outside of the range before the object counts as lost: one odd joint state drops nothing.
LOST_AFTER = 0.05
#: Share of the width by which something thick may become narrower: closed askew, it turns square between the pads.
SQUARES_UP = 0.1
#: m; fingers so near to a width are there.
SAME_WIDTH = 0.004


@dataclass(frozen=True)
class HeldRange:
    """An object is held while the width between the fingers stays in `low` to `high`, m; `width`: as they closed."""

    width: float
    low: float
    high: float

    def failure(self, width: float) -> GraspFailure | None:
        """OBJECT_LOST for a width outside of the range."""
        if self.low <= width <= self.high:
            return None
        direction = "wider" if width > self.high else "narrower"
        return GraspFailure(
            GraspCode.OBJECT_LOST,
            f"the fingers closed to {millimetres(self.width)} and are now {direction}, {millimetres(width)} apart; "
            f"held is {millimetres(self.low)} to {millimetres(self.high)}",
        )


def held_range(width: float, settings: GraspSettings) -> HeldRange | None:
    """The range around the width (m) at which the fingers closed; None for one at which they hold nothing."""
    least, most = settings.min_grasp_width, settings.max_grasp_width
    if not least <= width <= most:
        return None
    change = settings.lost_width_change
    return HeldRange(width, max(least, width - max(change, SQUARES_UP * width)), min(most, width + change))


@dataclass(frozen=True)
class Grip:
    """How an object was picked up. base_from_tcp: (4, 4), of the hand that holds it as it was seen; world: that, with
    the object in it; tcp_from_object: (4, 4), of the object's frame, None for an object without a scan.
    """

    object_id: str
    base_from_tcp: Array
    world: WorldModel
    tcp_from_object: Array | None = None


class HoldWatch:
    """A stop check that also becomes true when what the fingers hold is lost. `failure` then says how."""

    def __init__(self, gripper: Gripper, canceled: StopCheck | None, now: Callable[[], float] = time.monotonic) -> None:
        self._gripper = gripper
        self._canceled = canceled
        self._now = now
        self._held: HeldRange | None = None
        self._outside_since: float | None = None
        #: Whether the width is told all the time; else it is known after the fingers closed only.
        self.is_told = False
        self.failure: GraspFailure | None = None

    def start(self, held: HeldRange) -> None:
        """From now on the width has to stay in the range."""
        self._held, self._outside_since = held, None
        self.is_told = self._gripper.live_width() is not None

    def end(self) -> None:
        """The fingers may open now."""
        self._held = None

    def __call__(self) -> bool:
        """Whether to stop, because of a cancel or a loss."""
        if self._canceled is not None and self._canceled():
            return True
        if self._held is not None and self.is_told and self.failure is None:
            self._look(self._held, self._gripper.live_width())
        return self.failure is not None

    def check(self) -> None:
        """Raises GraspFailure OBJECT_LOST or GRIPPER_FAILED after a loss, Canceled after a cancel."""
        if self():
            raise self.failure or Canceled("the goal was canceled")

    def judge(self, width: float) -> None:
        """Raises GraspFailure OBJECT_LOST for a width (m) that was just measured and is outside of the range."""
        if self._held is not None:
            self.failure = self._held.failure(width)
        if self.failure is not None:
            raise self.failure

    def measured_width(self) -> float | None:
        """The width (m) by a new measurement, None where nobody tells it."""
        if not self.is_told:
            self._gripper.grasp(self)  # pressed on already: this tells the width
        return self._gripper.width()

    def _look(self, held: HeldRange, width: float | None) -> None:
        if width is None:
            self.failure = GraspFailure(
                GraspCode.GRIPPER_FAILED,
                "no gripper width: the finger joint states ceased, so it is unknown whether the fingers still hold the "
                f"object that they closed on at {millimetres(held.width)}",
            )
            return
        failure = held.failure(width)
        if failure is None:
            self._outside_since = None
        elif self._outside_since is None:
            self._outside_since = self._now()
        elif self._now() - self._outside_since >= LOST_AFTER:
            self.failure = failure


class WeightWatch:
    """The vertical force on the hand before and after something came into it or left it: fingers may be held apart by
    their own pads. force: N, None where nobody tells it; least: N of change, 0: none is expected.
    """

    def __init__(self, force: Callable[[], float | None], least: float) -> None:
        self._force = force
        self._before: float | None = None
        self.least = least

    def start(self) -> None:
        """From now on the force has to change."""
        self._before = self._force()

    def small_change(self) -> float | None:
        """N by which the force changed, where that is less than expected."""
        before, after = self._before, self._force()
        if self.least <= 0.0 or before is None or after is None or abs(after - before) >= self.least:
            return None
        return abs(after - before)


class FingerMemory:
    """What an executor knows of the fingers from one goal to the next. It ends with the process, and with the hand's
    node: then only the width is evidence.
    """

    def __init__(self) -> None:
        self._device: int | None = None
        self.forget()

    def forget(self) -> None:
        """Nothing is known: the hand was restarted, or is closing."""
        self._held: tuple[HeldRange, Grip] | None = None
        self._is_empty = False
        self._left_at: float | None = None

    def seen(self, device: int) -> None:
        """Forgets what it knows of another device."""
        if device != self._device:
            self.forget()
        self._device = device

    def holds(self, held: HeldRange, grip: Grip) -> None:
        """The fingers closed on something."""
        self._held, self._is_empty = (held, grip), False

    @property
    def held(self) -> tuple[HeldRange, Grip] | None:
        """What the last goal grasped; None where nothing is known of it, or where it was let go."""
        return self._held

    def opening(self) -> None:
        """The fingers are told to open: away from the range in which something was held, nothing is."""
        self._is_empty = self._is_empty or self._held is not None

    def empty(self) -> None:
        """Nothing is between the fingers."""
        self._held, self._is_empty, self._left_at = None, True, None

    def left(self, width: float | None) -> None:
        """The goal ends with the fingers at this width (m); None: unknown."""
        self._left_at = width

    def why_held(self, width: float | None, settings: GraspSettings) -> str:
        """Why opening fingers that are `width` m apart (None: unknown) may drop something; empty when it cannot."""
        held = None if self._held is None else self._held[0]
        if held is not None and (width is None or held.failure(width) is None):
            between = millimetres(held.width if width is None else width)
            return f"the fingers hold what the last goal grasped, {between} wide"
        if width is None or self._is_known_empty(width):
            return ""
        least, most, opened = settings.min_grasp_width, settings.max_grasp_width, settings.open_width
        if not least <= width <= most or abs(width - opened) <= SAME_WIDTH:
            return ""
        return (
            f"the fingers are {millimetres(width)} apart and may hold something "
            f"(they hold nothing below {millimetres(least)}, above {millimetres(most)} and at open_width "
            f"{millimetres(opened)})"
        )

    def _is_known_empty(self, width: float) -> bool:
        # Somebody else may have closed the fingers since.
        return self._is_empty and (self._left_at is None or abs(width - self._left_at) <= SAME_WIDTH)


def millimetres(width: float) -> str:
    """A width (m) as it is told."""
    return f"{1000 * width:.1f} mm"
