"""Node: listens to a cell for a while, and then says what it saw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from ament_index_python.packages import get_package_share_directory
from control_msgs.action import FollowJointTrajectory
from dense_grasp_core.cell_measures.mount_check import PointPair
from dense_grasp_core.cell_measures.resting_points import resting_points
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.quiet import QuietGroup, stay_awake_while
from dense_grasp_ros.shared_parameters import camera_link, camera_parent, chosen_camera
from rclpy.clock import Clock as RclpyClock
from rclpy.clock import ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from dense_grasp.arm.robot_description import LATCHED
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.bringup.launch_support import model_path, store_url
from dense_grasp.cell.checks import Check, Stream, check_camera, check_hand_eye, check_joints
from dense_grasp.cell.clocks import Clocks, check_clock, check_stamps
from dense_grasp.cell.controllers import check_manager
from dense_grasp.cell.depth import DepthHistory, check_depth, check_depth_camera, info_topic
from dense_grasp.cell.files import check_model, check_store_file
from dense_grasp.cell.fingers import FingerReadings, check_fingers
from dense_grasp.cell.look import Messages
from dense_grasp.cell.mount import Expected, check_table, check_two_poses
from dense_grasp.cell.robot_mode import RobotMode
from dense_grasp.cell.second_pose import SecondPose
from dense_grasp.cell.tf_tree import TfTree
from dense_grasp.cell.wrist_camera import PlaceError, WristCamera
from dense_grasp.gripper.registry import adapter_of, own_joint_states
from dense_grasp.nodes.robot_parameters import CHECK_CELL
from dense_grasp.perception.lens_model import meant_info
from dense_grasp.perception.matches import matrix_from_transform
from dense_grasp.perception.messages import NANOSECONDS, stamp_ns
from dense_grasp.perception.network_files import configured_networks
from dense_grasp.planning.in_process.backend import build_planner
from dense_grasp.ros.waiting import Deadline, wait_in_callback

STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
CAMERA_CLOCK = "the camera's clock is wrong: restart its driver, with {}; NTP between machines"
#: s of wall clock that an action server may take to be found, on a busy machine longer than pictures take to come.
SERVER_WAIT_S = 5.0
ROBOT_CLOCK = "restart the robot's driver; run it on this machine, or NTP between the two"


class CellObserver(Node):
    """Listens from its construction on. stop: says that the operator does not want to wait or move any more."""

    def __init__(self, stop: Callable[[], bool] = lambda: False, **node_arguments: Any):
        super().__init__("check_cell", **node_arguments)
        values = declare_with_camera(self, CHECK_CELL)
        self._stop = stop
        self.duration = values["duration"]
        self._robot = robot_settings(values, self.get_namespace())
        self._model = model_path(values["model"])
        self._store = store_url(values["store"], self.get_namespace())
        self._make = chosen_camera(values)
        self._lens_model = values["lens_model"]
        self._tolerance = round(values["sync_tolerance"] * NANOSECONDS)
        self._observe = np.array(values["observe_joints"])
        self._hand, self._child = camera_parent(values), camera_link(values)
        topics = [values[f"{name}_topic"] for name in ("color", "depth", "camera_info")]
        self._manager = values["controller_manager"]
        self._system = RclpyClock(clock_type=ClockType.SYSTEM_TIME)
        self._simulated: int | None = None
        # In a PacedExecutor: waking for each of their messages would leave a busy machine no time to look.
        self._quiet = QuietGroup()
        stay_awake_while(self, lambda: True)
        self._tree = TfTree()
        self._colour, self._depth, self._info = (Stream(topic) for topic in topics)
        self._listen_to_camera()
        self._listen_to_robot()
        self._second = SecondPose(self, self._robot, stop) if values["move"] else None

    # listening

    def _listen_to_camera(self) -> None:
        self._camera = WristCamera(
            self, self._robot.base_frame, (self._hand, self._child), self._tree, self._stop, self._tolerance
        )
        self._history = DepthHistory()
        self._depth_info: CameraInfo | None = None
        sensor = qos_profile_sensor_data
        streams = ((Image, self._colour, "colour"), (Image, self._depth, "depth"), (CameraInfo, self._info, "info"))
        for kind, stream, part in streams:
            self.create_subscription(kind, stream.topic, partial(self._on_picture, stream, part), sensor)
        self._depth_info_topic = info_topic(self._depth.topic)
        self.create_subscription(CameraInfo, self._depth_info_topic, self._on_depth_info, sensor)

    def _listen_to_robot(self) -> None:
        robot, sensor = self._robot, qos_profile_sensor_data
        self._urdf = ""
        self._joints, self._tf = Stream(robot.joint_states_topic), Stream("/tf")
        self._joint_names: set[str] = set()
        self._fingers = FingerReadings(robot.joint_states_topic, robot.gripper)
        self._own_fingers = [FingerReadings(topic, robot.gripper) for topic in own_joint_states(robot)]
        quiet = self._quiet
        self.create_subscription(Clock, "/clock", self._on_clock, QoSProfile(depth=1), callback_group=quiet)
        self.create_subscription(JointState, robot.joint_states_topic, self._on_joints, sensor, callback_group=quiet)
        for readings in self._own_fingers:
            take = partial(self._on_fingers, readings)
            self.create_subscription(JointState, readings.topic, take, sensor, callback_group=quiet)
        self.create_subscription(String, robot.description_topic, self._on_description, LATCHED)
        self.create_subscription(TFMessage, "/tf", self._on_tf, QoSProfile(depth=100), callback_group=quiet)
        self.create_subscription(TFMessage, "/tf_static", self._on_static, STATIC)
        self._mode = RobotMode(self)
        self._arm = ActionClient(self, FollowJointTrajectory, robot.arm_action)
        offered, kind = robot.gripper.command, adapter_of(robot.gripper).action()
        commands = [f"{space}/{offered}" for space in robot.gripper_namespaces]
        self._grippers = {name: ActionClient(self, kind, name) for name in commands}

    def _note(self, stream: Stream, stamp: int, message: Any) -> None:
        stream.add(stamp, message, self._system.now().nanoseconds, self._simulated)

    def _on_clock(self, message: Clock) -> None:
        self._simulated = stamp_ns(message.clock)

    def _on_picture(self, stream: Stream, part: str, message: Any) -> None:
        stamp = stamp_ns(message.header.stamp)
        if part == "info":
            message = meant_info(message, self._lens_model)
        self._note(stream, stamp, message)
        self._camera.pictures.add(part, stamp, message)
        if part == "depth":
            self._history.add(stamp, message)

    def _on_depth_info(self, message: CameraInfo) -> None:
        self._depth_info = meant_info(message, self._lens_model)

    def _on_joints(self, message: JointState) -> None:
        self._note(self._joints, stamp_ns(message.header.stamp), message)
        self._joint_names.update(message.name)
        self._on_fingers(self._fingers, message)

    def _on_fingers(self, readings: FingerReadings, message: JointState) -> None:
        readings.add(message.name, message.position)

    def _on_description(self, message: String) -> None:
        self._urdf = message.data

    def _on_tf(self, message: TFMessage) -> None:
        self._tree.add("/tf", message.transforms, static=False)
        if message.transforms:
            newest = max(stamp_ns(transform.header.stamp) for transform in message.transforms)
            self._note(self._tf, newest, message)

    def _on_static(self, message: TFMessage) -> None:
        self._tree.add("/tf_static", message.transforms, static=True)

    def parents(self, frame: str) -> list[str]:
        """Every frame that this one was published under so far."""
        return self._tree.parents(frame)

    def heard(self, pictures: int, states: int) -> bool:
        """Whether so many pictures, and so many joint states and transforms, have come."""
        few = min(len(stream.stamps) for stream in (self._colour, self._depth, self._info))
        many = min(len(self._joints.stamps), len(self._tf.stamps), *(own.count for own in self._own_fingers[:1]))
        return few >= pictures and many >= states and self._camera.pictures.newest() is not None

    # judging

    def checks(self, say: Callable[[str], None] = lambda text: None) -> list[Check]:
        """Every check, in the order in which a cell is brought up. say: is told before the arm moves."""
        steps: list[tuple[str, Callable[[], Sequence[Check | None]]]] = [
            ("clock", self._check_clocks),
            ("camera", self._check_camera),
            ("joint states", self._check_joints),
            ("robot description", self._check_description),
            ("transforms", self._check_transforms),
            ("table by depth", self._check_table),
            ("two poses", partial(self._check_two_poses, say)),
            ("arm controller", self._check_arm),
            ("gripper", self._check_gripper),
            ("model", lambda: [check_model(self._model)]),
            ("descriptor store", lambda: [check_store_file(self._store, configured_networks(self._model))]),
        ]
        return [check for name, step in steps for check in self._guarded(name, step)]

    def _guarded(self, name: str, step: Callable[[], Sequence[Check | None]]) -> list[Check]:
        try:
            return [check for check in step() if check is not None]
        except DenseGraspError as error:
            return [Check(name, False, str(error), "mend that and look again")]
        except Exception as error:  # one check that breaks must not hide the others
            return [Check(name, False, f"{type(error).__name__}: {error}", "report this line as a fault of check_cell")]

    def _clocks(self) -> Clocks:
        return Clocks(self._simulated is not None, tuple(self._nodes_behind("/clock")))

    def _nodes_behind(self, topic: str) -> list[str]:
        found = self.get_publishers_info_by_topic(topic)
        return sorted({f"{info.node_namespace}/{info.node_name}".replace("//", "/") for info in found})

    def _check_clocks(self) -> list[Check | None]:
        clocks = self._clocks()
        return [
            check_clock(clocks),
            check_stamps("camera's stamps", self._depth, clocks, CAMERA_CLOCK.format(self._make.clock_advice)),
            check_stamps("joint states' stamps", self._joints, clocks, ROBOT_CLOCK),
            check_stamps("transforms' stamps", self._tf, clocks, ROBOT_CLOCK),
        ]

    def _check_camera(self) -> list[Check | None]:
        return [
            *check_camera(self._colour, self._depth, self._info, self._make, self._tolerance),
            *check_depth(self._depth.last, self._history),
            check_depth_camera(self._info.last, self._depth_info, self._depth_info_topic),
        ]

    def _check_joints(self) -> list[Check | None]:
        robot = self._robot
        return [
            check_joints(self._joints, self._joint_names, robot.joint_names, robot.gripper.joints),
            check_fingers(self._fingers, self._own_fingers, self._nodes_behind(self._joints.topic)),
        ]

    def _check_description(self) -> list[Check | None]:
        name, topic = "robot description", self._robot.description_topic
        if not self._urdf:
            return [Check(name, False, f"nothing on {topic}", "start robot_state_publisher")]
        try:
            build_planner(self._robot, self._urdf, get_package_share_directory)
        except DenseGraspError as error:
            return [Check(name, False, str(error), "check robot_type, prefix and limits in config/robot.yaml")]
        return [Check(name, True, f"{len(self._urdf)} characters, can be planned with")]

    def _check_transforms(self) -> list[Check | None]:
        topics = ("/tf", "/tf_static")
        tree = self._tree.check({topic: self._nodes_behind(topic) for topic in topics})
        if self._colour.last is None:
            return [tree, Check("transforms", False, "no image, so no frame and stamp to look up", "start the camera")]
        header, base = self._colour.last.header, self._robot.base_frame
        try:
            placed = self._camera.place(base, header.frame_id, Time.from_msg(header.stamp))
            hand = self._camera.place(self._robot.gripper.hand, header.frame_id, Time())
        except PlaceError as error:
            remedy = "start robot_state_publisher, the camera driver and hand_eye_publisher; compare their clocks"
            return [tree, Check("transforms", False, str(error), remedy)]
        text = f"{base} <- {header.frame_id} at the image's stamp, camera at z {placed.transform.translation.z:.3f} m"
        return [tree, Check("transforms", True, text), check_hand_eye(matrix_from_transform(hand.transform))]

    def _check_table(self) -> list[Check | None]:
        name = "table by depth"
        messages = self._camera.pictures.newest()
        if messages is None:
            return [Check(name, False, "no colour, depth and camera_info of one stamp", "mend the camera's lines")]
        try:
            seen = self._camera.look(messages)
        except PlaceError as error:
            return [Check(name, False, str(error), "mend the transforms first")]
        except DenseGraspError as error:
            return [Check(name, False, str(error), "let the camera look at the table: move the arm to observe_joints")]
        return [check_table(seen.mount, seen.view, self._expected(messages))]

    def _expected(self, messages: Messages) -> Expected:
        centre = 0.5 * (self._robot.workspace_min + self._robot.workspace_max)
        return Expected(self._robot.table_height, centre[:2], *self._camera.edge(messages))

    # moving

    def _check_two_poses(self, say: Callable[[str], None]) -> list[Check | None]:
        name = "two poses"
        seen: list[Messages] = []
        if self._second is None:
            return []
        if self._simulated is not None:
            self.set_parameters([Parameter("use_sim_time", value=True)])
        try:
            self._second.visit(self._observe, self._camera.around, lambda: seen.append(self._camera.fresh()), say)
            looks = [self._camera.look(messages) for messages in seen]
            points = resting_points(looks[0].picture, looks[1].picture)
        except DenseGraspError as error:
            return [Check(name, False, str(error), "mend what failed above first; the arm rests where it is")]
        views = [one.view for one in looks]
        expected = self._expected(seen[0])
        return [check_two_poses(looks[0].mount, views, PointPair(views[0], views[1], *points), expected)]

    # devices

    def _check_arm(self) -> list[Check | None]:
        ready, action = wait_in_callback(self._arm.server_is_ready, Deadline(SERVER_WAIT_S)), self._robot.arm_action
        remedy = "load and activate the joint trajectory controller; compare arm_action in config/robot.yaml"
        line = Check("arm controller", ready, action + ("" if ready else ": no server"), remedy)
        manager = check_manager(self, action, self._robot.joint_names, self._manager)
        return [line, manager, self._mode.check()]

    def _check_gripper(self) -> list[Check | None]:
        def is_ready() -> bool:
            return any(client.server_is_ready() for client in self._grippers.values())

        wait_in_callback(is_ready, Deadline(SERVER_WAIT_S))
        ready = [name for name, client in self._grippers.items() if client.server_is_ready()]
        seen = ready[0] if ready else f"{' or '.join(self._grippers)}: no server"
        return [Check("gripper", bool(ready), seen, "start the gripper's driver; compare gripper in config/robot.yaml")]
