"""A graph of this process's own for the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from dense_grasp_ros.local_graph import LocalGraph, wait_until


@pytest.fixture
def graph() -> Iterator[LocalGraph]:
    """A fresh local graph."""
    local = LocalGraph()
    yield local
    local.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    """`until(condition, timeout)` polls a condition."""
    return wait_until
