"""config/*.yaml: the nodes take every value, and the poses are what the comments say."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.bringup.launch_support import config_file, read_parameter
from dense_grasp.grasping.settings import grasp_settings, timeouts
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp.nodes.hand_eye_publisher import hand_eye_transform
from dense_grasp.nodes.robot_parameters import MOTION
from dense_grasp.planning.in_process.backend import build_planner
from dense_grasp_core.geometry.se3 import from_quaternion
from dense_grasp_core.motion.interfaces import WorldModel
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.parameters import declare
from rclpy.node import Node
from rclpy.parameter import Parameter

#: camera_link -> camera_color_optical_frame of the D435's driver, 15 mm to the left.
LINK_FROM_OPTICAL = from_quaternion([-0.5, 0.5, -0.5, 0.5], [0.0, 0.015, 0.0])


def node_with(graph, **parameters) -> Node:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    return Node("settings_under_test", context=graph.context, parameter_overrides=overrides)


@pytest.fixture
def from_files(graph):
    """A node that reads the files as `ros2 run` does."""
    files = [part for name in ("robot.yaml", "grasp.yaml") for part in ("--params-file", config_file(name))]
    node = Node("settings_under_test", context=graph.context, cli_args=["--ros-args", *files])
    yield node
    node.destroy_node()


def test_the_files_and_the_defaults_agree(graph, from_files):
    plain = node_with(graph)
    defaults, values = (declare_with_camera(node, GRASP_EXECUTOR) for node in (plain, from_files))
    assert defaults == values
    assert timeouts(values).joint_state == 1.0
    assert len(grasp_settings(values, robot_settings(values)).observe_poses) == 3
    plain.destroy_node()


def test_the_names_of_an_arm_are_in_its_namespace(graph):
    node = Node("mover", namespace="left", context=graph.context)
    values = declare(node, MOTION)
    robot = robot_settings(values, node.get_namespace())
    assert robot.arm_action == "/left/fr3_arm_controller/follow_joint_trajectory"
    assert robot.heartbeat_topic == "/left/fr3_arm_controller/executor_heartbeat"
    assert (robot.joint_states_topic, robot.moveit_py_namespace) == ("/left/joint_states", "/left/fr3_moveit_py")
    assert robot.gripper_namespaces == ("/left/franka_gripper", "/left/fr3_gripper")
    node.destroy_node()


def test_the_camera_looks_straight_down_from_the_observation_poses(from_files):
    values = declare(from_files, GRASP_EXECUTOR)
    settings = robot_settings(values)
    planner = build_planner(settings, primitive_arm_urdf(), lambda name: "")
    hand_eye = hand_eye_transform(
        "hand", "camera", *(read_parameter(config_file("hand_eye.yaml"), n) for n in ("xyz", "quaternion"))
    ).transform
    q, t = hand_eye.rotation, hand_eye.translation
    hand_from_optical = from_quaternion([q.x, q.y, q.z, q.w], [t.x, t.y, t.z]) @ LINK_FROM_OPTICAL
    expected = [(0.5, 0.0, 0.62), (0.5, 0.12, 0.62), (0.5, -0.12, 0.62)]
    poses = grasp_settings(values, settings).observe_poses
    for pose, position in zip(poses, expected, strict=True):
        camera = planner.robot.frame_pose(pose, "fr3_hand") @ hand_from_optical
        np.testing.assert_allclose(camera[:3, 3], position, atol=1e-3)
        np.testing.assert_allclose(camera[:3, 2], [0, 0, -1], atol=1e-3)
        np.testing.assert_allclose(camera[:3, 1], [-1, 0, 0], atol=1e-3)
        assert planner.parts.checkers.in_world(WorldModel(), pose, None).free(pose)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"robot_type": ""}, "robot_type is ''"),
        ({"workspace_min": [0.0, 0.0]}, "workspace_min"),
        ({"workspace_min": [0.9, -0.4, 0.0]}, "expected each number below workspace_max"),
        ({"walls": [0.0, 1.0]}, "walls"),
        ({"tcp_speed": 0.0}, "tcp_speed"),
        ({"acceleration_limits": [1.0, float("nan"), 1.0, 1.0, 1.0, 1.0, 1.0]}, "acceleration_limits"),
    ],
)
def test_values_that_cannot_be_are_refused_by_name(graph, parameters, words):
    node = node_with(graph, **parameters)
    with pytest.raises(ParameterError, match=words):
        robot_settings(declare(node, MOTION))
    node.destroy_node()
