"""Node: one Franka arm with its hand over Franka's own control interface, under the names of franka_ros2."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import rclpy
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.urdf import RobotModelError, joint_limits
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node

from dense_grasp_franka.arm import FrankaArm
from dense_grasp_franka.arm_process import ArmOptions
from dense_grasp_franka.arm_server import ArmServer
from dense_grasp_franka.hand import FrankaHand
from dense_grasp_franka.hand_server import HandServer
from dense_grasp_franka.state_publisher import StatePublisher

WATCH_PERIOD = 0.2  # s
# libfranka's examples, upper thresholds
COLLISION_TORQUES = [20.0, 20.0, 18.0, 18.0, 16.0, 14.0, 12.0]
COLLISION_FORCES = [20.0, 20.0, 20.0, 25.0, 25.0, 25.0]


class BridgeError(DenseGraspError):
    """A parameter of the bridge that cannot be used, or a library that is not installed."""


class Bridge(Node):
    """Connects on construction. Raises DenseGraspError for wrong parameters, and when the robot cannot be reached."""

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("franka_bridge", **node_arguments)  # type: ignore[arg-type]
        self.failure = ""
        p = self._parameter
        name = f"{p('prefix', '')}{p('robot_type', 'fr3')}"
        address = p("robot_ip", "")
        if not address:
            raise BridgeError("parameter robot_ip is empty, expected the robot's address")
        realtime = p("realtime", "enforce")
        if realtime not in ("enforce", "ignore"):
            raise BridgeError(f"parameter realtime is {realtime!r}, expected one of enforce, ignore")
        urdf = p("robot_description", "")
        joints = [f"{name}_joint{i}" for i in range(1, 8)]
        try:
            lower, upper, _ = joint_limits(urdf, joints)
        except RobotModelError as error:
            raise BridgeError(f"parameter robot_description: {error}") from error
        torques = self._thresholds("collision_torques", COLLISION_TORQUES)
        forces = self._thresholds("collision_forces", COLLISION_FORCES)
        missing = [module for module in ("pylibfranka", "franky") if find_spec(module) is None]
        if missing:
            raise BridgeError(f"Python has no {', '.join(missing)}: run make franka and put .franka on PYTHONPATH")
        self.arm = FrankaArm(ArmOptions(address, realtime == "enforce", torques, forces))
        self.arm.connect()
        try:
            self.hand = FrankaHand(address)
        except DenseGraspError:
            self.arm.close()
            raise
        self._arm_server = ArmServer(
            self,
            self.arm,
            joints,
            np.stack([lower, upper], axis=1),
            p("arm_action", "") or f"/{name}_arm_controller/follow_joint_trajectory",
            p("error_recovery_action", "/action_server/error_recovery"),
        )
        self._hand_server = HandServer(self, self.hand, p("gripper_namespace", "") or "/franka_gripper")
        fingers = [f"{name}_finger_joint{i}" for i in (1, 2)]
        self._state = StatePublisher(self, self.arm, self.hand, joints, fingers, urdf, p("publish_tf", True))
        self.create_timer(WATCH_PERIOD, self._watch)
        self.get_logger().info(f"connected to the {name} at {address}")

    def _parameter(self, name: str, default):  # type: ignore[no-untyped-def]
        return self.declare_parameter(name, default).value

    def _thresholds(self, name: str, default: list[float]) -> list[float]:
        values = list(self._parameter(name, default))
        if len(values) != len(default) or not np.isfinite(values).all() or min(values) <= 0.0:
            raise BridgeError(f"parameter {name} is {values}, expected {len(default)} numbers > 0")
        return values

    def _watch(self) -> None:
        """A lost robot ends the node: launch starts it again, and it connects anew."""
        lost = self.hand.lost if self.arm.alive else self.arm.lost
        if lost and not self.failure:
            self.failure = lost
            self.get_logger().fatal(lost)
            rclpy.try_shutdown()

    def close(self) -> None:
        """Bring the arm to rest and end both connections."""
        self.arm.close()
        self.hand.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted or the robot is lost."""
    rclpy.init(args=None if argv is None else list(argv))
    try:
        node = Bridge()
    except DenseGraspError as error:
        print(f"franka_bridge: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return os.EX_CONFIG if isinstance(error, BridgeError) else 1
    executor = MultiThreadedExecutor(num_threads=8)
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        rclpy.try_shutdown()
    return 1 if node.failure else 0


if __name__ == "__main__":
    sys.exit(main())
