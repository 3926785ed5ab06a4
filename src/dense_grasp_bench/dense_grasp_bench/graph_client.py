"""A small client of the running graph: the operator's services, the grasp action, images, the simulation's referee."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from control_msgs.action import FollowJointTrajectory
from dense_grasp_client.connection import Connection, GraphError
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.demand import Demand
from dense_grasp_ros.service_qos import EVERY_CALL
from dense_grasp_ros.topic_on_demand import TopicOnDemand
from rcl_interfaces.srv import SetParameters
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_interfaces.srv import (
    DeleteDescriptor,
    GetPicture,
    ListDescriptors,
    LocateKeypoints,
    RegisterDescriptor,
    RenameKeypoint,
)
from dense_grasp_sim_interfaces.srv import GetReport, GetTruth, SetScene

CALL_TIMEOUT_S = 20.0
#: s between two looks whether descriptor images are waited for, and for which they are after a wait.
LOOK_S, AWAITED_S = 0.1, 1.0
_SERVICES: dict[str, tuple[Any, str]] = {
    "register": (RegisterDescriptor, "dense_grasp/register_descriptor"),
    "list": (ListDescriptors, "dense_grasp/list_descriptors"),
    "picture": (GetPicture, "dense_grasp/get_picture"),
    "delete": (DeleteDescriptor, "dense_grasp/delete_descriptor"),
    "rename": (RenameKeypoint, "dense_grasp/rename_keypoint"),
    "locate": (LocateKeypoints, "dense_grasp/locate_keypoints"),
    "set_scene": (SetScene, "dense_grasp_sim/set_scene"),
    "get_truth": (GetTruth, "dense_grasp_sim/get_truth"),
    "get_report": (GetReport, "dense_grasp_sim/get_report"),
}
_ASK_AGAIN = (StoreCode.NO_FRAME, StoreCode.STALE, StoreCode.BUSY)
PERCEPTION_SERVICES = ("register", "list", "delete", "locate")
SIM_SERVICES = ("set_scene", "get_truth", "get_report")


def stamp_seconds(stamp: Any) -> float:
    """Seconds of a builtin_interfaces/Time."""
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)


#: Takes a feedback message of the grasp action.
Feedback = Callable[[Any], None]


class GraphClient:
    """One ROS context of its own in the given domain, spun in a thread; every call has a time-out.

    robot: prefix and type of the arm, the first part of its controller's and joints' names. namespace: of the cell, in
    which relative names of topics and nodes are.
    """

    def __init__(
        self,
        domain: int,
        graph: GraphProcess | None = None,
        use_sim_time: bool = True,
        name: str = "client",
        robot: str = "fr3",
        namespace: str = "",
    ):
        self.robot, self.domain = robot, domain
        self.connection = Connection(
            name, namespace, domain=domain, use_sim_time=use_sim_time, check=graph.check if graph else None
        )
        self.node = self.connection.node
        self._clients = {
            key: self.node.create_client(kind, topic, qos_profile=EVERY_CALL)
            for key, (kind, topic) in _SERVICES.items()
        }
        self._action = self.node.resolve_topic_name("dense_grasp/grasp_object")
        self._grasp = ActionClient(self.node, GraspObject, self._action)
        # Never destroyed while the thread spins: rclpy's executor raises when an action client goes between two waits.
        self._arm = ActionClient(self.node, FollowJointTrajectory, f"{robot}_arm_controller/follow_joint_trajectory")
        self._descriptor_stamp = -1.0
        self._on_descriptors: list[Callable[[DescriptorImage], None]] = []
        self._descriptors: TopicOnDemand | None = None
        self._awaited = Demand(lasts=AWAITED_S)
        self.close = self.connection.close
        self.wait = self.connection.wait
        self.result = self.connection.result
        self.leave = self.connection.leave

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # waiting

    def wait_services(self, keys: Iterable[str], timeout: float) -> None:
        """Until the named services are there."""
        end = time.monotonic() + timeout
        for key in keys:
            client = self._clients[key]
            self.wait(client.service_is_ready, max(0.1, end - time.monotonic()), f"service {client.srv_name}")

    def wait_grasp_action(self, timeout: float) -> None:
        """Until the grasp action is there."""
        self.wait(self._grasp.server_is_ready, timeout, f"action {self._action}")

    def now(self):
        """The node's clock as a builtin_interfaces/Time (simulated time in the simulation)."""
        return self.connection.now().to_msg()

    # services

    def call(self, key: str, patience: float = CALL_TIMEOUT_S, **fields: Any) -> Any:
        """Call the service `key` of `_SERVICES` with the request's fields; waits `patience` s for the answer."""
        kind, _ = _SERVICES[key]
        client = self._clients[key]
        self.wait(client.service_is_ready, patience, f"service {client.srv_name}")
        request = kind.Request(**fields)
        return self.result(client.call_async(request), patience, f"answer of {client.srv_name}")

    def offers(self, key: str) -> bool:
        """Whether a node offers the service now."""
        return self._clients[key].service_is_ready()

    def request(self, key: str, **fields: Any) -> Any:
        """Call the service `key` and do not wait; the future of its answer."""
        return self._clients[key].call_async(_SERVICES[key][0].Request(**fields))

    def register(self, object_id: str, keypoint: str, u: float, v: float, patience: float = CALL_TIMEOUT_S) -> None:
        """Teach a pixel, again while there is no fresh frame or the object's scan is being described; raises GraphError
        when it is refused.
        """

        def answered():
            answer = self.call("register", patience, object_id=object_id, keypoint=keypoint, u=u, v=v, overwrite=True)
            return None if answer.code in _ASK_AGAIN else answer

        answer = self.wait(answered, patience, f"a fresh frame, and a described scan, to teach {keypoint} on")
        if answer.code != StoreCode.OK:
            raise GraphError(f"{keypoint} at ({u:.0f}, {v:.0f}) refused with code {answer.code}: {answer.message}")

    def set_parameter(self, node: str, name: str, value: Any, timeout: float = CALL_TIMEOUT_S) -> None:
        """Set a parameter of a running node, numbers as doubles; raises GraphError when it refuses."""
        client = self.node.create_client(SetParameters, f"{node}/set_parameters")
        self.wait(client.service_is_ready, timeout, f"service {client.srv_name}")
        if isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        request = SetParameters.Request(parameters=[Parameter(name, value=value).to_parameter_msg()])
        answer = self.result(client.call_async(request), timeout, f"answer of {client.srv_name}").results[0]
        self.node.destroy_client(client)
        if not answer.successful:
            raise GraphError(f"{node} refused {name} = {value!r}: {answer.reason}")

    # the arm

    @property
    def arm_joints(self) -> list[str]:
        """Names of the arm's joints; joint states have the gripper's, too."""
        return [f"{self.robot}_joint{i}" for i in range(1, 8)]

    def move_arm(self, joints: Sequence[float], seconds: float, timeout: float = 60.0) -> None:
        """Move the arm's seven joints to `joints` rad in `seconds` s of the graph's clock; raises GraphError when the
        controller refuses or fails.
        """
        self.wait(self._arm.server_is_ready, timeout, "the arm's controller")
        point = JointTrajectoryPoint(positions=list(joints), velocities=[0.0] * 7)
        point.time_from_start = Duration(seconds=seconds).to_msg()
        goal = FollowJointTrajectory.Goal()
        goal.trajectory = JointTrajectory(joint_names=self.arm_joints, points=[point])
        handle = self.result(self._arm.send_goal_async(goal), timeout, "the controller's answer")
        if not handle.accepted:
            raise GraphError(f"the arm's controller refused to move to {goal.trajectory.points[0].positions}")
        result = self.result(handle.get_result_async(), timeout, "the end of the arm's motion").result
        if result.error_code != result.SUCCESSFUL:
            raise GraphError(f"the arm's controller ended with {result.error_code}: {result.error_string}")

    # topics

    def on_image(self, topic: str, callback: Callable[[Image], None]) -> None:
        """Call `callback` with every image of a topic, in the client's thread."""
        self.node.create_subscription(Image, topic, callback, qos_profile_sensor_data)

    def next_image(self, topic: str, timeout: float = 30.0) -> Image:
        """An image of a topic that comes after the call, subscribed to until then: a camera that nobody looks through
        need not render. Raises GraphError after `timeout` s.
        """
        taken: list[Image] = []
        subscription = self.node.create_subscription(Image, topic, taken.append, qos_profile_sensor_data)
        try:
            return self.wait(lambda: taken, timeout, f"image on {topic}")[-1]
        finally:
            self.leave(subscription)

    def watch_descriptors(self) -> None:
        """Keep the stamp of the newest descriptor image, while it is waited for or others subscribe to them anyway: the
        network rests while nobody asks.
        """
        if self._descriptors is not None:
            return
        qos = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
        topic = self.node.resolve_topic_name("dense_grasp/descriptors")

        def is_wanted() -> bool:
            others = self.node.count_subscribers(topic) - int(descriptors.is_open)
            return self._awaited.is_wanted or bool(self._on_descriptors and others)

        descriptors = TopicOnDemand(self.node, DescriptorImage, topic, self._take_descriptors, is_wanted, qos=qos)
        self._descriptors = descriptors
        self.node.create_timer(LOOK_S, descriptors.adapt, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _take_descriptors(self, message: DescriptorImage) -> None:
        self._descriptor_stamp = stamp_seconds(message.header.stamp)
        for callback in self._on_descriptors:
            callback(message)

    def on_descriptors(self, callback: Callable[[DescriptorImage], None]) -> None:
        """Call `callback` with every descriptor image that is watched, in the client's thread."""
        self._on_descriptors.append(callback)

    def forget_descriptors(self) -> None:
        """The clock may have begun anew: stamps of before mean nothing."""
        self._descriptor_stamp = -1.0

    def wait_descriptors(self, not_before: float, timeout: float = CALL_TIMEOUT_S) -> None:
        """Until two descriptor images stamped after `not_before` s have gone by, so that every node has one."""
        first = 0.0

        def second() -> bool:
            nonlocal first
            if self._descriptor_stamp >= not_before and not first:
                first = self._descriptor_stamp
            return bool(first) and self._descriptor_stamp > first

        with self._awaited.needed():
            self.wait(second, timeout, f"descriptors stamped after {not_before:.3f} s")

    # the grasp action

    def offers_grasp(self) -> bool:
        """Whether a node offers the grasp action now."""
        return self._grasp.server_is_ready()

    def request_grasp(self, goal: GraspObject.Goal, on_feedback: Feedback | None = None) -> Any:
        """Send a goal and do not wait; the future of its handle."""
        return self._grasp.send_goal_async(goal, feedback_callback=on_feedback)

    def send_grasp(
        self, goal: GraspObject.Goal, on_feedback: Feedback | None = None, timeout: float = CALL_TIMEOUT_S
    ) -> Any:
        """The accepted goal's handle; raises GraphError when it is not accepted."""
        self.wait_grasp_action(timeout)
        future = self._grasp.send_goal_async(goal, feedback_callback=on_feedback)
        handle = self.result(future, timeout, "answer to the grasp goal")
        if not handle.accepted:
            raise GraphError("the grasp goal was not accepted")
        return handle

    def grasp(
        self,
        goal: GraspObject.Goal,
        timeout: float,
        on_feedback: Feedback | None = None,
        accept_timeout: float = CALL_TIMEOUT_S,
    ) -> GraspObject.Result:
        """Send a goal and wait for its result."""
        handle = self.send_grasp(goal, on_feedback, accept_timeout)
        return self.result(handle.get_result_async(), timeout, "result of the grasp goal").result
