"""Fixtures of the tests that use the operator's page in a browser; tests/conftest.py gives them to every file.

What they need is imported by the first test that asks: without ROS or a browser the other tests still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningCell
    from tests.page_process import Served


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Playwright's browser; without one the tests are skipped, with the line that installs one.

    A file's, not the session's: while it runs, nothing else in the process can start an asyncio loop.
    """
    from dense_grasp_bench.chromium import NoBrowserError, running_browser

    with ExitStack() as stack:
        try:
            running = stack.enter_context(running_browser())
        except NoBrowserError as error:
            pytest.skip(str(error))
        yield running


@pytest.fixture(scope="module")
def served(cell: RunningCell, test_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The page of the running cell."""
    from tests.page_process import served_page

    log = tmp_path_factory.mktemp("page") / "page.log"
    with served_page(cell.client.domain, log, f"model:={test_model}") as page:
        yield page


@pytest.fixture(scope="module")
def window(browser: Any, served: Served) -> Iterator[Callable[[], Any]]:
    """A function that opens the page in a browser of its own."""
    from tests.page_user import opened_pages

    with opened_pages(browser, served.address) as open_page:
        yield open_page


@pytest.fixture(scope="module")
def holder(window: Callable[[], Any]) -> Any:
    """The browser that holds control."""
    from tests.page_user import holding_sign

    page = window()
    holding_sign(page).wait_for()
    return page


@pytest.fixture(scope="module")
def watcher(holder: Any, window: Callable[[], Any]) -> Any:
    """A browser that watches."""
    from tests.page_user import watching_sign

    page = window()
    watching_sign(page).wait_for()
    return page
