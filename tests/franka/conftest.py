"""The cell with its arm behind Franka's network protocol, as `make test-franka` runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from tests.franka.franka_graph import FrankaGraph

READY_TIMEOUT = 240.0  # s


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrankaGraph]:
    """franka_sim.launch.py with the shipped network, once for all tests; there is one pair of protocol ports."""
    from dense_grasp_bench.graph_client import GraphClient
    from dense_grasp_bench.graph_process import GraphProcess
    from dense_grasp_bench.session import CellSession
    from dense_grasp_ros.domains import private_domain

    folder = tmp_path_factory.mktemp("franka")
    log, domain = folder / "graph.log", private_domain()
    # At half speed two processors suffice for the robot's 1 kHz, both of its ends, and everything else of the graph.
    arguments = [f"store:=sqlite:///{folder / 'store.db'}", "real_time_factor:=0.5"]
    with (
        GraphProcess("franka_sim.launch.py", arguments, log, domain, package="dense_grasp_franka") as process,
        GraphClient(domain, process, name="franka_test") as client,
    ):
        session = CellSession.ready(process, client, READY_TIMEOUT)
        running = FrankaGraph(client, session, log)
        client.wait(lambda: running.complete, READY_TIMEOUT, "joint states of arm and hand")
        yield running
