"""The cell that tests share ends with the last of them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.conftest import CELLS, Cells, pytest_runtest_teardown


class Cell:
    """Stands for a running cell: what a test leaves behind is put right in it."""

    def fault(self, name: str) -> None:
        assert name == ""

    def teach_again(self) -> None:
        pass


@pytest.fixture
def ended() -> list[int]:
    """Numbers of the cells that have ended."""
    return []


@pytest.fixture
def pool(ended) -> Cells:
    started: list[Cell] = []

    def start(arguments, stack):
        number = len(started)
        stack.callback(lambda: ended.append(number))
        started.append(Cell())
        return started[-1]

    return Cells(start)


@pytest.mark.parametrize(
    ("following", "ends"),
    [
        (SimpleNamespace(fixturenames=["cell", "cells"]), []),
        (SimpleNamespace(fixturenames=["tmp_path"]), [0]),
        (SimpleNamespace(), [0]),  # a doctest
        (None, [0]),
    ],
)
def test_it_runs_as_long_as_the_next_test_wants_it(pool, ended, following, ends):
    item = SimpleNamespace(config=SimpleNamespace(stash={CELLS: pool}))
    first = pool.running()
    pytest_runtest_teardown(item, following)
    assert ended == ends
    assert (pool.running() is first) == (not ends), "the next one who asks gets one that runs"


def test_a_run_without_a_cell_has_nothing_to_end():
    pytest_runtest_teardown(SimpleNamespace(config=SimpleNamespace(stash={})), None)
