"""A point that is drawn over a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """A named pixel (u, v) of the picture; hidden: something lies before the point."""

    u: float
    v: float
    text: str
    is_hidden: bool = False
