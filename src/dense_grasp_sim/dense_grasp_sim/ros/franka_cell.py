"""Node: the cell behind Franka's network protocol, with its camera, its scene services and its clock.

Arm and hand are reached through the protocol alone, by a driver: joint states, transforms and actions are the driver's.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import rclpy
from dense_grasp_core.geometry import se3
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.node_runner import run_node
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from tf2_msgs.msg import TFMessage

from dense_grasp_sim.devices.franka_simulator import ServedSimulator, make_server
from dense_grasp_sim.physics.allocator import keep_freed, share_arenas
from dense_grasp_sim.physics.threads import LoopThread
from dense_grasp_sim.ros.camera_publisher import CameraLoop
from dense_grasp_sim.ros.cell_parameters import camera_frames, camera_options, cell_settings
from dense_grasp_sim.ros.messages import to_time, to_transform
from dense_grasp_sim.ros.scene_services import SceneServices
from dense_grasp_sim.ros.sim_parameters import FRANKA_CELL
from dense_grasp_sim.ros.state_publisher import LATCHED
from dense_grasp_sim.world.cell_model import LINK_FROM_OPTICAL

CLOCK_PERIOD = 0.01  # s of simulated time


class ServerLoop(LoopThread):
    """Runs the protocol server and with it the physics."""

    def __init__(self, simulator: ServedSimulator, host: str, on_error) -> None:  # type: ignore[no-untyped-def]
        super().__init__("franka_server", on_error)
        self._server = make_server(simulator, host)

    def turn(self) -> None:
        """Serve until stopped."""
        self._server.start()

    def stop(self) -> None:
        """End the server, then the thread."""
        self._stopping.set()
        self._server.stop()
        super().stop()


class FrankaCell(Node):
    """Camera and scene of the cell; the arm is at `host`."""

    def __init__(self) -> None:
        super().__init__("franka_cell")
        self.failure: BaseException | None = None
        values = declare_with_camera(self, FRANKA_CELL)
        self.simulator = ServedSimulator(
            real_time_factor=values["real_time_factor"],
            settings=cell_settings(values),
            observe_joints=values["observe_joints"],
            homed=values["gripper_homed"],
        )
        if values["scene_object"]:
            self.simulator.set_scene(values["scene_seed"], pose_seed=values["scene_pose_seed"])
        options = camera_options(values)
        self._clock_publisher = self.create_publisher(Clock, "/clock", 10)
        self._camera_frame = self.create_publisher(TFMessage, "/tf_static", LATCHED)
        self._publish_camera_frame(*camera_frames(values))
        self._scene = SceneServices(self, self.simulator, lambda: str(values["solids_folder"]))
        self._next_clock = 0.0
        self.simulator.after_step = self._tick
        self._threads = [
            ServerLoop(self.simulator, values["host"], self._fail),
            CameraLoop(self, self.simulator, options, lambda: "", self._fail),
        ]

    def _publish_camera_frame(self, camera_link: str, optical_frame: str) -> None:
        x, y, z, w = se3.to_quaternion(LINK_FROM_OPTICAL)
        transform = to_transform(LINK_FROM_OPTICAL[:3, 3], (w, x, y, z), camera_link, optical_frame, to_time(0.0))
        self._camera_frame.publish(TFMessage(transforms=[transform]))

    def _tick(self) -> None:
        now = self.simulator.time
        if now >= self._next_clock and self.context.ok():
            self._next_clock = now + CLOCK_PERIOD
            self._clock_publisher.publish(Clock(clock=to_time(now)))

    def start(self) -> None:
        """Start server, physics and camera."""
        for thread in self._threads:
            thread.start()

    def destroy_node(self) -> None:
        """Stop them, then the node."""
        for thread in self._threads:
            thread.stop()
        self.simulator.close()
        super().destroy_node()

    def _fail(self, error: BaseException) -> None:
        if not rclpy.ok():
            return
        self.failure = error
        self.get_logger().fatal(f"{type(error).__name__}: {error}")
        rclpy.try_shutdown()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the node until it is interrupted; CONFIGURATION_ERROR when a parameter cannot be used, 1 when a
    part of it failed.
    """
    logging.basicConfig(level=logging.WARNING, format="[%(levelname)s] [%(name)s]: %(message)s")
    share_arenas()
    keep_freed()
    made: list[FrankaCell] = []

    def make() -> FrankaCell:
        made.append(FrankaCell())
        made[0].start()
        return made[0]

    code = run_node("franka_cell", make, None if argv is None else list(argv))
    return 1 if made and made[0].failure is not None else code


if __name__ == "__main__":
    sys.exit(main())
