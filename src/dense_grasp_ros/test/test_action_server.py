"""Goals that come all at once are all answered."""

from __future__ import annotations

import time

import rclpy.action
from control_msgs.action import FollowJointTrajectory
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.long_callback import long_callback
from rclpy.action import CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

GOALS = 20


class Refuser(Node):
    """Aborts the goals that want no joint moved, and runs the others until they are canceled."""

    def __init__(self, **arguments):
        super().__init__("refuser", **arguments)
        self.server = ActionServer(
            self,
            FollowJointTrajectory,
            "/crowded",
            execute_callback=long_callback(self, self.run),
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def run(self, handle):
        while handle.request.trajectory.joint_names and not handle.is_cancel_requested:
            time.sleep(0.01)
        handle.canceled() if handle.is_cancel_requested else handle.abort()
        return FollowJointTrajectory.Result(error_string="answered")


def test_the_plain_client_hears_of_every_goal(graph):
    """All goals are sent before the server reads the first. From then on the client reads as the server answers: its
    own reader keeps no more than ten answers.
    """
    server, client_node = Refuser(context=graph.context), Node("plain", context=graph.context)
    executors = []
    for node in (server, client_node):
        executors.append(SingleThreadedExecutor(context=graph.context))
        executors[-1].add_node(node)
    client = rclpy.action.ActionClient(client_node, FollowJointTrajectory, "/crowded")
    assert client.wait_for_server(PATIENCE)
    answers = []

    def ask(sent):
        sent.result().get_result_async().add_done_callback(lambda future: answers.append(future.result().result))

    for _ in range(GOALS):
        client.send_goal_async(FollowJointTrajectory.Goal()).add_done_callback(ask)
    end = time.monotonic() + PATIENCE
    while len(answers) < GOALS and time.monotonic() < end:
        for executor in executors:
            executor.spin_once(timeout_sec=0.01)
    assert [answer.error_string for answer in answers] == ["answered"] * GOALS
    for executor in executors:
        executor.shutdown()
    server.destroy_node()
    client_node.destroy_node()


def test_ours_hears_of_every_goal_and_cancel(graph, until):
    graph.start(Refuser)
    client = ActionClient(graph.node, FollowJointTrajectory, "/crowded", callback_group=ReentrantCallbackGroup())
    assert client.wait_for_server(PATIENCE)
    goal = FollowJointTrajectory.Goal()
    sent = [client.send_goal_async(goal) for _ in range(5 * GOALS)]
    until(lambda: all(future.done() for future in sent), 20.0, "acceptance")
    results = [future.result().get_result_async() for future in sent]
    cancels = [future.result().cancel_goal_async() for future in sent]
    until(lambda: all(future.done() for future in [*results, *cancels]), 20.0, "results and answers to the cancels")
