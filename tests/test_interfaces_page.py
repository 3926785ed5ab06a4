"""docs/interfaces.md says what the running graph has."""

from pathlib import Path

import pytest
from dense_grasp_bench.interfaces_page import asked_page

PAGE = Path(__file__).resolve().parents[1] / "docs" / "interfaces.md"
pytestmark = pytest.mark.graph


def test_the_page_is_that_of_the_running_graph(cell):
    written = PAGE.read_text()
    cell.client.wait(
        lambda: asked_page(cell.client) == written, 60.0, "docs/interfaces.md as generated; make interfaces"
    )
