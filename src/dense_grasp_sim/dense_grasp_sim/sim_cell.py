"""Node: the embedded cell under the real cell's names."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
import rclpy
from dense_grasp_core.errors import DenseGraspError
from rcl_interfaces.msg import SetParametersResult
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter

from .arm_server import ArmServer
from .camera_node import CameraLoop, CameraOptions
from .cell_parameters import cell_settings
from .faults import check_fault
from .gripper_server import GripperServer
from .loops import PhysicsLoop
from .scene_services import SceneServices
from .simulator import OBSERVE_JOINTS, Simulator
from .spinning import spin_until_shutdown
from .state_publisher import StatePublisher


class SimCell(Node):
    """Camera, arm, gripper and physics; every topic, action and service of a real FR3 cell with a D435."""

    def __init__(self) -> None:
        super().__init__("sim_cell")
        self.failure: BaseException | None = None
        p = self._parameter
        self._fault = check_fault(p("fault", ""))
        self._real_time_factor = float(p("real_time_factor", 1.0))
        self.simulator = Simulator(
            cell_settings(p), p("observe_joints", list(OBSERVE_JOINTS)), homed=p("gripper_homed", False)
        )
        if p("scene_object", "cap"):
            self.simulator.set_scene(p("scene_seed", 0), pose_seed=p("scene_pose_seed", 0))
        options = CameraOptions(
            rate=float(p("camera_rate", 5.0)),
            overview_rate=float(p("overview_rate", 5.0)),
            namespace=p("camera_namespace", "/camera/camera"),
            optical_frame=p("optical_frame", "camera_color_optical_frame"),
            noise=p("depth_noise", True),
            seed=p("noise_seed", 0),
            wrist_shadows=p("wrist_shadows", False),
            overview_shadows=p("overview_shadows", False),
        )
        self._state = StatePublisher(self, self.simulator, p("child", "camera_link"), options.optical_frame)
        self._arm = ArmServer(self, self.simulator, self.fault)
        self._gripper = GripperServer(self, self.simulator, self.fault, p("gripper_namespace", "/franka_gripper"))
        self._scene = SceneServices(self, self.simulator)
        self._threads = [
            PhysicsLoop(self.simulator, lambda: self._real_time_factor, self._after_batch, self._fail),
            CameraLoop(self, self.simulator, options, self.fault, self._fail),
        ]
        self.add_on_set_parameters_callback(self._on_parameters)

    def _parameter(self, name: str, default):  # type: ignore[no-untyped-def]
        return self.declare_parameter(name, default).value

    def fault(self) -> str:
        """The fault that is switched on, "" for none."""
        return self._fault

    def start(self) -> None:
        """Start physics and cameras."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop physics and cameras."""
        for thread in self._threads:
            thread.stop()

    def _after_batch(self) -> None:
        self._state.publish(self._fault)

    def _fail(self, error: BaseException) -> None:
        if not rclpy.ok():
            return
        self.failure = error
        self.get_logger().fatal(f"{type(error).__name__}: {error}")
        rclpy.try_shutdown()

    def _on_parameters(self, parameters: list[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            try:
                if parameter.name == "fault":
                    check_fault(parameter.value)
                elif parameter.name == "real_time_factor":
                    if not np.isfinite(float(parameter.value)):
                        raise DenseGraspError(f"real_time_factor is {parameter.value}, expected a number >= 0")
                elif parameter.name != "use_sim_time":
                    raise DenseGraspError(f"{parameter.name} is read at the start only; restart sim_cell to change it")
            except DenseGraspError as error:
                return SetParametersResult(successful=False, reason=str(error))
        for parameter in parameters:
            if parameter.name == "fault":
                self._fault = parameter.value
                self.simulator.set_dropping(self._fault == "object_drops")
            elif parameter.name == "real_time_factor":
                self._real_time_factor = float(parameter.value)
        return SetParametersResult(successful=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted."""
    rclpy.init(args=None if argv is None else list(argv))
    try:
        node = SimCell()
    except DenseGraspError as error:
        print(f"sim_cell: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    executor = MultiThreadedExecutor(num_threads=8)
    executor.add_node(node)
    node.start()
    node.get_logger().info(f"{node.simulator.settings.robot_type} cell is running")
    try:
        spin_until_shutdown(executor)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.stop()
        rclpy.try_shutdown()
    return 1 if node.failure is not None else 0


if __name__ == "__main__":
    sys.exit(main())
