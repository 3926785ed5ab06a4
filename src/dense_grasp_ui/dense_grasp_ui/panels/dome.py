"""The dome of directions that a scan fills, as a picture."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.object_model.coverage import on_disc, outline
from numpy.typing import NDArray

from dense_grasp_ui.attempts import ScanProgress

#: Degrees above the table that are drawn as rings; the table's own is the rim.
RINGS = (30, 60)


def dome_svg(progress: ScanProgress) -> str:
    """An SVG: the dome seen from above, green where pictures look from within 20°, a dot for each picture.

    The base frame's x points to the right, its y up.
    """
    directions = np.asarray(progress.directions, float).reshape(-1, 3)
    covered = "".join(f'<polygon points="{_points(outline(one))}"/>' for one in directions)
    dots = "".join(f'<circle cx="{x:.3f}" cy="{-y:.3f}" r=".03"/>' for x, y in on_disc(directions))
    rings = "".join(f'<circle r="{1 - ring / 90:.3f}"/>' for ring in RINGS)
    return (
        f'<svg viewBox="-1.12 -1.12 2.24 2.24" role="img" aria-label="{progress.sentence()}">'
        '<clipPath id="dg-dome-rim"><circle r="1"/></clipPath><circle class="dg-dome-floor" r="1"/>'
        f'<g class="dg-dome-covered" clip-path="url(#dg-dome-rim)">{covered}</g>'
        f'<g class="dg-dome-rings"><circle r="1"/>{rings}<path d="M0 0H1"/></g><g class="dg-dome-dots">{dots}</g>'
        '<text x="1.02" y=".04">x</text></svg>'
    )


def _points(directions: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.3f},{-y:.3f}" for x, y in on_disc(directions))
