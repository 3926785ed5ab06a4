"""The root of every exception this package raises on bad input."""

from __future__ import annotations


class DenseGraspError(Exception):
    """Something given is not what it must be; the message names thing, value and expectation."""
