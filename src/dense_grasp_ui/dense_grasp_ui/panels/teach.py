"""Name an object and click on it: contact, closing axis, approach, one after the other."""

from __future__ import annotations

from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grasping.contacts import PLAIN_APPROACH, PLAIN_AXIS, PLAIN_CONTACT
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store.rows import is_name, shown
from nicegui import ui

from dense_grasp_client import Refused
from dense_grasp_ui.panels.browser import WATCHES, Browser
from dense_grasp_ui.panels.camera import PicturePanel

RULE = "1 to 64 letters, digits, dots, dashes or underscores"
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
#: Rows of the list; a store can hold 100,000.
MOST_ROWS = 100


def teach(browser: Browser, panel: PicturePanel) -> None:
    """Builds the panel, and takes the picture's clicks while it is armed."""
    client = browser.backend.cell.client
    shown_rows: list[Any] = []
    with ui.element("section").classes("dg-card").props("aria-labelledby=dg-teach"):
        ui.html('<h2 id="dg-teach">Teach</h2>', sanitize=False)
        name = ui.input("Name of the object").props(f'maxlength=64 hint="{RULE}"').classes("dg-wide")
        options = {step: step for step in STEPS} | {OWN: "another name"}
        step = ui.radio(options, value=PLAIN_CONTACT).props("inline aria-label='Point to click'")
        own = ui.input("Name of the point").props("maxlength=64").bind_visibility_from(step, "value", value=OWN)
        what = ui.label(STEPS[PLAIN_CONTACT]).classes("dg-note")
        armed = ui.switch("A click on the live picture teaches this point", value=False)
        taught = ui.element("div").classes("dg-taught").props("role=list aria-label='Taught points'")

    step.on_value_change(lambda: what.set_text(STEPS.get(step.value, "A point of your own: name it above.")))

    async def ask(question: str, yes: str) -> bool:
        with ui.dialog() as dialog, ui.card():
            ui.label(question)
            with ui.row():
                ui.button(yes, on_click=lambda: dialog.submit(True), color=None).props("no-caps outline")
                ui.button("Leave it", on_click=lambda: dialog.submit(False), color=None).props(
                    "no-caps outline autofocus"
                )
        answer = bool(await dialog)
        dialog.delete()
        return answer

    async def on_pixel(u: float, v: float) -> None:
        if not armed.value:
            browser.say("To teach this point, name the object and switch on “A click teaches”.")
            return
        object_id, keypoint = str(name.value or ""), str(own.value or "") if step.value == OWN else str(step.value)
        for kind, text in (("object", object_id), ("point", keypoint)):
            if not is_name(text):
                browser.say(f"The name of the {kind} is {shown(text)}, expected {RULE}.", wrong=True)
                return
        await browser.attempt(lambda: register(object_id, keypoint, u, v))

    async def register(object_id: str, keypoint: str, u: float, v: float) -> str:
        try:
            await browser.backend.call(lambda: client.teach(object_id, keypoint, u, v))
        except Refused as refused:
            if refused.code != StoreCode.ALREADY_EXISTS:
                raise
            if not await ask(f"{object_id}/{keypoint} is taught already. Replace it by this click?", "Replace"):
                return f"{object_id}/{keypoint} stays as it was."
            await browser.backend.call(lambda: client.teach(object_id, keypoint, u, v, overwrite=True))
        steps = list(STEPS)
        if keypoint in steps[:-1]:
            step.set_value(steps[steps.index(keypoint) + 1])
        await update()
        return f"Taught {object_id}/{keypoint} at pixel ({u:.0f}, {v:.0f})."

    async def delete(object_id: str, keypoint: str) -> None:
        if not browser.holds_control:
            browser.say(WATCHES, wrong=True)
            return
        if not await ask(f"Delete {object_id}/{keypoint}? It cannot be brought back.", "Delete"):
            return

        async def forget() -> str:
            await browser.backend.call(lambda: client.forget(object_id, keypoint))
            await update()
            return f"Deleted {object_id}/{keypoint}."

        await browser.attempt(forget)

    async def update() -> None:
        await browser.backend.list_taught()
        refresh()

    def refresh() -> None:
        rows = browser.backend.taught
        if shown_rows == [rows]:
            return
        shown_rows[:] = [rows]
        taught.clear()
        with taught:
            if not rows:
                ui.label("Nothing is taught yet.").props("role=listitem")
            for object_id, keypoint, u, v in rows[:MOST_ROWS]:
                with ui.element("div").props("role=listitem").classes("dg-taught-row"):
                    ui.label(f"{object_id}/{keypoint}")
                    ui.label(f"({u:.0f}, {v:.0f}) px").classes("dg-note")
                    button = ui.button("Delete", color=None, on_click=lambda o=object_id, k=keypoint: delete(o, k))
                    button.props(f'flat no-caps dense aria-label="Delete {object_id}/{keypoint}"')
            if len(rows) > MOST_ROWS:
                ui.label(f"and {len(rows) - MOST_ROWS} more: ros2 run dense_grasp store list").props("role=listitem")

    async def first() -> None:
        try:
            await update()
        except DenseGraspError as error:
            browser.say(str(error), wrong=True)

    panel.on_pixel = on_pixel
    browser.on_refresh(refresh)
    ui.timer(0.1, first, once=True)
