"""Node: the embedded cell under the real cell's names."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import rclpy
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.diagnostics import OK, WARN, Diagnostics, Report
from dense_grasp_ros.node_runner import run_node
from rclpy.node import Node

from dense_grasp_sim.physics.allocator import keep_freed, share_arenas
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.physics.threads import PhysicsLoop
from dense_grasp_sim.ros.arm_server import ArmServer
from dense_grasp_sim.ros.camera_publisher import CameraLoop
from dense_grasp_sim.ros.cell_parameters import camera_frames, camera_options, cell_settings
from dense_grasp_sim.ros.faults import DROPPING, FAULTS
from dense_grasp_sim.ros.gripper_server import GripperServer
from dense_grasp_sim.ros.scene_services import SceneServices
from dense_grasp_sim.ros.sim_parameters import SIM_CELL
from dense_grasp_sim.ros.state_publisher import StatePublisher


class SimCell(Node):
    """Camera, arm, gripper and physics; every topic, action and service of a real FR3 cell with a D435."""

    def __init__(self) -> None:
        super().__init__("sim_cell")
        self.failure: BaseException | None = None
        values = declare_with_camera(self, SIM_CELL, self._change)
        self._fault = values["fault"]
        self._real_time_factor = values["real_time_factor"]
        self.simulator = Simulator(cell_settings(values), values["observe_joints"], homed=values["gripper_homed"])
        self.simulator.set_dropping(self._fault == DROPPING)
        if values["scene_object"]:
            self.simulator.set_scene(values["scene_seed"], pose_seed=values["scene_pose_seed"])
        options = camera_options(values)
        hand = values["gripper_namespace"] or self.simulator.gripper.record.namespaces[0]
        self._state = StatePublisher(self, self.simulator, camera_frames(values), hand)
        self._arm = ArmServer(self, self.simulator, self.fault)
        self._gripper = GripperServer(self, self.simulator, self.fault, hand)
        self._solids_folder = values["solids_folder"]
        self._scene = SceneServices(self, self.simulator, lambda: self._solids_folder)
        self._seen = time.monotonic(), self.simulator.time
        self._diagnostics = Diagnostics(self, "simulation", {"cell": self._report})
        self._cameras = CameraLoop(self, self.simulator, options, self.fault, self._fail)
        self._threads = [
            PhysicsLoop(self.simulator, lambda: self._real_time_factor, self._after_batch, self._fail),
            self._cameras,
        ]

    def fault(self) -> str:
        """The fault that is switched on, "" for none."""
        return self._fault

    def _report(self) -> Report:
        (then, simulated), self._seen = self._seen, (time.monotonic(), self.simulator.time)
        factor = (self._seen[1] - simulated) / max(1e-3, self._seen[0] - then)
        values = {"real_time_factor": factor, "wanted_factor": self._real_time_factor, "fault": self._fault}
        if self._fault:
            return Report(WARN, f"fault {self._fault} is switched on: {FAULTS[self._fault]}", values)
        return Report(OK, f"runs at {factor:.2f} times real time", values)

    def start(self) -> None:
        """Start physics and cameras."""
        for thread in self._threads:
            thread.start()

    def destroy_node(self) -> None:
        """Stop physics and cameras, then the node."""
        for thread in self._threads:
            thread.stop()
        super().destroy_node()

    def _after_batch(self) -> None:
        self._state.publish(self._fault)

    def _fail(self, error: BaseException) -> None:
        if not rclpy.ok():
            return
        self.failure = error
        self.get_logger().fatal(f"{type(error).__name__}: {error}")
        rclpy.try_shutdown()

    def _change(self, changes: dict[str, Any]) -> None:
        if "fault" in changes:
            self._fault = changes["fault"]
            self.simulator.set_dropping(self._fault == DROPPING)
        if "camera_rate" in changes:
            self._cameras.set_rate(changes["camera_rate"])
        self._solids_folder = changes.get("solids_folder", self._solids_folder)
        self._real_time_factor = changes.get("real_time_factor", self._real_time_factor)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted; CONFIGURATION_ERROR when a parameter cannot be used, 1 when a
    part of it failed.
    """
    share_arenas()
    keep_freed()
    made: list[SimCell] = []

    def make() -> SimCell:
        made.append(SimCell())
        made[0].start()
        made[0].get_logger().info(f"{made[0].simulator.settings.robot_type} cell is running")
        return made[0]

    code = run_node("sim_cell", make, None if argv is None else list(argv))
    return 1 if made and made[0].failure is not None else code


if __name__ == "__main__":
    sys.exit(main())
