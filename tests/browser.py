"""A real headless browser for tests of the operator's page: Chromium of the system, or Playwright's own."""

from __future__ import annotations

import shutil
from pathlib import Path

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
