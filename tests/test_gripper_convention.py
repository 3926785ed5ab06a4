"""A gripper of another convention from end to end: adapter, action, joint states, device, and a cap that it lifts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("dense_grasp", reason="the workspace is not sourced")

from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.grasping.settings import timeouts
from dense_grasp.gripper.registry import make_gripper
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR
from dense_grasp_ros.local_graph import LocalGraph
from dense_grasp_ros.parameters import declare
from dense_grasp_sim.physics.physics_check import TopDownIk, pick
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.ros.gripper_server import GripperServer
from dense_grasp_sim.ros.state_publisher import StatePublisher
from dense_grasp_sim.world.cell_model import CellSettings
from dense_grasp_sim.world.placement import Placement
from rclpy.node import Node
from rclpy.parameter import Parameter


class Hand:
    """The simulated hand behind its action, and the adapter that grasp_executor would make for it."""

    def __init__(self, graph: LocalGraph):
        self.simulator = Simulator(CellSettings(gripper="robotiq"), homed=False)
        self.simulator.set_scene(1000, Placement(0.5, 0.0, 1.5708))
        device = graph.spin(Node("device", context=graph.context))
        namespace = self.simulator.gripper.record.namespaces[0]
        self._state = StatePublisher(device, self.simulator, ("camera_link", "camera_color_optical_frame"), namespace)
        self.server = GripperServer(device, self.simulator, lambda: "", namespace)
        node = Node("client", context=graph.context, parameter_overrides=[Parameter("gripper", value="robotiq")])
        values = declare(node, GRASP_EXECUTOR)
        robot = robot_settings(values)
        joints = JointStateMonitor(node, robot.joint_states_topic, 1.0)
        graph.spin(node)
        self.adapter = make_gripper(
            node, values, robot, timeouts(values), lambda after: joints.finger_width(robot.gripper, after)
        )

    def during(self, action: Callable[[], object]) -> None:
        """Do something while the physics runs."""
        ended = threading.Event()

        def run() -> None:
            while not ended.wait(0.001):
                self.simulator.step(5)
                self._state.publish("")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            action()
        finally:
            ended.set()
            thread.join()


@pytest.fixture(scope="module")
def hand() -> Iterator[Hand]:
    graph = LocalGraph()
    yield Hand(graph)
    graph.close()


def test_widths_are_reached_and_told(hand):
    def attempt() -> None:
        hand.adapter.check_available()
        assert hand.adapter.width() == pytest.approx(0.085, abs=1e-3)
        for width in (0.05, 0.08):
            hand.adapter.open(width)
            assert hand.adapter.width() == pytest.approx(width, abs=2e-3)
            assert hand.simulator.gripper.width(hand.simulator.data) == pytest.approx(width, abs=2e-3)

    hand.during(attempt)


def test_a_cap_is_grasped_and_lifted(hand):
    ik = TopDownIk(hand.simulator.cell.urdf, hand.simulator.gripper.record)
    reason = pick(hand.simulator, ik, np.zeros(3), lambda simulator: hand.during(hand.adapter.grasp))
    assert not reason

    def held() -> None:
        width = hand.adapter.width()
        assert width is not None and 0.0012 < width < 0.01

    hand.during(held)
