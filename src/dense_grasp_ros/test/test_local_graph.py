"""The graph that tests run in ends without a word."""

from __future__ import annotations

import gc
import threading

from dense_grasp_ros.local_graph import PATIENCE, LocalGraph
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node


def test_what_waits_for_a_thread_when_the_graph_is_closed_ends_first(capfd, until):
    """Failed before: the threads stayed, and said "exception was never retrieved" of what had been destroyed."""
    before = threading.active_count()
    graph = LocalGraph()
    node = graph.spin(Node("crowded", context=graph.context), threads=2)
    release, begun = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        begun.release()
        release.wait(PATIENCE)

    group = ReentrantCallbackGroup()
    for _ in range(6):
        node.create_timer(0.001, hold, callback_group=group)
    assert begun.acquire(timeout=PATIENCE) and begun.acquire(timeout=PATIENCE)
    threading.Timer(0.3, release.set).start()
    graph.close()
    del graph, node
    gc.collect()  # what is said is said when it goes
    until(lambda: threading.active_count() <= before, what="the end of all threads")
    assert "never retrieved" not in capfd.readouterr().err
