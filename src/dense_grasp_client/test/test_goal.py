"""What a goal takes, with no graph there."""

from __future__ import annotations

import os

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"

import pytest
from dense_grasp_ros.domains import private_domain
from geometry_msgs.msg import PoseStamped

from dense_grasp_client import Connection, GraspClient, contact


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
