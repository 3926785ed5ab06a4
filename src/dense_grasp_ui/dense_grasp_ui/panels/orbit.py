"""A scene in 3-D that is turned with the mouse, or by buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from nicegui import ui
from numpy.typing import NDArray

from dense_grasp_ui.pictures.look import ABOVE, FIELD_OF_VIEW, SLANTED, Look

#: Degrees of one press. What is seen turns left where the eye goes to the right, which is towards y from x.
TURN = 45.0
FRAMES_PER_S = 10
ABOUT = "Turn it with the mouse, or by the buttons; the wheel brings it nearer."
PAPER = "#3b4751"


class Orbit:
    """Of one browser, built where it is made. The scene is made when it is first asked for: three.js is not loaded
    before.
    """

    def __init__(self) -> None:
        self._scene: ui.scene | None = None
        self._look, self._centre, self._radius = Look(), np.zeros(3), 1.0
        self._place = ui.element("div").classes("dg-scene").props("role=img")
        turns: list[tuple[str, Callable[[], Look]]] = [
            ("Turn left", lambda: replace(self._look, azimuth=self._look.azimuth + TURN)),
            ("Turn right", lambda: replace(self._look, azimuth=self._look.azimuth - TURN)),
            ("From the side", lambda: replace(self._look, elevation=SLANTED)),
            ("From above", lambda: replace(self._look, elevation=ABOVE)),
        ]
        with ui.element("div").classes("dg-tools"):
            for text, turned in turns:
                button = ui.button(text, color=None, on_click=lambda _, turned=turned: self.look(turned()))
                button.props("outline no-caps dense")
        ui.label(ABOUT).classes("dg-note")

    @property
    def scene(self) -> ui.scene:
        """What things are put into."""
        if self._scene is None:
            camera = ui.scene.perspective_camera(fov=FIELD_OF_VIEW, near=0.002, far=100.0)
            with self._place:
                # No clicks: each would send every point that lies below the pointer.
                self._scene = ui.scene(
                    grid=False, camera=camera, click_events=[], background_color=PAPER, fps=FRAMES_PER_S
                )
        return self._scene

    def says(self, shown: str) -> None:
        """What a screen reader reads of it."""
        self._place.props(f'aria-label="{shown}"')

    def about(self, centre: NDArray[np.float64], radius: float) -> None:
        """What is looked at from now on: its centre (3,) and radius, m."""
        self._centre, self._radius = centre, radius

    def look(self, look: Look) -> None:
        """Look from there."""
        self._look = look
        x, y, z = look.eye(self._centre, self._radius)
        at_x, at_y, at_z = self._centre.tolist()
        self.scene.move_camera(x, y, z, at_x, at_y, at_z, duration=0.0)
