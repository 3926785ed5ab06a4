"""The surface of a scan in 3-D, with the points that were taught on it: turned with the mouse, or by buttons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dense_grasp_core.grasping.contacts import PLAIN_APPROACH, PLAIN_AXIS
from nicegui import ui

from dense_grasp_ui.pictures.scan_picture import Point
from dense_grasp_ui.pictures.scan_surface import ABOVE, FIELD_OF_VIEW, SLANTED, Look, ScanSurface

#: Degrees of one press. The object turns left where the eye goes to the right, which is towards y from x.
TURN = 45.0
FRAMES_PER_S = 10
ABOUT = "Turn it with the mouse, or by the buttons; the wheel brings it nearer."
#: Of a marker, in radii of the surface.
BALL, TUBE = 0.035, 0.01
CHOSEN, OTHER, PAPER = "#ffd400", "#ffffff", "#3b4751"
#: Above the point: three.js sets the transform itself.
LABEL = "margin-top: -26px; background: rgb(0 0 0 / 60%); padding: 0 4px; font-size: 12px; line-height: 1.3; color: "
#: Lines between taught points: what they are called, and their colour.
LINES = {PLAIN_AXIS: ("closing axis", "#00b7ff"), PLAIN_APPROACH: ("approach", "#ff7bd5")}


class SurfaceView:
    """Of one browser. Its scene is made with the first surface: three.js is not loaded before."""

    def __init__(self) -> None:
        self._surface: ScanSurface | None = None
        self._scene: ui.scene | None = None
        self._cloud: Any = None
        self._look = Look()
        self._chosen = ""
        with ui.element("div").classes("dg-surface") as self._part:
            ui.html("<h3>Its surface</h3>", sanitize=False)
            self._place = ui.element("div").classes("dg-scene").props("role=img")
            with ui.element("div").classes("dg-tools"):
                for text, turned in (
                    ("Turn left", lambda: replace(self._look, azimuth=self._look.azimuth + TURN)),
                    ("Turn right", lambda: replace(self._look, azimuth=self._look.azimuth - TURN)),
                    ("From the side", lambda: replace(self._look, elevation=SLANTED)),
                    ("From above", lambda: replace(self._look, elevation=ABOVE)),
                ):
                    button = ui.button(text, color=None, on_click=lambda _, turned=turned: self._go(turned()))
                    button.props("outline no-caps dense")
            ui.label(ABOUT).classes("dg-note")
        self._part.set_visibility(False)
        self._why = ui.label().classes("dg-note")

    def show(self, surface: ScanSurface | None, why: str, points: Mapping[str, Point], chosen: str) -> None:
        """Show a surface with what was taught on it (m, object frame). why: there is none; chosen: the point that is
        looked at, "" for none.
        """
        self._why.set_text("" if surface is not None else why)
        self._part.set_visibility(surface is not None)
        if surface is None:
            return
        if self._scene is None:
            camera = ui.scene.perspective_camera(fov=FIELD_OF_VIEW, near=0.002, far=100.0)
            with self._place:
                # No clicks: each would send every point that lies below the pointer.
                self._scene = ui.scene(
                    grid=False, camera=camera, click_events=[], background_color=PAPER, fps=FRAMES_PER_S
                )
        is_new = surface is not self._surface
        if is_new:
            self._surface = surface
            self._scene.clear()
            places, colours = surface.rows()
            self._cloud = self._scene.point_cloud(places, colours, point_size=2.0 * surface.spacing)
        self._mark(self._scene, surface, points, chosen)
        if is_new or chosen != self._chosen:
            self._chosen = chosen
            self._go(surface.look_at(points[chosen]) if chosen in points else Look())

    def _mark(self, scene: ui.scene, surface: ScanSurface, points: Mapping[str, Point], chosen: str) -> None:
        scene.delete_objects(lambda one: one is not self._cloud)
        for name, place in points.items():
            size, colour = (1.4 * BALL, CHOSEN) if name == chosen else (BALL, OTHER)
            scene.sphere(size * surface.radius).move(*place).with_name(name).material(colour)
            scene.text(name, LABEL + colour).move(*place).with_name(f"label of {name}")
        told = [f"{name} at ({', '.join(f'{1000.0 * one:.0f}' for one in place)}) mm" for name, place in points.items()]
        for (first, second), (what, colour) in LINES.items():
            if first in points and second in points:
                start, end = list(points[first]), list(points[second])
                middle = [(one + other) / 2.0 for one, other in zip(start, end, strict=True)]
                tube = scene.quadratic_bezier_tube(start, middle, end, tubular_segments=1, radius=TUBE * surface.radius)
                tube.material(colour).with_name(what)
                told.append(f"{what} from {first} to {second}")
        shown = f"Surface of the scan, {len(surface.points)} points. {'; '.join(told) or 'Nothing is taught on it'}."
        self._place.props(f'aria-label="{shown}"')

    def _go(self, look: Look) -> None:
        """Look from there."""
        if self._scene is None or self._surface is None:
            return
        self._look = look
        x, y, z = self._surface.eye(look)
        at_x, at_y, at_z = self._surface.centre.tolist()
        self._scene.move_camera(x, y, z, at_x, at_y, at_z, duration=0.0)
