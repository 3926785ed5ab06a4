"""A real headless browser, to use the operator's page as a person does: Chromium of the system, or Playwright's own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dense_grasp_client.connection import wait_for
from dense_grasp_core.errors import DenseGraspError

NAMES = ("chromium", "chromium-browser", "google-chrome")
#: The last: 3-D without a graphics card, which Chromium gives no longer by itself.
ARGUMENTS = ("--no-sandbox", "--enable-unsafe-swiftshader")
#: Box and own size of the picture to point at, px, once it has both: one that is being replaced has none for a moment.
MEASURES = """() => {
    const image = document.querySelector('.dg-live');
    const box = image?.getBoundingClientRect();
    return image?.naturalWidth > 0 && box.width > 0
        && [box.left, box.top, box.width, box.height, image.naturalWidth, image.naturalHeight];
}"""
INSTALL = "sudo apt-get install -y chromium    (or: .venv/bin/python -m playwright install chromium)"


class NoBrowserError(DenseGraspError):
    """No browser, or not the library that drives it; the sentence says what adds it."""


@contextlib.contextmanager
def running_browser() -> Iterator[Any]:
    """Playwright's browser, until the end of the block. Raises NoBrowserError."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowserError("playwright is not installed: `make setup-train` adds it") from error
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
        if not Path(path).exists():
            raise NoBrowserError(f"no browser for the operator's page; this installs one: {INSTALL}")
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield running
        finally:
            running.close()


def again_until(done: Callable[[], Any], attempt: Callable[[], object], timeout: float, what: str) -> None:
    """Attempt until it is done, as a person does where the page was being drawn anew or the cell was not ready.

    What Playwright raises in an attempt is such a case: its element vanished, or what it waited for did not come.
    Raises GraphError with `what` after `timeout` s.
    """
    from playwright.sync_api import Error

    def attempted() -> Any:
        with contextlib.suppress(Error):
            attempt()
        return done()

    wait_for(attempted, timeout, what)


def press_if_shown(page: Any, name: str) -> None:
    """Click on a button that is there at times only."""
    button = page.get_by_role("button", name=name)
    if button.is_visible():
        button.click(timeout=2000)
    else:
        page.wait_for_timeout(100)


def point_at(page: Any, pixel: tuple[float, float], click: bool = False) -> None:
    """Move the mouse to a pixel of the picture to point at, once there is one, wherever in its box it is painted."""
    page.wait_for_function(MEASURES)
    page.locator(".dg-live").scroll_into_view_if_needed()
    left, top, wide, high, width, height = page.wait_for_function(MEASURES).json_value()
    scale = min(wide / width, high / height)
    x = left + (wide - scale * width) / 2 + scale * (pixel[0] + 0.5)
    y = top + (high - scale * height) / 2 + scale * (pixel[1] + 0.5)
    (page.mouse.click if click else page.mouse.move)(x, y)
