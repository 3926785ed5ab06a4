"""The bringup under launch_testing, where that is installed: everything comes up, answers, and ends cleanly."""

from __future__ import annotations

import tempfile
import time
import unittest

import pytest

pytest.importorskip("launch_testing", reason="launch_testing is not installed (it comes with ROS)")

import launch_testing.actions
import launch_testing.asserts
import rclpy
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

from dense_grasp_interfaces.srv import ListDescriptors

NODES = {"sim_cell", "descriptor_node", "query_node", "hand_eye_publisher", "grasp_executor"}
START_TIMEOUT_S = 300.0


@pytest.mark.launch_test
def generate_test_description():
    path = PathJoinSubstitution([FindPackageShare("dense_grasp"), "launch", "bringup.launch.py"])
    arguments = {"sim": "true", "ui": "false", "store": f"sqlite:///{tempfile.mkdtemp()}/store.db"}
    bringup = IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))
    return LaunchDescription([bringup, launch_testing.actions.ReadyToTest()])


class TestBringup(unittest.TestCase):
    """Runs while the graph is up."""

    @classmethod
    def setUpClass(cls):
        rclpy.init()
        cls.node = rclpy.create_node("test_bringup")

    @classmethod
    def tearDownClass(cls):
        cls.node.destroy_node()
        rclpy.shutdown()

    def test_every_node_comes_up(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        missing = NODES
        while missing and time.monotonic() < deadline:
            rclpy.spin_once(self.node, timeout_sec=0.2)
            missing = NODES - set(self.node.get_node_names())
        self.assertEqual(missing, set())

    def test_the_store_answers(self):
        client = self.node.create_client(ListDescriptors, "/dense_grasp/list_descriptors")
        self.assertTrue(client.wait_for_service(timeout_sec=START_TIMEOUT_S))
        future = client.call_async(ListDescriptors.Request())
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=START_TIMEOUT_S)
        self.assertEqual(len(future.result().taught), 0)


@launch_testing.post_shutdown_test()
class TestEnd(unittest.TestCase):
    """Runs after the graph was stopped."""

    def test_every_process_ended_cleanly(self, proc_info):
        launch_testing.asserts.assertExitCodes(proc_info, allowable_exit_codes=[0, -2, -15])
