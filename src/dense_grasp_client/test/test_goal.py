"""What a goal takes, with no graph there; and a server that ends while a goal runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import pytest
from dense_grasp_client.presence import LOOK_S, ServerPresence
from dense_grasp_ros.domains import private_domain
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionServer, GoalResponse
from rclpy.action.server import ServerGoalHandle

from dense_grasp_client import Connection, GraphError, GraspClient, contact
from dense_grasp_interfaces.action import GraspObject


def test_a_contact_has_its_points():
    made = contact("rim", axis=("a", "b"))
    assert (made.keypoint, list(made.axis_keypoints), list(made.approach_keypoints)) == ("rim", ["a", "b"], [])


def test_a_field_that_a_goal_does_not_have_is_refused():
    """rosidl takes it without a word, and the goal would do something else than was asked for."""
    with Connection(domain=private_domain()) as connection:
        client = GraspClient(connection=connection)
        with pytest.raises(
            TypeError, match=r"no field axis_keypoints, expected one of instances, may_drop, .*contact\("
        ):
            client.grasp("cap", "rim", axis_keypoints=["a", "b"])
        with pytest.raises(TypeError, match=r"no field view, expected one of centre, height, join, overwrite, "):
            client.scan("cap", view=8)
        with pytest.raises(TypeError, match=r"no field target_keypoint, expected one of object_id, .*on=\(OBJECT"):
            client.place(target_keypoint="top")
        with pytest.raises(ValueError, match="expected one of them"):
            client.place(on=("box", "top"), at=PoseStamped())


class Grasps:
    """Serves grasp_object: a goal runs until `leave` is set."""

    def __init__(self) -> None:
        self.leave = threading.Event()

    def serve(self, server: Connection, **callbacks: Callable) -> None:
        ActionServer(server.node, GraspObject, "dense_grasp/grasp_object", self._execute, **callbacks)

    def _execute(self, handle: ServerGoalHandle) -> GraspObject.Result:
        self.leave.wait()
        return GraspObject.Result()


def test_a_server_that_ends_is_noticed_and_its_successor_is_not_taken_for_it():
    """A client waited for its own time-out, half an hour, when grasp_executor had died."""
    action = "/dense_grasp/grasp_object"
    domain, feedback = private_domain(), f"{action}/_action/feedback"
    with Connection(domain=domain) as connection, Connection("server", domain=domain) as server:
        first = server.node.create_publisher(GraspObject.Impl.FeedbackMessage, feedback, 1)
        connection.wait(lambda: connection.node.count_publishers(feedback) == 1, 60.0, "discovery")
        clock = [0.0]
        presence = ServerPresence(connection.node, action, now=lambda: clock[0])
        server.node.destroy_publisher(first)
        server.node.create_publisher(GraspObject.Impl.FeedbackMessage, feedback, 1)

        def noticed() -> bool:
            clock[0] += LOOK_S
            try:
                presence.check()
            except GraphError as error:
                return "ended while the goal ran" in str(error)
            return False

        connection.wait(noticed, 60.0, "the sentence")


def test_a_second_server_that_does_not_know_the_goal_is_no_success():
    """Both are asked for the result, and one answers with zeros: code 0, SUCCESS."""
    domain, grasps = private_domain(), Grasps()
    with Connection(domain=domain) as connection, Connection("second", domain=domain) as second:
        first = Connection("first", domain=domain)

        def second_comes(request: GraspObject.Goal) -> GoalResponse:
            grasps.serve(second)
            name = "/dense_grasp/grasp_object/_action/get_result"
            connection.wait(lambda: connection.node.count_services(name) == 2, 60.0, "the second server")
            return GoalResponse.ACCEPT

        grasps.serve(first, goal_callback=second_comes)
        try:
            with pytest.raises(GraphError, match="does not know the goal"):
                GraspClient(connection=connection).grasp("cap", timeout=60.0)
        finally:
            grasps.leave.set()
            first.close()
