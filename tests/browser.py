"""A real headless browser for tests of the operator's page: Chromium of the system, or Playwright's own."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "sudo apt-get install -y chromium    (or: .venv/bin/python -m playwright install chromium)"


def chromium() -> str:
    """Path of a Chromium; skips the test that asks, with the line that installs one, where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make setup-train")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        with sync_api.sync_playwright() as playwright:
            found = playwright.chromium.executable_path
    if not Path(found).exists():
        pytest.skip(f"no browser for the operator's page; this installs one: {INSTALL}")
    return found


@contextlib.contextmanager
def running_browser() -> Iterator[Any]:
    """Playwright's browser, until the end of the block."""
    path = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield running
        finally:
            running.close()


def point_at(page: Any, pixel: tuple[float, float], click: bool = False) -> None:
    """Move the mouse to a pixel of the picture to point at, wherever in its box it is painted."""
    image = page.locator(".dg-live")
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    width, height = image.evaluate("image => [image.naturalWidth, image.naturalHeight]")
    scale = min(box["width"] / width, box["height"] / height)
    x = box["x"] + (box["width"] - scale * width) / 2 + scale * (pixel[0] + 0.5)
    y = box["y"] + (box["height"] - scale * height) / 2 + scale * (pixel[1] + 0.5)
    (page.mouse.click if click else page.mouse.move)(x, y)
