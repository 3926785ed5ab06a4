"""Command: is the cell ready? Looks at every topic, transform, controller and file that a grasp needs."""

from __future__ import annotations

import sys
import threading
import time
from functools import partial
from typing import Any

import numpy as np
import rclpy
from ament_index_python.packages import get_package_share_directory
from control_msgs.action import FollowJointTrajectory, GripperCommand
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.se3 import from_quaternion
from franka_msgs.action import Grasp
from rclpy.action import ActionClient
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String
from tf2_ros import Buffer, TransformListener

from dense_grasp.cell_checks import Check, Stream, check_camera, check_hand_eye, check_joints, table
from dense_grasp.launch_support import config_file, model_path, store_url
from dense_grasp.messages import stamp_ns
from dense_grasp.motion.ompl_backend import LATCHED, build_planner
from dense_grasp.motion.robot_settings import robot_settings

CONFIG = ("robot.yaml", "camera.yaml")


class CellObserver(Node):
    """Listens for a while and then says what it saw."""

    def __init__(self, **node_arguments):
        super().__init__("check_cell", **node_arguments)

        def value(name: str, default: Any) -> Any:
            return self.declare_parameter(name, default).value

        self.duration = float(value("duration", 5.0))
        self._robot = robot_settings(self)
        self._model = model_path(value("model", ""))
        self._store = store_url(value("store", ""))
        self._colour = Stream(value("color_topic", "/camera/camera/color/image_raw"))
        self._depth = Stream(value("depth_topic", "/camera/camera/aligned_depth_to_color/image_raw"))
        self._info = Stream(value("camera_info_topic", "/camera/camera/color/camera_info"))
        self._joints = Stream(self._robot.joint_states_topic)
        self._joint_names: set[str] = set()
        self._urdf = ""
        for kind, stream in ((Image, self._colour), (Image, self._depth), (CameraInfo, self._info)):
            self.create_subscription(kind, stream.topic, partial(_note, stream), qos_profile_sensor_data)
        self.create_subscription(JointState, self._joints.topic, self._on_joints, qos_profile_sensor_data)
        self.create_subscription(String, self._robot.description_topic, self._on_description, LATCHED)
        self._buffer = Buffer()
        self._listener = TransformListener(self._buffer, self)
        self._arm = ActionClient(self, FollowJointTrajectory, self._robot.arm_action)
        self._grippers = self._gripper_clients(value("gripper", "franka"), value("gripper_namespace", ""))

    def _gripper_clients(self, kind: str, namespace: str) -> dict[str, ActionClient]:
        action, name = (GripperCommand, "gripper_action") if kind == "gripper_command" else (Grasp, "grasp")
        namespaces = [namespace] if namespace else ["/franka_gripper", f"/{self._robot.name}_gripper"]
        return {f"{ns}/{name}": ActionClient(self, action, f"{ns}/{name}") for ns in namespaces}

    def _on_joints(self, message: JointState) -> None:
        self._joints.add(stamp_ns(message.header.stamp), message)
        self._joint_names.update(message.name)

    def _on_description(self, message: String) -> None:
        self._urdf = message.data

    def checks(self) -> list[Check]:
        """Every check, in the order in which a cell is brought up."""
        return [
            *check_camera(self._colour, self._depth, self._info),
            check_joints(self._joints, self._joint_names, self._robot.joint_names, self._robot.finger_names),
            self._check_description(),
            *self._check_transforms(),
            self._check_arm(),
            self._check_gripper(),
            self._check_model(),
            self._check_store(),
        ]

    def _check_description(self) -> Check:
        name, topic = "robot description", self._robot.description_topic
        if not self._urdf:
            return Check(name, False, f"nothing on {topic}", "start robot_state_publisher")
        try:
            build_planner(self._robot, self._urdf, get_package_share_directory)
        except DenseGraspError as error:
            return Check(name, False, str(error), "check robot_type, prefix and limits in config/robot.yaml")
        return Check(name, True, f"{len(self._urdf)} characters, can be planned with")

    def _check_transforms(self) -> list[Check]:
        if self._colour.last is None:
            return [Check("transforms", False, "no image, so no frame and stamp to look up", "start the camera")]
        header = self._colour.last.header
        try:
            base = self._robot.base_frame
            transform = self._buffer.lookup_transform(base, header.frame_id, Time.from_msg(header.stamp))
            hand = self._buffer.lookup_transform(f"{self._robot.name}_hand", header.frame_id, Time())
        except Exception as error:  # tf2's exceptions share no base class across distributions
            remedy = "start robot_state_publisher, the camera driver and hand_eye_publisher; compare their clocks"
            return [Check("transforms", False, str(error), remedy)]
        height = transform.transform.translation.z
        return [
            Check("transforms", True, f"{base} <- {header.frame_id} at the image's stamp, camera at z {height:.3f} m"),
            check_hand_eye(_matrix(hand.transform)),
        ]

    def _check_arm(self) -> Check:
        ready = self._arm.server_is_ready()
        remedy = "load and activate the joint trajectory controller; compare arm_action in config/robot.yaml"
        return Check("arm controller", ready, self._robot.arm_action + ("" if ready else ": no server"), remedy)

    def _check_gripper(self) -> Check:
        ready = [name for name, client in self._grippers.items() if client.server_is_ready()]
        seen = ready[0] if ready else f"{' or '.join(self._grippers)}: no server"
        return Check("gripper", bool(ready), seen, "start the gripper's driver; compare gripper in config/robot.yaml")

    def _check_model(self) -> Check:
        from dense_grasp_core.model_file import load_model

        try:
            info = load_model(self._model)[1]
        except DenseGraspError as error:
            return Check("model", False, str(error), "give a model file with -p model:=PATH")
        return Check("model", True, f"{info.model_id} from {self._model}")

    def _check_store(self) -> Check:
        from dense_grasp_core.store import DescriptorStore

        try:
            store = DescriptorStore(self._store)
            rows = store.list(limit=0).total
            store.close()
        except DenseGraspError as error:
            return Check("descriptor store", False, str(error), "give a database with -p store:=URL")
        return Check("descriptor store", True, f"{rows} taught keypoints in {self._store}")


def _note(stream: Stream, message: Any) -> None:
    stream.add(stamp_ns(message.header.stamp), message)


def _matrix(transform: Any) -> np.ndarray:
    q, t = transform.rotation, transform.translation
    return from_quaternion([q.x, q.y, q.z, q.w], [t.x, t.y, t.z])


def with_config(arguments: list[str]) -> list[str]:
    """The command's arguments with the installed configuration files before them, so that arguments win."""
    files = [part for name in CONFIG for part in ("--params-file", config_file(name))]
    return ["--ros-args", *files, "--", *arguments]


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when every check is fine."""
    try:
        rclpy.init(args=with_config(sys.argv[1:] if arguments is None else arguments))
        node = CellObserver()
    except DenseGraspError as error:
        print(f"check_cell: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    executor = MultiThreadedExecutor(2)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    print(f"looking at the cell for {node.duration:.0f} s ...", flush=True)
    time.sleep(node.duration)
    checks = node.checks()
    print(table(checks))
    failed = sum(not check.ok for check in checks)
    print("ready" if not failed else f"{failed} of {len(checks)} checks failed")
    executor.shutdown(timeout_sec=2.0)
    node.destroy_node()
    rclpy.try_shutdown()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
