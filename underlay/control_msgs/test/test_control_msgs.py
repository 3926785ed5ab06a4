"""The messages are ROS's own: same names, same type hashes."""

from __future__ import annotations

import json
from pathlib import Path

import control_msgs.action
import pytest
from ament_index_python.packages import get_package_share_directory
from control_msgs.action import FollowJointTrajectory, GripperCommand
from control_msgs.msg import JointComponentTolerance, JointTolerance

# Recorded from builds of control_msgs for ROS 2 Jazzy.
HASHES = {
    "FollowJointTrajectory": "RIHS01_738ebcb7a2d7cfa42f9f1001cc99ce3a4383d1cfe508015d9be8485e4b1c66f6",
    "FollowJointTrajectory_Goal": "RIHS01_8a9060704b269608f5a340934cc26e66869dd14bdac29e2e7fd9ec8b9882d205",
    "FollowJointTrajectory_Result": "RIHS01_8002e99ed2c14c6faa522f2a93c26d744c5982f254f9e98ff9c6f19789bdb220",
    "GripperCommand": "RIHS01_e17c0e644eccf14bea84a0a93e0977182872c2eb7873ca6694900059b46dbc84",
    "GripperCommand_Goal": "RIHS01_607d9f41eb241e1922e90f02125e87ae6bfb78f7f64a71dc92630263d01f8b6d",
    "GripperCommand_Result": "RIHS01_bf512d5aa6a0e4fe4d8be22b2ec4a1973c3d250fa1f65e47450322c25c45c0a0",
    "GripperCommand_Feedback": "RIHS01_8f7c520077bab528bb9161ee3b83c81eee1f8aecadb8922ce82c79d667a819c4",
}


@pytest.mark.parametrize("name", HASHES)
def test_type_hash(name):
    path = Path(get_package_share_directory("control_msgs"), "action", f"{name.split('_')[0]}.json")
    if not path.is_file():
        pytest.skip("this ROS distribution records no type hashes")
    if "index" in FollowJointTrajectory.Feedback().get_fields_and_field_types():
        pytest.skip("this control_msgs is newer than Jazzy's")
    entries = json.loads(path.read_text())["type_hashes"]
    assert {e["type_name"]: e["hash_string"] for e in entries}[f"control_msgs/action/{name}"] == HASHES[name]


def test_fields_that_are_used():
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = ["fr3_joint1"]
    goal.path_tolerance = [JointTolerance(name="fr3_joint1", position=0.1)]
    goal.component_goal_tolerance = [JointComponentTolerance(component=JointComponentTolerance.ROTATION)]
    goal.goal_time_tolerance.sec = 1
    assert FollowJointTrajectory.Result.GOAL_TOLERANCE_VIOLATED == -5
    assert FollowJointTrajectory.Result(error_string="late").error_string == "late"
    assert GripperCommand.Goal().command.max_effort == 0.0
    assert GripperCommand.Result(reached_goal=True).reached_goal


def test_the_newer_action_of_grippers():
    """By type and order, as control_msgs of Jazzy and newer has them; Humble's has no such action."""
    action = getattr(control_msgs.action, "ParallelGripperCommand", None)
    if action is None:
        pytest.skip("control_msgs of this ROS distribution is older than Jazzy's")
    state = "sensor_msgs/JointState"
    assert list(action.Goal.get_fields_and_field_types().items()) == [("command", state)]
    assert list(action.Result.get_fields_and_field_types().items()) == [
        ("state", state),
        ("stalled", "boolean"),
        ("reached_goal", "boolean"),
    ]
    assert list(action.Feedback.get_fields_and_field_types().items()) == [("state", state)]
