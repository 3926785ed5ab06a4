"""Name an object and click on it: contact, closing axis, approach, one after the other."""

from __future__ import annotations

from typing import NamedTuple

from dense_grasp_core.grasping.contacts import PLAIN_APPROACH, PLAIN_AXIS, PLAIN_CONTACT
from dense_grasp_core.result_codes import StoreCode
from nicegui import ui

from dense_grasp_client import Refused
from dense_grasp_ui.panels.browser import Browser
from dense_grasp_ui.panels.camera import PicturePanel
from dense_grasp_ui.panels.questions import RULE, chosen, name_refused
from dense_grasp_ui.panels.scan import scan
from dense_grasp_ui.panels.scan_strip import ScanStrip
from dense_grasp_ui.panels.taught_points import taught_points
from dense_grasp_ui.pictures.scan_picture import Pixel
from dense_grasp_ui.pictures.scan_views import ViewOfScan
from dense_grasp_ui.pictures.taught_picture import Clicked, named
from dense_grasp_ui.undo import Change, LostChange, SampleChange, TaughtChange

#: In the order in which they are clicked: what each point is for.
STEPS = {
    PLAIN_CONTACT: "Contact: the point that comes between the fingers.",
    PLAIN_AXIS[0]: "Closing axis, first end: a point on one side of the contact. The fingers close along the line to "
    "the second.",
    PLAIN_AXIS[1]: "Closing axis, second end: a point on the other side.",
    PLAIN_APPROACH[0]: "Approach, from here: only where the hand must not come from above.",
    PLAIN_APPROACH[1]: "Approach, to there: the hand moves from the first to this one.",
}
OWN = "own"
REPLACE, ADD_PICTURE = "Replace", "Add this picture"


class Source(NamedTuple):
    """What `GraspClient.teach` is told of the picture that was clicked."""

    scan_view: int | None = None
    picture_of: str = ""


def source_of(on: Clicked | None) -> Source:
    """None: the newest image."""
    if on is None:
        return Source()
    return Source(scan_view=on.number) if isinstance(on, ViewOfScan) else Source(picture_of=on.keypoint)


def teach(browser: Browser, panel: PicturePanel, strip: ScanStrip) -> None:
    """Builds the panel, and takes the picture's clicks while it is armed. strip: shows points of a scanned object."""
    backend = browser.backend
    client = backend.cell.client
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-teach"):
        ui.html('<h2 id="dg-teach">Teach</h2>', sanitize=False)
        name = ui.input("Name of the object").props(f'maxlength=64 hint="{RULE}"').classes("dg-wide")
        scan(browser, lambda: str(name.value or ""), strip)
        options = {step: step for step in STEPS} | {OWN: "another name"}
        step = ui.radio(options, value=PLAIN_CONTACT).props("inline aria-label='Point to click'")
        own = ui.input("Name of the point").props("maxlength=64").bind_visibility_from(step, "value", value=OWN)
        what = ui.label(STEPS[PLAIN_CONTACT]).classes("dg-note")
        armed = ui.switch("A click on the picture teaches this point", value=False)
        taught_points(browser, panel, strip)

    clicked: dict[tuple[str, str], Pixel] = {}  # object and step → pixel of the live picture

    def guide() -> None:
        """Show at the pointer whether the open fingers go around the object, while a click teaches a pinch."""
        pixels = [clicked.get((str(name.value or ""), one)) for one in (PLAIN_CONTACT, PLAIN_AXIS[0])]
        is_pinch = step.value == PLAIN_CONTACT or (step.value in PLAIN_AXIS and pixels[0] is not None)
        panel.guide(str(step.value) if armed.value and is_pinch else "", *pixels)

    def on_step() -> None:
        what.set_text(STEPS.get(step.value, "A point of your own: name it above."))
        guide()

    step.on_value_change(on_step)
    armed.on_value_change(guide)

    async def on_pixel(u: float, v: float, on: Clicked | None) -> None:
        if not armed.value:
            browser.say("To teach this point, name the object and switch on “A click teaches”.")
            return
        object_id, keypoint = str(name.value or ""), str(own.value or "") if step.value == OWN else str(step.value)
        if refused := name_refused("object", object_id) or name_refused("point", keypoint):
            browser.say(refused, wrong=True)
            return
        if on is not None and on.object_id != object_id:
            told = f"That is a picture of {on.object_id}, and the object is named {object_id}"
            browser.say(f"{told}: name {on.object_id}, or choose the live picture.", wrong=True)
            return
        await browser.attempt(lambda: register(object_id, keypoint, u, v, on))

    async def taught_again(object_id: str, keypoint: str, u: float, v: float, source: Source) -> Change | None:
        """Replaces a point, or gives it one more picture, as the operator chooses; None: leaves it."""
        on_scan = source.scan_view is not None or keypoint in backend.points_of(object_id)
        answers = [REPLACE] if on_scan else [ADD_PICTURE, REPLACE]
        question = f"{object_id}/{keypoint} is taught already. Replace it by this click?"
        if not on_scan:
            question += " Or does this picture show the same point? Then it is found by both, the nearer at each place."
        answer = await chosen(browser.place, question, answers)
        if answer is None:
            return None
        replaces = answer == REPLACE
        row = await backend.call(
            lambda: client.teach(object_id, keypoint, u, v, replaces, add_sample=not replaces, **source._asdict())
        )
        if replaces:
            return LostChange(object_id, keypoint, replaced_by=row.id)
        first = await backend.call(lambda: client.taught(object_id))
        known = next(found for found in first if found.keypoint == keypoint)
        return SampleChange(object_id, keypoint, known.id, known.samples)

    async def register(object_id: str, keypoint: str, u: float, v: float, on: Clicked | None) -> str:
        if isinstance(on, ViewOfScan) and not await backend.call(lambda: backend.scans.is_current(on)):
            return f"The scan of {object_id} was replaced since: press “Show its scan”, and choose a picture of it."
        source = source_of(on)
        try:
            row = await backend.call(lambda: client.teach(object_id, keypoint, u, v, **source._asdict()))
            change: Change | None = TaughtChange(object_id, keypoint, row.id)
        except Refused as refused:
            if refused.code != StoreCode.ALREADY_EXISTS:
                raise
            change = await taught_again(object_id, keypoint, u, v, source)
            if change is None:
                return f"{object_id}/{keypoint} stays as it was."
        backend.last_change = change
        if on is None:
            clicked[object_id, keypoint] = u, v
        steps = list(STEPS)
        if keypoint in steps[:-1]:
            step.set_value(steps[steps.index(keypoint) + 1])
        guide()
        await backend.list_taught()
        if keypoint in backend.points_of(object_id):
            await strip.load(object_id, keypoint)
        if isinstance(change, SampleChange):
            return f"Added a picture of {object_id}/{keypoint}: it is found by {change.samples} now."
        where = "" if on is None else f" of {named(on)}"
        return f"Taught {object_id}/{keypoint} at pixel ({u:.0f}, {v:.0f}){where}."

    panel.on_pixel = on_pixel
