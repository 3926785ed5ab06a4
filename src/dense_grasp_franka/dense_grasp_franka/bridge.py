"""Node: one Franka arm with its hand over Franka's own control interface, under the names of franka_ros2."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_core.motion.urdf import RobotModelError, joint_limits
from dense_grasp_ros.diagnostics import ERROR, OK, Diagnostics, Report
from dense_grasp_ros.node_runner import RestartNeeded, run_node
from dense_grasp_ros.parameters import declare
from dense_grasp_ros.shared_parameters import recovery_action
from rclpy.node import Node

from dense_grasp_franka.arm import ArmUnavailable, FrankaArm
from dense_grasp_franka.arm_process import ArmOptions
from dense_grasp_franka.arm_server import ArmServer
from dense_grasp_franka.arm_state import StateUnavailable
from dense_grasp_franka.bridge_parameters import FRANKA_BRIDGE
from dense_grasp_franka.hand import FrankaHand, HandUnavailable
from dense_grasp_franka.hand_server import HandServer
from dense_grasp_franka.state_publisher import OLDEST, StatePublisher

WATCH_PERIOD = 0.2  # s


class BridgeError(DenseGraspError):
    """A parameter of the bridge that cannot be used, or a library that is not installed."""


class Bridge(Node):
    """Connects on construction. Raises DenseGraspError for wrong parameters, and when the robot cannot be reached."""

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("franka_bridge", **node_arguments)  # type: ignore[arg-type]
        values = declare(self, FRANKA_BRIDGE)
        name = f"{values['prefix']}{values['robot_type']}"
        gripper = gripper_record("franka", values["robot_type"], values["prefix"])
        address, urdf = values["robot_ip"], values["robot_description"]
        joints = [f"{name}_joint{i}" for i in range(1, 8)]
        try:
            lower, upper, _ = joint_limits(urdf, joints)
        except RobotModelError as error:
            raise BridgeError(f"parameter robot_description: {error}") from error
        missing = [module for module in ("pylibfranka", "franky") if find_spec(module) is None]
        if missing:
            raise BridgeError(f"Python has no {', '.join(missing)}: run make franka and put .franka on PYTHONPATH")
        self.arm = FrankaArm(
            ArmOptions(
                address, values["realtime"] == "enforce", values["collision_torques"], values["collision_forces"]
            )
        )
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
            values["arm_action"] or f"{name}_arm_controller/follow_joint_trajectory",
            values["error_recovery_action"] or recovery_action(self.get_namespace(), values["prefix"]),
        )
        self._hand_server = HandServer(self, self.hand, values["gripper_namespace"] or gripper.namespaces[0])
        self._state = StatePublisher(self, self.arm, self.hand, joints, gripper, urdf, values["publish_tf"])
        self.create_timer(WATCH_PERIOD, self._watch)
        self._diagnostics = Diagnostics(
            self, f"{name} at {address}", {"arm": self._arm_report, "hand": self._hand_report}
        )
        self.get_logger().info(f"connected to the {name} at {address}")

    def _arm_report(self) -> Report:
        try:
            age = self.arm.state().age
        except StateUnavailable as error:
            return Report(ERROR, str(error))
        level = OK if age < OLDEST else ERROR
        return Report(level, f"the newest state is {1000 * age:.0f} ms old", {"state_age_s": age})

    def _hand_report(self) -> Report:
        state = self.hand.state()
        if state is None:
            return Report(ERROR, "no state of the hand")
        age = time.monotonic() - state.received
        return Report(OK, f"{1000 * state.width:.1f} mm wide", {"state_age_s": age, "width_m": state.width})

    def _watch(self) -> None:
        """A lost robot ends the node: launch starts it again, and it connects anew."""
        lost = self.hand.lost if self.arm.alive else self.arm.lost
        if lost:
            self.get_logger().fatal(lost)
            raise RestartNeeded(lost)

    def destroy_node(self) -> None:
        """Bring the arm to rest and end both connections, then the node."""
        self.arm.close()
        self.hand.close()
        super().destroy_node()


def make() -> Bridge:
    """The node. Raises BridgeError and ParameterError for wrong parameters, and RestartNeeded while the robot cannot be
    reached: it may be later.
    """
    try:
        return Bridge()
    except (ArmUnavailable, HandUnavailable) as error:
        raise RestartNeeded(str(error)) from error


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted or the robot is lost."""
    return run_node("franka_bridge", make, None if argv is None else list(argv))


if __name__ == "__main__":
    sys.exit(main())
