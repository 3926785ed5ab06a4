"""Where the pixel under the pointer is found: the kernel of Eq. 8 over the live picture, its peaks, its temperature."""

from __future__ import annotations

import json
import math

from nicegui import ui

from dense_grasp_ui.pictures.calibration import Calibration
from dense_grasp_ui.pictures.heat import TEMPERATURES
from dense_grasp_ui.pictures.kept import LIVE

LIVE_TITLE = "Where that point is in the live picture"


def where(calibration: Calibration, title: str = LIVE_TITLE, target: str = LIVE) -> ui.element:
    """Builds the panel; static/page.js fills it, a request a heatmap. target: key of the picture that is searched.

    Returns the image, for `show`.
    """
    threshold = "" if math.isnan(calibration.threshold) else f"{calibration.threshold:.3f}"
    low, high = TEMPERATURES
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-where"):
        ui.html(f'<h2 id="dg-where">{title}</h2>', sanitize=False)
        with ui.element("div").classes("dg-picture"):
            image = ui.element("img").classes("dg-heat")
            image.props(f'alt="Likelihood of the point over the picture that is searched" data-picture={target}')
            ui.element("div").classes("dg-overlay dg-peak-marks")
            ui.element("p").classes("dg-no-heat").props("role=status")
        with ui.element("div").classes("dg-tools"):
            ui.html(
                f'<label>Temperature t <input type="range" class="dg-t" min="{low}" max="{high}" step="0.05" '
                f'value="{calibration.temperature:.2f}"> <output class="dg-t-value">{calibration.temperature:.2f}'
                "</output></label>",
                sanitize=False,
            )
        ui.element("ol").classes("dg-peaks").props(
            f"aria-label='Peaks, highest first' data-threshold={json.dumps(threshold)}"
        )
        ui.label(
            f"The line at {threshold} is the network's threshold: below it a point counts as not found."
            if threshold
            else "This network has no calibrated threshold."
        ).classes("dg-note")
    return image
