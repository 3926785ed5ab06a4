"""A real headless browser for tests of the operator's page; without one they are skipped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from dense_grasp_bench import chromium


@contextlib.contextmanager
def running_browser() -> Iterator[Any]:
    """Playwright's browser, until the end of the block; skips the test that asks, with the line that installs one."""
    with contextlib.ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium.running_browser())
        except chromium.NoBrowserError as error:
            pytest.skip(str(error))
        yield browser
