"""A plan in 3-D: the robot, what its camera sees, and the planned motion as a ghost that moves along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from nicegui import ui
from numpy.typing import NDArray

from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.orbit import Orbit
from dense_grasp_ui.pictures.look import Look
from dense_grasp_ui.planned.plan_view import PlanView
from dense_grasp_ui.planned.planned_path import STEP_S

ROBOT, GHOST, TRACK, AXIS = "#d7dde2", "#ff9f1c", "#ff9f1c", "#00b7ff"
OPACITY = 0.6
#: m: of a ball on the way of the tool centre point and between two of them; of the line between the fingers.
BALL, APART, AXIS_LENGTH, AXIS_RADIUS = 0.004, 0.02, 0.08, 0.002
#: Looked at from the robot's right, as from beside the table.
FROM = Look(-60.0, 30.0)
ABOUT = (
    "Grey: the robot before it moves. Orange: the planned motion, with open fingers, which close along the blue line. "
    "The hulls are those that the planner keeps clear of everything."
)


class PlanPanel:
    """Of one browser, hidden until a plan is shown."""

    def __init__(self, browser: Browser):
        self._plans = browser.backend.arm.plans
        self._view: PlanView | None = None
        self._ghost: list[tuple[int, Any]] = []
        self._row = -1
        with ui.element("section").classes("dg-card").props("aria-labelledby=dg-plan") as self._card:
            ui.html('<h2 id="dg-plan">The plan</h2>', sanitize=False)
            self._title = ui.label().classes("dg-plan-title").props("role=status")
            with ui.element("div") as self._drawn:
                self._orbit = Orbit()
                with ui.element("div").classes("dg-tools"):
                    ui.button("Play", on_click=self._play, color=None).props("outline no-caps dense")
                    ui.button("At the pinch", on_click=self._at_the_pinch, color=None).props("outline no-caps dense")
                    self._slider = ui.slider(min=0, max=1, step=1, value=0, on_change=self._slid)
                    self._slider.classes("dg-wide").props('aria-label="Place on the planned motion"')
                    self._at = ui.label().classes("dg-note dg-plan-at")
                ui.label(ABOUT).classes("dg-note")
        self._card.set_visibility(False)
        self._timer = ui.timer(STEP_S, self._step, active=False)
        browser.on_refresh(self._refresh)

    def _refresh(self) -> None:
        view = self._plans.newest
        self._card.set_visibility(view is not None or bool(self._plans.why))
        self._drawn.set_visibility(view is not None)
        if view is None:
            set_if_new(self._title, self._plans.why)
            self._view = None
            self._timer.deactivate()
        elif view is not self._view:
            self._show(view)

    def _show(self, view: PlanView) -> None:
        self._view, self._row = view, -1
        path = view.path
        told = f"{view.object_id}: {path.seconds:.1f} s, the fingers close after {path.times[path.pinch]:.1f} s."
        set_if_new(
            self._title, f"{told}{f' Without what the camera sees: {view.why_unseen}.' if view.why_unseen else ''}"
        )
        self._orbit.about(view.centre, view.radius)
        scene = self._orbit.scene
        scene.clear()
        scene.stl(_address(view, -1)).material(ROBOT).with_name("robot")
        if view.seen is not None:
            scene.point_cloud(*view.seen.rows(), point_size=0.006).with_name("cloud")
        for place in _apart(path.tcp[:, :3, 3]):
            scene.sphere(BALL).move(*place).material(TRACK)
        end, closing = path.tcp[path.pinch, :3, 3], path.tcp[path.pinch, :3, 1] * AXIS_LENGTH / 2.0
        ends = (end - closing).tolist(), end.tolist(), (end + closing).tolist()
        scene.quadratic_bezier_tube(*ends, tubular_segments=1, radius=AXIS_RADIUS).material(AXIS).with_name("pinch")
        self._ghost = []
        for part, file in enumerate(view.drawing.parts):
            moves = len(path.times) > 1 and not np.allclose(path.poses[:, part], path.poses[0, part])
            if file and moves:
                shape = scene.stl(_address(view, part)).material(GHOST, OPACITY).with_name(f"ghost {part}")
                self._ghost.append((part, shape))
        self._orbit.look(FROM)
        x, y, z = (1000.0 * end).tolist()
        self._orbit.says(f"{told} The pinch is at ({x:.0f}, {y:.0f}, {z:.0f}) mm from the robot's base.")
        self._slider.props(f"max={len(path.times) - 1}")
        self._at_the_pinch()

    def _go(self, row: int) -> None:
        """Put the ghost there."""
        if self._view is None or row == self._row:
            return
        self._row, path = row, self._view.path
        for part, shape in self._ghost:
            pose = path.poses[row, part]
            shape.move(*pose[:3, 3].tolist()).rotate_R(pose[:3, :3].tolist())
        set_if_new(self._at, f"{path.times[row]:.1f} s of {path.seconds:.1f}")
        if self._slider.value != row:
            self._slider.set_value(row)

    def _slid(self) -> None:
        row = int(self._slider.value)
        if row != self._row:
            self._timer.deactivate()
            self._go(row)

    def _at_the_pinch(self) -> None:
        self._timer.deactivate()
        if self._view is not None:
            self._go(self._view.path.pinch)

    def _play(self) -> None:
        """From the start, or from where the slider was left."""
        if self._view is None:
            return
        last = len(self._view.path.times) - 1
        if self._row >= last or (not self._timer.active and self._row == self._view.path.pinch):
            self._go(0)
        self._timer.activate()

    def _step(self) -> None:
        if self._view is None or self._row >= len(self._view.path.times) - 1:
            self._timer.deactivate()
            return
        self._go(self._row + 1)


def _address(view: PlanView, part: int) -> str:
    return f"/plan.stl?number={view.number}&part={part}"


def _apart(places: NDArray[np.float64]) -> list[list[float]]:
    """Of places (T, 3), those that are APART from the one before."""
    kept = [places[0]]
    for place in places[1:]:
        if np.linalg.norm(place - kept[-1]) >= APART:
            kept.append(place)
    return [place.tolist() for place in kept]
