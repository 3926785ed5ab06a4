"""How far the scan is that runs or ran last: its stage, a dome that fills, what the camera showed, and a cancel."""

from __future__ import annotations

from nicegui import ui

from dense_grasp_ui.attempts import Attempt
from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.dome import dome_svg


def scan_progress(browser: Browser) -> None:
    """Builds the part; it is hidden until there is a scan."""
    backend = browser.backend
    drawn: Attempt | None = None
    shown_scan, shown_shots = 0, 0  # number of the scan, and how many of its pictures
    with ui.element("div").classes("dg-scan") as part:
        dome = ui.html("", sanitize=False).classes("dg-dome")
        with ui.element("div"):
            told = ui.label().classes("dg-stage").props("role=status aria-live=polite")
            how_far = ui.label()
            ui.label("The dome from above: green is covered, a dot is a picture, x is the robot base's.").classes(
                "dg-note"
            )
            stop = ui.button("Cancel the scan", on_click=lambda: browser.attempt(backend.arm.cancel), color=None)
            stop.props("outline no-caps")
            mount = ui.button("Use the camera's mount that it found", color=None)
            mount.on_click(lambda: browser.attempt(backend.arm.use_hand_eye)).props("outline no-caps")
        shots = ui.element("div").classes("dg-strip dg-shots").props("role=list")
        shots.props("aria-label='What the camera showed as each picture was taken'")
    part.set_visibility(False)

    def show_shots() -> None:
        """Those that came since."""
        nonlocal shown_scan, shown_shots
        scan_number, numbers = backend.arm.shots.scan, backend.arm.shots.numbers
        if shown_scan != scan_number:
            shown_scan, shown_shots = scan_number, 0
            shots.clear()
        with shots:
            for number in numbers[shown_shots:]:
                with ui.element("div").props("role=listitem"):
                    source = f"/shot.jpg?scan={scan_number}&number={number}"
                    ui.element("img").props(f'alt="picture {number}" src="{source}"')
        shown_shots = len(numbers)

    def refresh() -> None:
        nonlocal drawn
        show_shots()
        latest = backend.arm.attempts.latest_scan()
        found = latest.hand_eye if latest else None
        mount.set_visibility(found is not None and found is not backend.arm.hand_eye_used)
        if latest is None or latest is drawn:
            return
        drawn = latest
        part.set_visibility(True)
        set_if_new(told, f"{latest.kind} of {latest.object_id}: {latest.outcome()}")
        stop.set_visibility(latest.code is None)
        set_if_new(how_far, latest.scan.sentence())
        dome.set_content(dome_svg(latest.scan))

    browser.on_refresh(refresh)
    refresh()
