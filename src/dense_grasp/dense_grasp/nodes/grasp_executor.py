"""Node: drives the arm. It picks an object up by a taught point (action dense_grasp/grasp_object), puts it down
(dense_grasp/place_object), and scans one (dense_grasp/scan_object).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.pinch_choice import PinchChoice
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.quiet import QuietGroup, keep_quiet
from dense_grasp_ros.shared_parameters import camera_link, camera_parent
from rclpy.callback_groups import CallbackGroup, ReentrantCallbackGroup
from rclpy.node import Node
from visualization_msgs.msg import MarkerArray

from dense_grasp.arm.error_recovery import make_recovering
from dense_grasp.arm.guarded_arm import GuardedArm
from dense_grasp.arm.heartbeat import Heartbeat
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_description import RobotDescription
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.arm.trajectory_client import ArmClient
from dense_grasp.arm.wrench_monitor import WrenchMonitor
from dense_grasp.grasping.arm_goals import ArmGoals
from dense_grasp.grasping.executor_diagnostics import executor_diagnostics
from dense_grasp.grasping.executor_perception import ExecutorPerception, camera_options
from dense_grasp.grasping.goal_server import GoalServer
from dense_grasp.grasping.grasp_work import GraspTools, GraspWork
from dense_grasp.grasping.keypoint_client import KeypointClient
from dense_grasp.grasping.settings import Timeouts, changed_settings, grasp_settings, timeouts
from dense_grasp.gripper.registry import make_gripper
from dense_grasp.nodes.grasp_parameters import GRASP_EXECUTOR, PINCH
from dense_grasp.perception.camera_pose import base_from
from dense_grasp.perception.depth_world import DepthWorld
from dense_grasp.perception.loaded_scans import scans_folder
from dense_grasp.perception.scanned_objects import scan_network
from dense_grasp.placing.place_work import PlaceTools, PlaceWork
from dense_grasp.planning.registry import make_planner, resolved_planner
from dense_grasp.ros.clock_watch import ClockWatch
from dense_grasp.ros.transforms import TransformListener, transform_buffer
from dense_grasp.ros.waiting import Deadline, StopCheck
from dense_grasp.scanning.scan_folder import ScanFolder
from dense_grasp.scanning.scan_work import ScanTools, ScanWork
from dense_grasp.scanning.settings import scan_settings
from dense_grasp.scanning.still_camera import StillCamera
from dense_grasp_interfaces.action import GraspObject, PlaceObject, ScanObject


class GraspExecutor(Node):
    """Runs one goal at a time; a second one, of whichever action, is answered BUSY."""

    def __init__(self, **node_arguments):
        super().__init__("grasp_executor", **node_arguments)
        group = ReentrantCallbackGroup()
        values = declare_with_camera(self, GRASP_EXECUTOR, self._change)
        self._robot = robot_settings(values, self.get_namespace())
        self._settings = grasp_settings(values, self._robot)
        times = timeouts(values)
        self._heartbeat = Heartbeat(self, self._robot.heartbeat_topic, group)
        quiet = QuietGroup()
        joints = JointStateMonitor(self, self._robot.joint_states_topic, times.joint_state, quiet)
        self._controller = ArmClient(
            self,
            self._robot.arm_action,
            self._robot.joint_names,
            joints,
            still_timeout=times.still,
            server_timeout=times.server,
            motion_margin=times.motion_margin,
            wall_factor=times.wall_factor,
            pulse=self._heartbeat,
            callback_group=group,
        )
        self._gripper = make_gripper(
            self,
            values,
            self._robot,
            times,
            lambda after: joints.finger_width(self._robot.gripper, after),
            group,
            self._heartbeat,
        )
        choice = resolved_planner(values["planner"], self, self._robot)
        self._planner = make_planner(choice.planner, self, self._robot, group)
        description = RobotDescription(self, self._robot.description_topic, callback_group=group)
        arm = make_recovering(self, values, self._robot, self._controller, group)
        self._arm = GuardedArm(arm, self._robot, description, self._planner.tcp_pose)
        self._wrench = WrenchMonitor(self, self._robot.wrench_topic, quiet)
        self._clock_watch = ClockWatch(self)
        self._perception = self._make_perception(values, times, group)
        self._fingers = FingerMemory()
        self._goals = ArmGoals(self, self._heartbeat, self._clock_watch)
        self._diagnostics = executor_diagnostics(
            self,
            self._robot,
            self._heartbeat,
            (choice, self._planner),
            (self._goals.running, self._goals.record),
        )
        self._clock_watch.on_jump(self._forget)
        grasps, scans, places = self._grasp_tools(values), self._scan_tools(values, times), self._place_tools(times)
        self._servers = [
            GoalServer(self, action_type, values[name], begin, self._goals, group)
            for action_type, name, begin in (
                (GraspObject, "action", lambda handle: GraspWork(self, handle, grasps)),
                (ScanObject, "scan_action", lambda handle: ScanWork(self, handle, scans)),
                (PlaceObject, "place_action", lambda handle: PlaceWork(self, handle, places)),
            )
        ]
        self.get_logger().info(f"ready for {self._robot.name} with {choice.sentence}")

    def destroy_node(self) -> None:
        """Stops what moves, then the node."""
        self._arm.stop()
        self._gripper.stop()
        self._heartbeat.close()
        super().destroy_node()

    def _make_perception(self, values: Mapping[str, Any], times: Timeouts, group: CallbackGroup) -> ExecutorPerception:
        self._buffer = transform_buffer()
        self._listener = TransformListener(self._buffer, self)
        keep_quiet(self._listener.tf_sub, self._listener.tf_static_sub)
        world = DepthWorld(
            self,
            values["depth_topic"],
            values["camera_info_topic"],
            self._robot.base_frame,
            self._buffer.lookup_transform,
            callback_group=QuietGroup(),
            **camera_options(values, times),
        )
        keypoints = KeypointClient(
            self,
            values["locate_service"],
            values["list_service"],
            values["list_scans_service"],
            locate_timeout=times.locate,
            server_timeout=times.server,
            wall_factor=times.wall_factor,
            callback_group=group,
        )
        return ExecutorPerception(keypoints, world, self.get_clock())

    def _grasp_tools(self, values: Mapping[str, Any]) -> GraspTools:
        return GraspTools(
            self._arm,
            self._gripper,
            self._perception,
            self._planner,
            PinchChoice(**{spec.name: values[spec.name] for spec in PINCH}, open_width=values["open_width"]),
            self._robot.base_frame,
            self.create_publisher(MarkerArray, values["grasp_markers_topic"], 1),
            lambda: self._settings,
            self._fingers,
            self._check_ready,
            self._wrench.vertical,
        )

    def _scan_tools(self, values: Mapping[str, Any], times: Timeouts) -> ScanTools:
        topics = (values["color_topic"], values["depth_topic"], values["camera_info_topic"])
        return ScanTools(
            self._arm,
            self._gripper,
            self._planner,
            StillCamera(
                self,
                topics,
                self._robot.base_frame,
                self._buffer.lookup_transform,
                callback_group=ReentrantCallbackGroup(),
                **camera_options(values, times),
            ),
            ScanFolder(scans_folder(values["store"], values["scans"]), scan_network(values)),
            scan_settings(values, self._robot),
            lambda: self._settings,
            self._fingers,
            self._check_arm,
            self._buffer.lookup_transform,
            (camera_parent(values), camera_link(values)),
        )

    def _place_tools(self, times: Timeouts) -> PlaceTools:
        def base_from_frame(frame: str, stamp: Any, stop: StopCheck) -> np.ndarray:
            deadline = Deadline(times.depth, self.get_clock(), times.wall_factor)
            lookup, base = self._buffer.lookup_transform, self._robot.base_frame
            return base_from(lookup, base, frame, stamp, deadline, stop, of="pose")

        return PlaceTools(
            self._arm,
            self._gripper,
            self._perception,
            self._planner,
            self._robot.base_frame,
            base_from_frame,
            self._robot.table_height,
            lambda: self._settings,
            self._fingers,
            self._check_ready,
            self._wrench.vertical,
        )

    def _change(self, changes: dict[str, Any]) -> None:
        self._settings = changed_settings(self._settings, changes)

    def _forget(self) -> None:
        self._buffer.clear()
        self._perception.forget()

    def _check_ready(self, stop: StopCheck) -> None:
        """Raises GraspFailure or PlanError when one of what moves cannot be commanded now."""
        self._check_arm(stop)
        self._gripper.check_available(stop)

    def _check_arm(self, stop: StopCheck) -> None:
        self._controller.check_available(stop)
        self._planner.check_available(stop)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; CONFIGURATION_ERROR when a parameter is not what it must be, so that launch does not try again."""
    return run_node("grasp_executor", GraspExecutor, arguments)


if __name__ == "__main__":
    sys.exit(main())
