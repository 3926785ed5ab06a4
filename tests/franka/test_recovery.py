"""The robot's own errors, and a bridge whose connection is gone."""

from __future__ import annotations

import re
import time

import numpy as np
import psutil
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from franka_msgs.action import ErrorRecovery

from tests.franka.franka_graph import ARM_ACTION, OBSERVE, PATIENCE, trajectory_goal

# Near the end of a joint's range the robot allows less speed than elsewhere: it ends this motion by a reflex.
TO_THE_END = OBSERVE.copy()
TO_THE_END[6] = 3.0185
AWAY = OBSERVE + np.array([0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def test_reflex_is_reported_and_recovered_from(graph):
    assert graph.move_to(OBSERVE).status == GoalStatus.STATUS_SUCCEEDED
    answer = graph.move_to(TO_THE_END, 2.5)
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert "reflex" in answer.result.error_string and "velocity" in answer.result.error_string
    refused = graph.move_to(OBSERVE)
    assert refused.status == GoalStatus.STATUS_ABORTED and "Reflex" in refused.result.error_string
    recovered = graph.run(ErrorRecovery, "/action_server/error_recovery", ErrorRecovery.Goal())
    assert recovered.status == GoalStatus.STATUS_SUCCEEDED
    answer = graph.move_to(OBSERVE)
    assert answer.status == GoalStatus.STATUS_SUCCEEDED, answer.result.error_string


def bridge_process(graph) -> psutil.Process:
    started = re.findall(r"\[bridge-\d+\]: process started with pid \[(\d+)\]", graph.log.read_text())
    return psutil.Process(int(started[-1]))


def connections(graph) -> int:
    return graph.log.read_text().count("connected to the fr3")


def begin_to_move(graph) -> None:
    graph.send(FollowJointTrajectory, ARM_ACTION, trajectory_goal((3.0, AWAY)))
    graph.client.wait(lambda: np.abs(graph.positions() - OBSERVE).max() > 0.03, PATIENCE, "the arm moving")


def back_to_observe(graph) -> None:
    end = time.monotonic() + PATIENCE
    while graph.move_to(OBSERVE).status != GoalStatus.STATUS_SUCCEEDED:  # the goal may have met the old action server
        assert time.monotonic() < end
    assert np.abs(graph.positions() - OBSERVE).max() < 2e-3


def test_killed_bridge_leaves_the_arm_at_rest_on_its_path(graph):
    """kill -9 of the node: the process that talks to the arm brings it to rest, as a cancel does, and ends."""
    reflexes, before = graph.log.read_text().count("aborting the motion"), connections(graph)
    begin_to_move(graph)
    bridge_process(graph).kill()
    graph.client.wait(lambda: connections(graph) > before, PATIENCE, "a new connection")
    seen = graph.updates
    graph.client.wait(lambda: graph.updates > seen + 20, PATIENCE, "joint states of the new node")
    assert graph.speed() < 0.01
    assert 0.03 < graph.positions()[0] - OBSERVE[0] < 0.25
    assert graph.log.read_text().count("aborting the motion") == reflexes
    back_to_observe(graph)


def test_bridge_that_lost_its_connection_comes_back(graph):
    """kill -9 of the process that talks to the arm, while it moves: the robot stops by itself, the node starts anew."""
    before = connections(graph)
    bridge = bridge_process(graph)
    talker = max(bridge.children(), key=lambda child: child.memory_info().rss)
    begin_to_move(graph)
    talker.kill()
    bridge.wait(PATIENCE)
    assert "is lost: its process has ended" in graph.log.read_text()
    graph.client.wait(lambda: connections(graph) > before, PATIENCE, "a new connection")
    back_to_observe(graph)
