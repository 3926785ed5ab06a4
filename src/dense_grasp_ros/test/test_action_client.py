"""An answer that comes faster than the request is noted must not be lost."""

from __future__ import annotations

import time
from itertools import count

from control_msgs.action import FollowJointTrajectory
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.local_graph import PATIENCE
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup

NUMBERS = count()


class SlowHandle:
    """A client handle whose thread is held up right after each request has left."""

    def __init__(self, handle):
        self._handle = handle

    def __getattr__(self, name):
        return getattr(self._handle, name)

    def send_goal_request(self, request):
        number = self._handle.send_goal_request(request)
        time.sleep(0.5)
        return number

    def send_result_request(self, request):
        number = self._handle.send_result_request(request)
        time.sleep(0.5)
        return number


def test_answers_that_overtake_are_kept(graph, until):
    name = f"/overtaken_{next(NUMBERS)}"
    group = ReentrantCallbackGroup()

    def run(handle):
        handle.succeed()
        return FollowJointTrajectory.Result(error_string="done")

    ActionServer(graph.node, FollowJointTrajectory, name, execute_callback=run, callback_group=group)
    client = ActionClient(graph.node, FollowJointTrajectory, name, callback_group=group)
    assert client.wait_for_server(PATIENCE)
    real = client._client_handle
    sender = SlowHandle(real)
    client._client_handle = sender
    sent = client.send_goal_async(FollowJointTrajectory.Goal())
    handle = until(lambda: sent.done() and sent.result(), PATIENCE, "acceptance")
    result = handle.get_result_async()
    assert until(lambda: result.done() and result.result(), PATIENCE, "result").result.error_string == "done"
    client._client_handle = real
