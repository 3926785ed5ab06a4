"""The surface of a scan in 3-D, with the points that were taught on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_grasp_core.grasping.contacts import PLAIN_APPROACH, PLAIN_AXIS
from nicegui import ui

from dense_grasp_ui.panels.orbit import Orbit
from dense_grasp_ui.pictures.coloured_points import ColouredPoints
from dense_grasp_ui.pictures.look import Look, Point

#: Of a marker, in radii of the surface.
BALL, TUBE = 0.035, 0.01
CHOSEN, OTHER = "#ffd400", "#ffffff"
#: Above the point: three.js sets the transform itself.
LABEL = "margin-top: -26px; background: rgb(0 0 0 / 60%); padding: 0 4px; font-size: 12px; line-height: 1.3; color: "
#: Lines between taught points: what they are called, and their colour.
LINES = {PLAIN_AXIS: ("closing axis", "#00b7ff"), PLAIN_APPROACH: ("approach", "#ff7bd5")}


class SurfaceView:
    """Of one browser."""

    def __init__(self) -> None:
        self._surface: ColouredPoints | None = None
        self._cloud: Any = None
        self._chosen = ""
        with ui.element("div").classes("dg-surface") as self._part:
            ui.html("<h3>Its surface</h3>", sanitize=False)
            self._orbit = Orbit()
        self._part.set_visibility(False)
        self._why = ui.label().classes("dg-note")

    def show(self, surface: ColouredPoints | None, why: str, points: Mapping[str, Point], chosen: str) -> None:
        """Show a surface with what was taught on it (m, object frame). why: there is none; chosen: the point that is
        looked at, "" for none.
        """
        self._why.set_text("" if surface is not None else why)
        self._part.set_visibility(surface is not None)
        if surface is None:
            return
        is_new = surface is not self._surface
        if is_new:
            self._surface = surface
            self._orbit.about(surface.centre, surface.radius)
            self._orbit.scene.clear()
            places, colours = surface.rows()
            self._cloud = self._orbit.scene.point_cloud(places, colours, point_size=2.0 * surface.spacing)
        self._mark(self._orbit.scene, surface, points, chosen)
        if is_new or chosen != self._chosen:
            self._chosen = chosen
            self._orbit.look(surface.look_at(points[chosen]) if chosen in points else Look())

    def _mark(self, scene: ui.scene, surface: ColouredPoints, points: Mapping[str, Point], chosen: str) -> None:
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
        taught = "; ".join(told) or "Nothing is taught on it"
        self._orbit.says(f"Surface of the scan, {len(surface.points)} points. {taught}.")
