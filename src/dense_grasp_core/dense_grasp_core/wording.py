"""Words that sentences to an operator have in common."""

from __future__ import annotations

from collections.abc import Iterable


def some_of(names: Iterable[str], most: int = 6) -> str:
    """At most `most` of the names, and how many there are beside: "a, b and 3 more"."""
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def counted(number: int, what: str) -> str:
    """A number with what it counts, in the plural unless it is one: "2 keypoints"."""
    return f"{number} {what}{'' if number == 1 else 's'}"
