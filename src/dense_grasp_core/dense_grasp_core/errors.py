"""The root of every exception this package raises on bad input, and the end of what the caller stopped."""

from __future__ import annotations


class DenseGraspError(Exception):
    """Something given is not what it must be; the message names thing, value and expectation."""


class Canceled(DenseGraspError):
    """The caller's stop check became true, while something was planned, moved or waited for; whoever sees this first
    has nothing to clean up but its own action.
    """
