"""The client of the graph, with no graph there."""

from __future__ import annotations

import os
import time

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import pytest
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_client.connection import GraphError
from dense_grasp_ros.domains import private_domain


def test_a_client_that_ceased_to_listen_says_why_at_once():
    with GraphClient(private_domain(), use_sim_time=False) as client:

        def fail() -> None:
            raise ValueError("a callback's fault")

        client.node.create_timer(0.01, fail)
        begin = time.monotonic()
        with pytest.raises(GraphError, match=r"waiting for a sign: .*a callback's fault"):
            client.wait(lambda: False, 30.0, "a sign")
        assert time.monotonic() - begin < 20.0


def test_what_does_not_happen_is_named():
    with (
        GraphClient(private_domain(), use_sim_time=False) as client,
        pytest.raises(GraphError, match=r"a sign did not happen within 0\.2 s"),
    ):
        client.wait(lambda: False, 0.2, "a sign")
