"""Find what was taught, plan, grasp, cancel; and what came of it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from nicegui import ui

from dense_grasp_ui.attempts import Attempt
from dense_grasp_ui.panels.browser import Browser, set_if_new
from dense_grasp_ui.panels.camera import PicturePanel
from dense_grasp_ui.panels.drawn_marks import rings
from dense_grasp_ui.panels.found_points import is_found, marks_of, sentence_of

NOTHING_RUNS = "Nothing runs."


def try_panel(browser: Browser, panel: PicturePanel) -> None:
    """Builds the panel."""
    backend = browser.backend
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-try"):
        ui.html('<h2 id="dg-try">Try</h2>', sanitize=False)
        chosen = ui.select([], label="Object").classes("dg-source")
        with ui.element("div").classes("dg-tools"):
            for text, press in (
                ("Find it now", lambda: run(locate)),
                ("Plan only", lambda: run(lambda: backend.arm.plan(chosen.value))),
                ("Grasp", lambda: run(lambda: backend.arm.grasp(chosen.value))),
            ):
                ui.button(text, on_click=press, color=None).props("outline no-caps")
            cancel = ui.button("Cancel", on_click=lambda: browser.attempt(backend.arm.cancel), color=None)
            cancel.props("outline no-caps")
        stage = ui.label(NOTHING_RUNS).classes("dg-stage").props("role=status aria-live=polite")
        found = ui.element("ul").classes("dg-sentences dg-found").props("aria-label='What was found'")
        ui.html("<h3>History</h3>", sanitize=False)
        history = ui.element("ol").classes("dg-history").props("aria-label='Grasps, plans and scans, the newest first'")
    shown: list[object] = [None]

    async def run(work: Callable[[], Awaitable[str]]) -> None:
        if not chosen.value:
            browser.say("Choose an object: teach one first, where there is none.", wrong=True)
            return
        await browser.attempt(work)

    async def locate() -> str:
        answer = await backend.locate(str(chosen.value))
        equal = [match for match in answer.further_matches if match.instance]
        matches = [*answer.matches, *equal]
        found.clear()
        with found:
            for match in matches:
                with ui.element("li").classes("dg-right" if is_found(match) else "dg-wrong"):
                    ui.label(sentence_of(match))
        frame = backend.cell.live.frame
        if frame is not None:
            size = frame.rgb.shape[1], frame.rgb.shape[0]
            panel.mark(marks_of(matches), size)
            if frames := await backend.axes(answer):
                panel.mark(marks_of(matches), size, frames)
        count = sum(map(is_found, matches))
        of = f"{len(answer.objects)} × " if equal else ""
        return f"Found {count} of {len(matches)} points of {of}{chosen.value}."

    def refresh() -> None:
        objects = backend.objects
        if objects != chosen.options:
            chosen.set_options(objects, value=chosen.value if chosen.value in objects else next(iter(objects), None))
        running = backend.arm.attempts.running
        set_if_new(stage, f"{running.kind} of {running.object_id}: {running.outcome()}" if running else NOTHING_RUNS)
        cancel.set_enabled(running is not None)
        past = backend.arm.attempts.past()
        if past == shown[0]:
            return
        shown[0] = past
        history.clear()
        with history:
            for one in past:
                at = time.strftime("%H:%M:%S", time.localtime(one.began))
                with ui.element("li").classes("dg-right" if one.code == 0 else "dg-wrong"):
                    ui.label(f"{at} {one.kind} of {one.object_id}, {one.took:.1f} s: {one.outcome()}")
                    if one.stages:
                        ui.label(" → ".join(one.stages).lower().replace("_", " ")).classes("dg-note")
                    if one.details.figures:
                        ui.label(f"{one.details.figures[0].upper()}{one.details.figures[1:]}.").classes("dg-note")
                    if size := backend.arm.pictures.size(one.number):
                        _attempt_picture(one, size)

    browser.on_refresh(refresh)


def _attempt_picture(attempt: Attempt, size: tuple[int, int]) -> None:
    """What the camera showed when the points were found, with them. size: width and height of its picture, px."""
    width, height = size
    marks = attempt.details.marks
    shown = f"The camera's picture, with {', '.join(mark.text for mark in marks) or 'no point'}"
    with ui.element("div").classes("dg-attempt"):
        ui.element("img").props(f'alt="{shown}" loading=lazy src="/attempt.jpg?number={attempt.number}"')
        points = rings(marks, width / 30.0, named=False)
        drawn = f'<svg viewBox="-0.5 -0.5 {width} {height}" class="dg-marks">{points}</svg>'
        ui.html(drawn, sanitize=False).classes("dg-overlay")
