"""Of every test process: a ROS domain of its own, one thread a library, and which tests stay together.

`make test` shares the tests out to two processes (pytest-xdist). A file stays in one of them, since its fixtures are
the file's. What asks for the running cell comes first, for it takes longest, and is of two groups: what uses the
operator's page in a browser, and the rest. Each process begins with one of them, so a cell is started once in each.
What wants a cell with launch arguments of its own has to start one in any case: whichever process is done first takes
it.
"""

from __future__ import annotations

import contextlib
import os
import signal

# Two test processes keep two cores busy; libraries that each start a thread a core would only wait for each other.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
# Tests start some hundred processes; where byte code is not written each of them compiles all of ours anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Where a shell started this in the background (`&`, nohup) SIGINT is ignored, and so it is in every process that a
# test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402 - what it loads reads the environment

CELL_GROUP = "cell"
PAGE_FIXTURES = {"browser", "served"}


def _take_a_domain() -> None:
    """ROS_DOMAIN_ID as given, and otherwise one that no other process on this machine takes.

    Processes that share the tests out inherit the environment of the first: each needs another one.
    """
    if "ROS_DOMAIN_ID" in os.environ and "PYTEST_XDIST_WORKER" not in os.environ:
        return
    with contextlib.suppress(ImportError):  # without ROS there is no domain
        from dense_grasp_ros.domains import private_domain

        os.environ["ROS_DOMAIN_ID"] = str(private_domain())


_take_a_domain()


def _wants_the_cell(item: pytest.Item) -> bool:
    return "cells" in getattr(item, "fixturenames", ())


def _launch_arguments(item: pytest.Item) -> tuple[str, ...]:
    marker = item.get_closest_marker("cell")
    return marker.args if marker else ()


def _group(item: pytest.Item) -> str:
    """Tests of one group run one after the other in one process."""
    if not _wants_the_cell(item):
        return item.nodeid.partition("::")[0]
    arguments = _launch_arguments(item)
    pages = ["pages"] if not arguments and PAGE_FIXTURES & set(getattr(item, "fixturenames", ())) else []
    return " ".join([CELL_GROUP, *pages, *arguments])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the cells that many share first, for they take longest; then the other tests of the graph, each cell's
    together; last the packages' own, whose files are many and short: no process ends long before the others.
    """

    def place(item: pytest.Item) -> tuple[int, str]:
        if not _wants_the_cell(item):
            return 1 if item.nodeid.startswith("tests/") else 3, ""
        return 2 if _launch_arguments(item) else 0, _group(item)

    items.sort(key=place)
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
