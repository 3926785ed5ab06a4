"""The running node: names, types, QoS, stamps, actions, services, faults."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

rclpy = pytest.importorskip("rclpy")

from control_msgs.action import FollowJointTrajectory, GripperCommand  # noqa: E402
from dense_grasp_ros.action_client import ActionClient  # noqa: E402
from dense_grasp_ros.domains import private_domain  # noqa: E402
from franka_msgs.action import Grasp, Homing, Move  # noqa: E402
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, JointState  # noqa: E402
from std_msgs.msg import String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402
from trajectory_msgs.msg import JointTrajectoryPoint  # noqa: E402

from dense_grasp_sim_interfaces.srv import GetReport, GetTruth, SetScene  # noqa: E402

pytestmark = pytest.mark.graph

COLOUR = "/camera/camera/color/image_raw"
DEPTH = "/camera/camera/aligned_depth_to_color/image_raw"
INFO = "/camera/camera/color/camera_info"
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Client:
    """A node with the newest message of every topic it listens to."""

    def __init__(self, context: rclpy.Context) -> None:
        self.node = rclpy.create_node("test_client", context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.messages: dict[str, list] = {}
        self.subscriptions: dict[str, object] = {}
        self.pid = 0

    def listen(self, kind: type, topic: str, qos: object = 10) -> None:
        self.messages[topic] = []
        self.subscriptions[topic] = self.node.create_subscription(
            kind, topic, lambda message: self.messages[topic].append(message), qos
        )

    def deaf(self, topic: str) -> None:
        self.node.destroy_subscription(self.subscriptions.pop(topic))

    def until(self, condition, timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "timed out"
            self.executor.spin_once(timeout_sec=0.05)

    def newest(self, topic: str, timeout: float = 60.0):
        self.messages[topic].clear()
        self.until(lambda: bool(self.messages[topic]), timeout)
        return self.messages[topic][-1]

    def silent(self, topic: str, seconds: float = 0.6) -> bool:
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            self.messages[topic].clear()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.executor.spin_once(timeout_sec=0.05)
            if not self.messages[topic]:
                return True
        return False

    def call(self, kind: type, name: str, request: object, timeout: float = 60.0):
        client = self.node.create_client(kind, name)
        assert client.wait_for_service(60.0), f"no service {name}"
        future = client.call_async(request)
        self.until(future.done, timeout)
        self.node.destroy_client(client)
        return future.result()

    def send(self, kind: type, name: str, goal: object, cancel_after: float | None = None, accepted: bool = True):
        client = ActionClient(self.node, kind, name)
        assert client.wait_for_server(60.0), f"no action {name}"
        sent = client.send_goal_async(goal)
        self.until(sent.done)
        handle = sent.result()
        assert handle.accepted is accepted
        if not accepted:
            return None
        if cancel_after is not None:
            end = time.monotonic() + cancel_after
            self.until(lambda: time.monotonic() > end)
            self.until(handle.cancel_goal_async().done)
        future = handle.get_result_async()
        self.until(future.done)
        client.destroy()
        return future.result()

    def set_parameter(self, name: str, value: str | float) -> bool:
        if isinstance(value, str):
            content = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=value)
        else:
            content = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=value)
        request = SetParameters.Request(parameters=[Parameter(name=name, value=content)])
        return self.call(SetParameters, "/sim_cell/set_parameters", request).results[0].successful


@pytest.fixture(scope="module")
def client():
    domain = private_domain("sim_cell")
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    process = subprocess.Popen([sys.executable, "-m", "dense_grasp_sim.ros.sim_cell"], env=environment)
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    c = Client(context)
    c.listen(Clock, "/clock")
    c.listen(JointState, "/joint_states")
    try:
        c.until(lambda: bool(c.messages["/joint_states"]), 240.0)
        c.pid = process.pid
        yield c
        assert process.poll() is None, "sim_cell died"
    finally:
        c.executor.shutdown()
        c.node.destroy_node()
        rclpy.shutdown(context=context)
        process.terminate()
        process.wait(60.0)


def stamp_of(message) -> float:
    return message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec


def seconds(clock: Clock) -> float:
    return clock.clock.sec + 1e-9 * clock.clock.nanosec


def trajectory_goal(client: Client, change: float, duration: float, joint: int = 0) -> FollowJointTrajectory.Goal:
    state = client.newest("/joint_states")
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = list(state.name[:7])
    target = list(state.position[:7])
    target[joint] += change
    point = JointTrajectoryPoint(positions=target, velocities=[0.0] * 7)
    point.time_from_start.sec = int(duration)
    point.time_from_start.nanosec = round(1e9 * (duration % 1.0))
    goal.trajectory.points = [point]
    return goal


def test_clock_runs_in_real_time_beside_the_camera(client: Client) -> None:
    client.listen(Image, COLOUR, qos_profile_sensor_data)
    client.newest(COLOUR)
    ratios = []
    # A machine that is busy with something else slows the cell down for a while, so it gets several chances.
    while not any(0.85 < ratio < 1.1 for ratio in ratios):
        assert len(ratios) < 15, f"real time factors are {ratios}, expected 1"
        start, began = seconds(client.newest("/clock")), time.monotonic()
        client.until(lambda began=began: time.monotonic() > began + 1.5)
        ratios.append((seconds(client.newest("/clock")) - start) / (time.monotonic() - began))
    client.deaf(COLOUR)


def test_camera_topics_carry_what_the_driver_does(client: Client) -> None:
    client.listen(Image, COLOUR, qos_profile_sensor_data)
    client.listen(Image, DEPTH, qos_profile_sensor_data)
    client.listen(CameraInfo, INFO, qos_profile_sensor_data)
    client.until(lambda: bool(_of_one_stamp(client)))
    colour, depth, info = _of_one_stamp(client)[0]
    assert (colour.encoding, colour.width, colour.height, colour.step) == ("rgb8", 640, 480, 1920)
    assert (depth.encoding, depth.width, depth.height, depth.step) == ("16UC1", 640, 480, 1280)
    assert colour.header.frame_id == depth.header.frame_id == info.header.frame_id == "camera_color_optical_frame"
    assert info.distortion_model == "plumb_bob" and len(info.d) == 5
    assert info.k[0] == info.k[4] == 615.0
    millimetres = np.frombuffer(depth.data, dtype=np.uint16).reshape(480, 640)
    assert np.median(millimetres) == pytest.approx(620, abs=15)
    assert 0.0 < (millimetres == 0).mean() < 0.2
    for topic in (COLOUR, DEPTH, INFO):
        client.deaf(topic)


def test_camera_takes_images_at_the_rate_that_is_set(client: Client) -> None:
    client.listen(Image, COLOUR, qos_profile_sensor_data)
    assert client.set_parameter("camera_rate", 2.0)
    client.newest(COLOUR)  # may have been due before
    client.messages[COLOUR].clear()
    client.until(lambda: len(client.messages[COLOUR]) > 2)
    stamps = [stamp_of(message) for message in client.messages[COLOUR]]
    assert min(np.diff(stamps)) > 0.45
    assert client.set_parameter("camera_rate", 0.0) and client.silent(COLOUR)
    assert client.set_parameter("camera_rate", 5.0)
    client.newest(COLOUR)
    client.deaf(COLOUR)


def _of_one_stamp(client: Client) -> list[tuple]:
    by_stamp = [{stamp_of(m): m for m in client.messages[topic]} for topic in (COLOUR, DEPTH, INFO)]
    common = set(by_stamp[0]) & set(by_stamp[1]) & set(by_stamp[2])
    return [tuple(messages[stamp] for messages in by_stamp) for stamp in sorted(common)]


def test_images_are_best_effort_and_descriptions_latched(client: Client) -> None:
    [publisher] = client.node.get_publishers_info_by_topic(COLOUR)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    for topic in ("/robot_description", "/tf_static"):
        [publisher] = client.node.get_publishers_info_by_topic(topic)
        assert publisher.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL


def test_transforms_reach_from_base_to_tcp_and_camera(client: Client) -> None:
    client.listen(TFMessage, "/tf")
    client.listen(TFMessage, "/tf_static", LATCHED)
    moving = client.newest("/tf").transforms
    client.until(lambda: bool(client.messages["/tf_static"]))
    fixed = client.messages["/tf_static"][-1].transforms
    parents = {t.child_frame_id: t.header.frame_id for t in [*moving, *fixed]}
    frame, chain = "fr3_hand_tcp", []
    while frame in parents:
        frame = parents[frame]
        chain.append(frame)
    assert chain[-1] == "fr3_link0"
    assert parents["camera_color_optical_frame"] == "camera_link"
    assert "camera_link" not in parents  # the hand-eye publisher's business
    assert {"fr3_leftfinger", "fr3_rightfinger"} <= set(parents)


def test_description_names_files_that_exist(client: Client) -> None:
    client.listen(String, "/robot_description", LATCHED)
    client.until(lambda: bool(client.messages["/robot_description"]))
    text = client.messages["/robot_description"][-1].data
    meshes = [part.split('"')[0] for part in text.split('filename="')[1:]]
    assert meshes and all(mesh.startswith("file:///") for mesh in meshes)
    assert all(os.path.isfile(mesh[len("file://") :]) for mesh in meshes)


def test_trajectory_is_followed(client: Client) -> None:
    goal = trajectory_goal(client, 0.2, 0.8)
    result = client.send(FollowJointTrajectory, "/fr3_arm_controller/follow_joint_trajectory", goal)
    assert result.result.error_code == FollowJointTrajectory.Result.SUCCESSFUL, result.result.error_string
    reached = client.newest("/joint_states").position[0]
    assert reached == pytest.approx(goal.trajectory.points[0].positions[0], abs=2e-3)


def test_malformed_trajectory_is_rejected(client: Client) -> None:
    goal = trajectory_goal(client, 0.1, 0.5)
    goal.trajectory.joint_names[0] = "elbow"
    client.send(FollowJointTrajectory, "/fr3_arm_controller/follow_joint_trajectory", goal, accepted=False)


def test_cancel_stops_the_arm_at_once(client: Client) -> None:
    goal = trajectory_goal(client, -0.6, 2.0)
    result = client.send(FollowJointTrajectory, "/fr3_arm_controller/follow_joint_trajectory", goal, cancel_after=0.8)
    assert result.status == 5  # CANCELED
    state = client.newest("/joint_states")
    assert abs(state.velocity[0]) < 0.02
    assert abs(state.position[0] - goal.trajectory.points[0].positions[0]) > 0.1


def test_gripper_wants_homing_then_moves_and_misses_a_grasp(client: Client) -> None:
    move = Move.Goal(width=0.06, speed=0.1)
    assert not client.send(Move, "/franka_gripper/move", move).result.success
    assert client.send(Homing, "/franka_gripper/homing", Homing.Goal()).result.success
    assert client.send(Move, "/franka_gripper/move", move).result.success
    state = client.newest("/joint_states")
    assert sum(state.position[7:]) == pytest.approx(0.06, abs=2e-3)
    grasp = Grasp.Goal(width=0.03, speed=0.2, force=20.0)
    grasp.epsilon.inner = grasp.epsilon.outer = 0.005
    result = client.send(Grasp, "/franka_gripper/grasp", grasp).result
    assert not result.success and "0.02" in result.error
    generic = GripperCommand.Goal()
    generic.command.position = 0.04
    result = client.send(GripperCommand, "/franka_gripper/gripper_action", generic).result
    assert result.reached_goal and result.position == pytest.approx(0.04, abs=1e-3)
    assert client.call(Trigger, "/franka_gripper/stop", Trigger.Request()).success


def test_scene_truth_and_report(client: Client) -> None:
    request = SetScene.Request(scene="cap", seed=1001, random_pose=True, pose_seed=3)
    before = seconds(client.newest("/clock"))
    response = client.call(SetScene, "/dense_grasp_sim/set_scene", request)
    assert response.success, response.message
    assert 0.25 < response.pose.position.x < 0.75 and abs(response.pose.position.y) < 0.35
    assert seconds(client.newest("/clock")) >= before
    keys = GetTruth.Request(parts=["crown", "button"], us=[0.5, 0.0], vs=[0.0, 1.0])
    truth = client.call(GetTruth, "/dense_grasp_sim/get_truth", keys)
    assert truth.success and list(truth.visible) == [True, False]
    assert truth.positions[0].z == pytest.approx(0.115, abs=0.03)
    report = client.call(GetReport, "/dense_grasp_sim/get_report", GetReport.Request())
    assert not report.lifted and "table" in report.reason and list(report.other_contacts) == ["table"]
    request = SetScene.Request(scene="mug_elsewhere", seed=1, random_pose=True, pose_seed=3)
    solid = client.call(SetScene, "/dense_grasp_sim/set_scene", request)
    assert solid.success and "on the table:" in solid.message and 0.02 < solid.pose.position.z < 0.07
    truth = client.call(GetTruth, "/dense_grasp_sim/get_truth", keys)
    assert not truth.success and "side of the mug is 'crown', expected one of front" in truth.message
    sides = GetTruth.Request(parts=["top", "bottom"], us=[0.5, 0.5], vs=[0.5, 0.5])
    truth = client.call(GetTruth, "/dense_grasp_sim/get_truth", sides)
    assert truth.success and len(truth.positions) == 2, truth.message
    wrong = client.call(SetScene, "/dense_grasp_sim/set_scene", SetScene.Request(scene="hat"))
    assert not wrong.success and "'hat'" in wrong.message
    assert client.call(SetScene, "/dense_grasp_sim/set_scene", SetScene.Request()).success
    truth = client.call(GetTruth, "/dense_grasp_sim/get_truth", keys)
    assert not truth.success and "empty" in truth.message


def test_scene_after_scene_takes_no_more_memory(client: Client) -> None:
    """A scene takes 130 MB while it is built. They were kept by each of the eight threads that built one.

    The least of four scenes is what stays: a reading that falls into the building of something is 60 to 120 MB higher.
    """
    client.listen(Image, COLOUR, qos_profile_sensor_data)
    memory = []
    for seed in range(1100, 1112):
        request = SetScene.Request(scene="cap", seed=seed, random_pose=True, pose_seed=seed)
        assert client.call(SetScene, "/dense_grasp_sim/set_scene", request, timeout=120.0).success
        client.newest(COLOUR)  # the renderer has gone over to it, too
        memory.append(psutil.Process(client.pid).memory_info().rss)
    client.deaf(COLOUR)
    assert min(memory[8:]) - min(memory[4:8]) < 100e6, [round(value / 1e6) for value in memory]


def test_overview_is_published_while_subscribed(client: Client) -> None:
    topic = "/dense_grasp_sim/overview/image_raw"
    client.listen(Image, topic, qos_profile_sensor_data)
    image = client.newest(topic)
    assert (image.encoding, image.width, image.height) == ("rgb8", 640, 480)
    client.deaf(topic)


def test_faults(client: Client) -> None:
    assert not client.set_parameter("fault", "gremlins")
    client.listen(Image, DEPTH, qos_profile_sensor_data)
    client.newest(DEPTH)
    for fault, encoding in (("zero_depth", "16UC1"), ("nan_depth", "32FC1")):
        assert client.set_parameter("fault", fault)
        client.until(lambda fault=fault: _shows(client.newest(DEPTH), fault))
        assert client.messages[DEPTH][-1].encoding == encoding
    assert client.set_parameter("fault", "camera_unplugged") and client.silent(DEPTH)
    client.deaf(DEPTH)
    assert client.set_parameter("fault", "frozen_joint_states") and client.silent("/joint_states")
    assert client.set_parameter("fault", "gripper_refuses")
    client.send(Homing, "/franka_gripper/homing", Homing.Goal(), accepted=False)
    assert client.set_parameter("fault", "")
    goal = trajectory_goal(client, 0.3, 3.0)
    assert client.set_parameter("fault", "controller_aborts")
    result = client.send(FollowJointTrajectory, "/fr3_arm_controller/follow_joint_trajectory", goal)
    assert result.status == 6 and "controller_aborts" in result.result.error_string
    goal = trajectory_goal(client, 0.3, 1.0)
    assert client.set_parameter("fault", "controller_lies")
    result = client.send(FollowJointTrajectory, "/fr3_arm_controller/follow_joint_trajectory", goal)
    assert result.status == 4 and result.result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
    client.listen(JointState, "/joint_states", 10)
    state = client.newest("/joint_states")
    known = dict(zip(state.name, state.position, strict=True))
    names, end = goal.trajectory.joint_names, goal.trajectory.points[-1].positions
    assert max(abs(known[name] - value) for name, value in zip(names, end, strict=True)) > 0.1
    assert client.set_parameter("fault", "")


def test_faults_of_stamps_units_and_fingers(client: Client) -> None:
    client.listen(Image, DEPTH, qos_profile_sensor_data)
    client.newest(DEPTH)
    near = np.median(np.frombuffer(client.messages[DEPTH][-1].data, np.uint16))

    def ahead() -> float:
        image = client.newest(DEPTH)
        return stamp_of(image) - seconds(client.messages["/clock"][-1])

    assert ahead() < 0.05
    assert client.set_parameter("fault", "stamps_ahead")
    client.until(lambda: ahead() > 0.3)
    assert client.set_parameter("fault", "depth_in_tenths")
    client.until(lambda: np.median(np.frombuffer(client.newest(DEPTH).data, np.uint16)) > 9 * near)
    assert client.set_parameter("fault", "zero_fingers")
    client.until(lambda: list(client.newest("/joint_states").position[7:]) == [0.0, 0.0])
    assert client.set_parameter("fault", "")
    client.until(lambda: client.newest("/joint_states").position[7] > 0.01)
    client.deaf(DEPTH)


def _shows(image: Image, fault: str) -> bool:
    if fault == "zero_depth":
        return image.encoding == "16UC1" and not np.frombuffer(image.data, np.uint16).any()
    return image.encoding == "32FC1" and bool(np.isnan(np.frombuffer(image.data, np.float32)).all())
