"""kill -9 of each node in turn: the others go on, the node comes back, and nothing that was taught is lost."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time

import pytest
from action_msgs.msg import GoalStatus, GoalStatusArray
from dense_grasp_client.connection import GraphError
from dense_grasp_core.result_codes import GraspCode, MatchCode
from rclpy.qos import qos_profile_action_status_default

from dense_grasp_interfaces.action import GraspObject

# A watchdog less patient than a simulation's: the motion that loses its executor is short.
pytestmark = [pytest.mark.graph, pytest.mark.cell("heartbeat_timeout:=0.3")]
NODES = ("descriptor_node", "query_node", "hand_eye_publisher", "motion_watchdog", "grasp_executor", "sim_cell")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_executor_killed_while_the_arm_moves(cell):
    """The watchdog cancels the controller's goal; nobody else could."""
    ended: list[int] = []

    def on_status(message: GoalStatusArray) -> None:
        ended[:] = [status.status for status in message.status_list]

    name = "/fr3_arm_controller/follow_joint_trajectory/_action/status"
    listens = cell.client.node.create_subscription(GoalStatusArray, name, on_status, qos_profile_action_status_default)
    cell.session.set_cap(0)
    cell.client.send_grasp(GraspObject.Goal(object_id="cap"))
    cell.client.wait(lambda: GoalStatus.STATUS_EXECUTING in ended, 90.0, "a motion of the arm")
    cell.client.wait(lambda: "APPROACHING" in cell.log.read_text(), 90.0, "the approach")
    cell.client.wait(lambda: GoalStatus.STATUS_EXECUTING in ended, 90.0, "a motion of the arm")
    killed = cell.kill("grasp_executor")
    moving = {GoalStatus.STATUS_EXECUTING, GoalStatus.STATUS_CANCELING}
    cell.client.wait(lambda: ended and not moving & set(ended), 120.0, "end of the motion")
    assert ended[-1] == GoalStatus.STATUS_CANCELED
    cell.client.leave(listens)
    cell.client.wait(lambda: cell.pid("grasp_executor") != killed, 60.0, "new start of the executor")
    plan = GraspObject.Goal(object_id="cap", plan_only=True)
    cell.session.set_cap(0)
    result = cell.eventually(lambda: cell.client.grasp(plan, 40.0, accept_timeout=5.0), 180.0, "a plan")
    assert result.code == GraspCode.SUCCESS, result.message
    who = rf"\S+/{killed}/\w+"
    said = rf"({who} has ended|no heartbeat of {who} for \d\.\d+ s) while it moves the arm"
    assert re.search(said, cell.log.read_text())


def test_query_node_that_was_stopped_while_it_located_answers_again(cell):
    """In 2 of 2 tries it stayed deaf: the middleware took it for dead, and its shared memory was lost to the others."""
    for _ in range(2):
        pid = cell.pid("query_node")
        waiting = threading.Event()

        def stop(pid=pid, waiting=waiting):
            waiting.wait(30.0)
            os.kill(pid, signal.SIGSTOP)
            time.sleep(5.0)
            os.kill(pid, signal.SIGCONT)

        stopper = threading.Thread(target=stop)
        stopper.start()
        while stopper.is_alive():
            waiting.set()
            with contextlib.suppress(GraphError):
                cell.locate(timeout=3.0, patience=3.0)
        stopper.join()
        answer = cell.eventually(
            lambda: (found := cell.locate(timeout=3.0, patience=3.0)).code == MatchCode.OK and found, 120.0, "an answer"
        )
        assert answer.matches[0].keypoint == "contact"
        if cell.pid("query_node") != pid:
            assert "query_node: others no longer reach this process: fast" in cell.log.read_text()


@pytest.mark.parametrize("node", NODES)
def test_kill(cell, node):
    taught = [row.keypoint for row in cell.client.call("list", object_id="cap").taught]
    assert taught == ["axis_a", "axis_b", "contact"]
    others = {name: cell.pid(name) for name in NODES if name != node}
    killed = cell.kill(node)
    cell.client.wait(lambda: cell.pid(node) != killed, 60.0, f"new start of {node}")
    if node == "sim_cell":
        scene = {"scene": "cap", "seed": 0, "x": 0.5, "y": 0.0, "yaw": 0.0, "random_pose": False}
        cell.eventually(lambda: cell.client.call("set_scene", 15.0, **scene).success, 180.0, "the scene")
    cell.eventually(
        lambda: cell.locate(timeout=3.0, patience=3.0).code == MatchCode.OK, 180.0, "the taught point found again"
    )
    plan = GraspObject.Goal(object_id="cap", plan_only=True)
    result = cell.eventually(lambda: cell.client.grasp(plan, 40.0, accept_timeout=5.0), 180.0, "a plan")
    assert result.code == GraspCode.SUCCESS, result.message
    assert all(alive(pid) for pid in others.values())
    assert {name: cell.pid(name) for name in others} == others
    assert [row.keypoint for row in cell.client.call("list", object_id="cap").taught] == taught
