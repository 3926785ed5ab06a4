"""A scan: its surface, and its pictures in a row; a taught point is drawn where it is seen, and a click on a picture
opens it to point at.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from dense_grasp_core.errors import DenseGraspError
from nicegui import background_tasks, ui

from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.camera import PicturePanel
from dense_grasp_ui.panels.surface_view import SurfaceView
from dense_grasp_ui.pictures.look import Point
from dense_grasp_ui.pictures.scan_picture import Crop, Pixel
from dense_grasp_ui.pictures.scan_views import Scan, ViewOfScan

EVERY, EVERY_PICTURE = "", "every picture"


def title_of(scan: Scan) -> str:
    """The scan in a line."""
    summary = scan.summary
    size = [100.0 * edge for edge in (summary.size.x, summary.size.y, summary.size.z)]
    parts = [f"Scan of {scan.object_id}: {len(scan.pictures)} pictures"]
    if not math.isnan(summary.coverage):
        parts.append(f"{summary.coverage:.0%} of the directions above the table")
    if summary.has_surface:
        parts.append("{:.0f} x {:.0f} x {:.0f} cm".format(*size))
    return ", ".join(parts)


def seen_sentence(keypoint: str, pixels: Sequence[Pixel | None]) -> str:
    """In how many pictures a point is seen."""
    count = sum(pixel is not None for pixel in pixels)
    return f"{keypoint} is seen in {count} of {len(pixels)} pictures: it must lie on the same spot in all of them."


class ScanStrip:
    """The row of pictures in one browser, in a card of its own that is hidden until a scan is shown."""

    def __init__(self, browser: Browser, panel: PicturePanel):
        self._browser, self._panel = browser, panel
        self._scan: Scan | None = None
        self._drawn: object = None
        with ui.element("section").classes("dg-card").props("aria-labelledby=dg-scan-strip") as self._card:
            ui.html('<h2 id="dg-scan-strip">Pictures of the scan</h2>', sanitize=False)
            self._title = ui.label()
            self._point = ui.select({EVERY: EVERY_PICTURE}, value=EVERY, label="Point that is seen")
            self._point.classes("dg-source")
            self._told = ui.label().classes("dg-note dg-seen").props("role=status aria-live=polite")
            self._surface = SurfaceView()
            self._strip = ui.element("div").classes("dg-strip").props("role=list aria-label='Pictures of the scan'")
        self._card.set_visibility(False)
        browser.on_refresh(self._refresh)

    async def show(self, object_id: str, keypoint: str = EVERY) -> None:
        """Show the scan of an object, and where a point of it is seen; what came of it is said."""
        await self._browser.attempt(lambda: self.load(object_id, keypoint), needs_control=False)

    async def load(self, object_id: str, keypoint: str = EVERY) -> str:
        """As `show`, a sentence. Raises DenseGraspError."""
        scans = self._browser.backend.scans
        scan = await self._browser.backend.call(lambda: scans.load(object_id))
        if scan is None:
            return f"{object_id} has no scan yet: press “Scan it”."
        self._scan = scan
        self._title.set_text(title_of(scan))
        self._card.set_visibility(True)
        self._set_options(keypoint)
        return f"Scan of {object_id}: click on a picture to point at it, and to teach in it."

    def _points(self) -> dict[str, Point]:
        return {} if self._scan is None else self._browser.backend.points_of(self._scan.object_id)

    def _set_options(self, chosen: str) -> None:
        options = {EVERY: EVERY_PICTURE, **{name: name for name in self._points()}}
        if options != self._point.options or chosen != self._point.value:
            self._point.set_options(options, value=chosen if chosen in options else EVERY)

    def _refresh(self) -> None:
        """Draw anew when another scan or point is chosen, or the point was taught anew, renamed or deleted."""
        if self._scan is None:
            return
        self._set_options(str(self._point.value or EVERY))
        keypoint = str(self._point.value or EVERY)
        now = self._scan, keypoint, self._points()
        if now != self._drawn:
            self._drawn = now
            background_tasks.create(self._draw(*now))

    async def _draw(self, scan: Scan, keypoint: str, points: Mapping[str, Point]) -> None:
        place = points.get(keypoint)

        def look() -> tuple[list[Crop], list[Pixel | None]]:
            nowhere: list[Pixel | None] = [None] * len(scan.pictures)
            return [picture.crop for picture in scan.pictures], nowhere if place is None else scan.pixels(place)

        try:
            crops, pixels = await self._browser.backend.call(look)
        except DenseGraspError as error:
            self._browser.say(str(error), wrong=True)
            return
        if self._drawn != (scan, keypoint, points):
            return  # something else is being drawn meanwhile
        self._told.set_text(seen_sentence(keypoint, pixels) if place is not None else "")
        self._surface.show(scan.surface, scan.no_surface, points, keypoint)
        self._strip.clear()
        with self._strip:
            for number, pixel in enumerate(pixels):
                if place is None or pixel is not None:
                    self._thumbnail(scan, number, crops[number], keypoint, pixel)

    def _thumbnail(self, scan: Scan, number: int, crop: Crop, keypoint: str, pixel: Pixel | None) -> None:
        left, top, width, height = crop
        query = urlencode({"object_id": scan.object_id, "version": scan.version, "view": number})
        name, mark = f"View {number} of {scan.object_id}", ""
        if pixel is not None:
            name += f", {keypoint} at ({pixel[0]:.0f}, {pixel[1]:.0f})"
            mark = f'<circle cx="{pixel[0]:.1f}" cy="{pixel[1]:.1f}" r="{width / 26:.1f}"/>'
        with ui.element("div").props("role=listitem"), ui.element("button").classes("dg-thumb") as button:
            button.props(f'type=button aria-label="{name}"')
            button.on("click", lambda: self._open(scan, number, pixel), args=[])
            ui.element("img").props(f'alt="" src="/scan.jpg?{query}"')
            drawn = f'<svg viewBox="{left - 0.5} {top - 0.5} {width} {height}" class="dg-marks">{mark}</svg>'
            ui.html(drawn, sanitize=False).classes("dg-overlay")
            ui.label(str(number)).classes("dg-thumb-number")

    async def _open(self, scan: Scan, number: int, pixel: Pixel | None) -> None:
        backend = self._browser.backend
        backend.cell.described_for.want()

        async def point_at() -> str:
            key = await backend.scan_picture(ViewOfScan(scan.object_id, scan.version, number))
            camera = scan.pictures[number].camera
            u, v = pixel or ((camera.width - 1) / 2.0, (camera.height - 1) / 2.0)
            self._panel.show(key, u, v)
            return f"View {number} of the scan of {scan.object_id}: a click on it teaches, once the switch is on."

        await self._browser.attempt(point_at, needs_control=False)
