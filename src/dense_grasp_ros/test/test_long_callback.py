"""Services and actions that take long, on nodes whose loop is one thread."""

from __future__ import annotations

import threading

import pytest
from control_msgs.action import FollowJointTrajectory
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.long_callback import BusyError, Workers, long_callback
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger


class Patient(Node):
    """A service that waits until another one is called, and an action that waits for its cancel."""

    def __init__(self, **arguments):
        super().__init__("patient", **arguments)
        group = ReentrantCallbackGroup()
        self.let_go = threading.Event()
        self.create_service(Trigger, "/wait", long_callback(self, self.wait), callback_group=group)
        self.create_service(SetBool, "/go", self.go, callback_group=group)
        self.server = ActionServer(
            self,
            FollowJointTrajectory,
            "/move",
            execute_callback=long_callback(self, self.move),
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=group,
        )

    def wait(self, request, response):
        response.success = self.let_go.wait(PATIENCE)
        response.message = threading.current_thread().name
        return response

    def go(self, request, response):
        self.let_go.set()
        response.success = True
        return response

    def move(self, handle):
        if not handle.request.trajectory.joint_names:
            raise ValueError("no joints")
        while not handle.is_cancel_requested:
            threading.Event().wait(0.01)
        handle.canceled()
        return FollowJointTrajectory.Result(error_string="canceled")


def test_the_loop_goes_on_while_calls_wait(graph, until):
    graph.start(Patient)
    clients = [graph.node.create_client(Trigger, "/wait") for _ in range(3)]
    assert clients[0].wait_for_service(PATIENCE)
    waiting = [client.call_async(Trigger.Request()) for client in clients]
    assert graph.call(SetBool, "/go").success
    until(lambda: all(future.done() for future in waiting), 20.0, "answers")
    answers = [future.result() for future in waiting]
    assert all(answer.success and answer.message.startswith("wait_") for answer in answers)


@pytest.fixture
def client(graph):
    graph.start(Patient)
    client = ActionClient(graph.node, FollowJointTrajectory, "/move", callback_group=ReentrantCallbackGroup())
    assert client.wait_for_server(PATIENCE)
    return client


def result_of(future, until):
    until(future.done, 20.0, "answer")
    return future.result()


def test_an_action_hears_its_cancel(client, until):
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = ["joint"]
    handle = result_of(client.send_goal_async(goal), until)
    result_of(handle.cancel_goal_async(), until)
    assert result_of(handle.get_result_async(), until).result.error_string == "canceled"


def test_what_an_action_raises_ends_it(client, until):
    handle = result_of(client.send_goal_async(FollowJointTrajectory.Goal()), until)
    answer = result_of(handle.get_result_async(), until)
    assert answer.status == 6 and answer.result.error_string == ""  # aborted


class Bounded(Node):
    """Two services that share one thread, one of which waits; both say what went wrong."""

    def __init__(self, **arguments):
        super().__init__("bounded", **arguments)
        group = ReentrantCallbackGroup()
        self.let_go = threading.Event()
        workers = Workers(1, 2, "bounded")
        for kind, name, function in ((Trigger, "/wait", self.wait), (SetBool, "/fail", self.fail)):
            callback = long_callback(self, function, workers=workers, on_error=self.refuse)
            self.create_service(kind, name, callback, callback_group=group)

    def wait(self, request, response):
        response.success = self.let_go.wait(PATIENCE)
        return response

    def fail(self, request, response):
        raise ValueError("no way")

    def refuse(self, error, request, response):
        response.message = f"{type(error).__name__}: {error}"
        return response


def test_every_call_is_answered_when_there_is_no_room(graph, until):
    node = graph.start(Bounded)
    clients = [graph.node.create_client(Trigger, "/wait") for _ in range(8)]
    until(lambda: all(client.service_is_ready() for client in clients), 20.0, "service")
    waiting = [client.call_async(Trigger.Request()) for client in clients]
    until(lambda: sum(future.done() for future in waiting) == 5, 20.0, "refusals")
    assert sum(thread.name.startswith("bounded") for thread in threading.enumerate()) == 1
    node.let_go.set()
    until(lambda: all(future.done() for future in waiting), 20.0, "answers")
    answers = [future.result() for future in waiting]
    assert sum(answer.success for answer in answers) == 3
    assert {answer.message for answer in answers if not answer.success} == {
        f"{BusyError.__name__}: 3 calls are under way, expected fewer; ask again when some have ended"
    }


def test_what_a_service_raises_is_its_answer(graph):
    graph.start(Bounded)
    assert graph.call(SetBool, "/fail").message == "ValueError: no way"
    assert graph.call(SetBool, "/fail").message == "ValueError: no way"
