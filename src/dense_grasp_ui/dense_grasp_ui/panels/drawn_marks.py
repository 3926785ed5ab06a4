"""Points over a picture, as SVG."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dense_grasp_ui.pictures.mark import Mark


def rings(marks: Iterable[Mark], radius: float, named: bool = True) -> str:
    """A ring of a radius, px, at each point, dashed at those that are hidden, with its text beside it where named."""
    return "".join(
        f'<g class="{"dg-hidden-mark" if mark.is_hidden else "dg-seen-mark"}">'
        f'<circle cx="{mark.u:.1f}" cy="{mark.v:.1f}" r="{radius:.0f}"/>'
        + (f'<text x="{mark.u + 11:.1f}" y="{mark.v + 5:.1f}">{escape(mark.text)}</text>' if named else "")
        + "</g>"
        for mark in marks
    )
