"""What a person does at the operator's page, and does again where a busy machine answered otherwise."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dense_grasp_bench.chromium import again_until, point_at, press_if_shown
from dense_grasp_client.connection import GraphError, wait_for

#: s after which what a person would try again counts as broken, however busy the machine is; and of one try of it
PATIENCE_S, TRY_S = float(os.environ.get("PAGE_PATIENCE_S", 600.0)), 60.0
PEAK_AT = """([u, v]) => {
    const found = /at \\((\\d+), (\\d+)\\) px/.exec(document.querySelector('.dg-peaks').innerText);
    return found && Math.hypot(found[1] - u, found[2] - v) <= 5;
}"""


@contextlib.contextmanager
def opened_pages(browser: Any, address: str) -> Iterator[Callable[[], Any]]:
    """A function that opens the page in a browser of its own; what fails in one of them fails at the end."""
    wrong: list[str] = []
    contexts = []

    def open_page() -> Any:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 1800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address)
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    assert wrong == []


def holding_sign(page: Any) -> Any:
    """What says at the page's top that it holds control; the line below it may say that, too."""
    return page.locator(".dg-control", has_text="This browser holds control")


def watching_sign(page: Any) -> Any:
    """What says at the page's top that it only watches."""
    return page.locator(".dg-control", has_text="Another browser holds control")


def take_control(keeps: Any, asks: Any) -> None:
    """Ask and hand over as two persons do, again where the other was away for a moment and what it saw is over."""

    def ask_and_hand_over() -> None:
        press_if_shown(asks, "Ask for control")
        press_if_shown(keeps, "Hand over")

    again_until(holding_sign(asks).is_visible, ask_and_hand_over, PATIENCE_S, "handing control over")
    watching_sign(keeps).wait_for()


def take_control_alone(page: Any) -> None:
    """Ask for control as long as it takes: the browser that held it is gone, or about to be."""
    page.locator(".dg-control", has_text="holds control").wait_for()
    again_until(holding_sign(page).is_visible, lambda: press_if_shown(page, "Ask for control"), PATIENCE_S, "control")


def until_answered(page: Any, attempt: Callable[[], object], pattern: str) -> None:
    """Do it until the answer is the one expected, as a person does who reads that the newest image is too old.

    The page must not say so before: nobody could tell the answer from what was there.
    """
    line = page.locator(".dg-line")
    told = [line.inner_text()]
    assert not re.search(pattern, told[0]), f"the page says it before it is asked: {told[0]}"

    def is_answered() -> bool:
        if (now := line.inner_text()) != told[-1]:
            told.append(now)
        return re.search(pattern, told[-1]) is not None

    def try_it() -> None:
        if is_answered():  # late
            return
        before = len(told)
        with contextlib.suppress(GraphError):  # no answer in time
            attempt()
            wait_for(lambda: is_answered() or len(told) > before, TRY_S, "an answer", period=0.1)

    try:
        again_until(is_answered, try_it, PATIENCE_S, f"the answer {pattern}")
    except GraphError:
        pytest.fail(f"expected {pattern}, the page said: {told}")
    leave_questions(page)


def leave_questions(page: Any) -> None:
    """Leave a question that a second try opened and the first had answered already: it would lie over the page."""
    question = page.get_by_role("button", name="Leave it", exact=True)
    again_until(lambda: not question.count(), lambda: press_if_shown(page, "Leave it"), PATIENCE_S, "no question")


def press(page: Any, name: str) -> Callable[[], None]:
    """A function that clicks on a button."""
    return lambda: page.get_by_role("button", name=name, exact=True).click(timeout=1000 * TRY_S)


def answer(page: Any, ask: Callable[[], None], name: str) -> Callable[[], None]:
    """A function that does what opens a question and clicks on its button; a busy cell may answer instead of asking."""

    def ask_and_press() -> None:
        line, button = page.locator(".dg-line"), page.get_by_role("button", name=name, exact=True)
        before = line.inner_text()
        ask()
        wait_for(lambda: button.is_visible() or line.inner_text() != before, TRY_S, f"the question with {name}")
        press_if_shown(page, name)

    return ask_and_press


def press_until(page: Any, name: str, appears: Any) -> None:
    """Click on a button until what it opens is there: a list that is being drawn anew loses a click."""

    def click() -> None:
        if not appears.is_visible():  # it would lie over the button
            page.get_by_role("button", name=name, exact=True).click(timeout=2000)
            appears.wait_for(timeout=5000)

    again_until(appears.is_visible, click, PATIENCE_S, f"what {name} opens")


def click_on(page: Any, pixel: tuple[float, float]) -> Callable[[], None]:
    """A function that clicks on a pixel of the picture."""
    return lambda: point_at(page, pixel, click=True)


def teaching_click(page: Any, object_id: str, pixel: tuple[float, float]) -> Callable[[], None]:
    """A function that clicks on a pixel to teach it, once the name is there and the switch is on: a page that lost its
    server for a moment loads itself anew, and has forgotten both.
    """

    def click() -> None:
        name, switch = page.get_by_label("Name of the object"), page.get_by_role("switch")
        if name.input_value() != object_id:
            name.fill(object_id)
        if switch.get_attribute("aria-checked") != "true":
            switch.click(timeout=1000 * TRY_S)
        point_at(page, pixel, click=True)

    return click


def choose(page: Any, label: str, option: str) -> None:
    """Take an option of a list."""
    page.get_by_label(label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def heat_at(page: Any, expected: tuple[float, float], pointing: tuple[float, float] | None = None) -> None:
    """Wait until the highest peak of the heatmap is at a pixel of the searched picture.

    pointing: pixel to point at until then, again where the page grew under the pointer; None: something points already.
    """

    def point() -> None:
        if pointing is not None:
            point_at(page, pointing)
        page.wait_for_function(PEAK_AT, arg=list(expected), timeout=10_000)

    there = f"the highest peak at {expected}"
    again_until(lambda: page.evaluate(PEAK_AT, list(expected)), point, PATIENCE_S, there)
