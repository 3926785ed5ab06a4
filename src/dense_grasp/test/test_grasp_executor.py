"""The whole executor against a cell of fakes that speaks the real cell's names: goal, result, cancel, busy, faults."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import count, pairwise

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from control_msgs.action import FollowJointTrajectory
from dense_grasp.arm.heartbeat import QOS, Heartbeat
from dense_grasp.arm.robot_description import LATCHED
from dense_grasp.nodes.grasp_executor import GraspExecutor
from dense_grasp.planning.registry import make_planner
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.result_codes import GraspCode, MatchCode, PlaceCode, PlaceStage, ScanCode, Stage
from dense_grasp_ros.action_client import ActionClient
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.quiet import QuietGroup
from franka_msgs.action import Grasp, Homing, Move
from geometry_msgs.msg import Point, PoseStamped
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from visualization_msgs.msg import MarkerArray

from dense_grasp_interfaces.action import GraspObject, PlaceObject, ScanObject
from dense_grasp_interfaces.msg import GraspContact, KeypointMatch, ObjectPose, TaughtKeypoint
from dense_grasp_interfaces.msg import Heartbeat as HeartbeatMessage
from dense_grasp_interfaces.srv import ListDescriptors, LocateKeypoints

OBSERVE = [-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108]
POINTS = {
    "contact": (0.45, 0.0, 0.11),
    "axis_a": (0.45, 0.0, 0.11),
    "axis_b": (0.6, 0.0, 0.11),
    "top": (0.5, 0.2, 0.05),  # of another object
}
NUMBERS = count()


class FakeCell(Node):
    """Arm that jumps along its trajectories, hand, keypoints.

    `held`: (action, n) whose n-th goal does not end until it is canceled or `held` is None. `holding`: it runs.
    """

    def __init__(self, prefix: str, **node_arguments):
        super().__init__("fake_cell", **node_arguments)
        self.joints = np.array(OBSERVE)
        self.width, self.closes_at = 0.08, 0.003
        self.code, self.frozen = MatchCode.OK, False
        self.objects: list[ObjectPose] = []
        self.there: int | None = None  # so many grasps until nothing is found
        self.held: tuple[str, int] | None = None
        self.holding = threading.Event()
        self.asked: Counter[str] = Counter()
        self.trajectories: list = []
        self.stops: list[str] = []
        self.names = [f"{prefix}fr3_joint{i}" for i in range(1, 8)]
        self.fingers = [f"{prefix}fr3_finger_joint{i}" for i in (1, 2)]
        group = ReentrantCallbackGroup()
        self.states = self.create_publisher(JointState, f"/{prefix}joint_states", 10)
        self.create_timer(0.02, self.publish, callback_group=group)
        self.description = self.create_publisher(String, f"/{prefix}robot_description", LATCHED)
        self.description.publish(String(data=primitive_arm_urdf("fr3", prefix)))
        servers = [
            (FollowJointTrajectory, f"/{prefix}fr3_arm_controller/follow_joint_trajectory", self.move_arm),
            (Homing, f"/{prefix}hand/homing", self.move_hand),
            (Move, f"/{prefix}hand/move", self.move_hand),
            (Grasp, f"/{prefix}hand/grasp", self.move_hand),
        ]
        self.servers = [
            ActionServer(self, kind, name, callback, cancel_callback=self.on_cancel, callback_group=group)
            for kind, name, callback in servers
        ]
        self.create_service(Trigger, f"/{prefix}hand/stop", self.on_stop, callback_group=group)
        self.create_service(LocateKeypoints, f"/{prefix}locate", self.locate, callback_group=group)
        self.create_service(ListDescriptors, f"/{prefix}list", self.list, callback_group=group)

    def publish(self):
        if self.frozen:
            return
        positions = [*self.joints.tolist(), self.width / 2, self.width / 2]
        self.states.publish(JointState(name=[*self.names, *self.fingers], position=positions, velocity=[0.0] * 9))

    def on_cancel(self, handle):
        self.stops.append("cancel")
        return CancelResponse.ACCEPT

    def on_stop(self, request, response):
        self.stops.append("hand")
        response.success = True
        return response

    def wait(self, kind: str, handle) -> bool:
        """Whether the goal was not canceled."""
        self.asked[kind] += 1
        me = (kind, self.asked[kind])
        while self.held == me:
            self.holding.set()
            if handle.is_cancel_requested:
                handle.canceled()
                return False
            time.sleep(0.01)
        return True

    def move_arm(self, handle):
        self.trajectories.append(handle.request.trajectory)
        if self.wait("Arm", handle):
            self.joints = np.array(handle.request.trajectory.points[-1].positions)
            handle.succeed()
        return FollowJointTrajectory.Result()

    def move_hand(self, handle):
        kind = type(handle.request).__name__.split("_")[0]
        action = {"Homing": Homing, "Move": Move, "Grasp": Grasp}[kind]
        if not self.wait(kind, handle):
            return action.Result()
        self.width = {"Homing": 0.08, "Move": getattr(handle.request, "width", 0.0), "Grasp": self.closes_at}[kind]
        handle.succeed()
        return action.Result(success=True)

    def list(self, request, response):
        taught = {"cap": ["contact", "axis_a", "axis_b"], "box": ["top"]}.get(request.object_id, [])
        response.taught = [TaughtKeypoint(object_id=request.object_id, keypoint=name) for name in taught]
        return response

    def locate(self, request, response):
        if self.there is not None and self.asked["Grasp"] >= self.there:
            self.code = MatchCode.LOW_SCORE
        response.code = int(self.code)
        for name in request.keypoints:
            x, y, z = POINTS[name]
            match = KeypointMatch(keypoint=name, code=int(self.code), position=Point(x=x, y=y, z=z), message="said so")
            match.header.stamp, match.instance = Time(sec=1), int(bool(self.objects))
            response.matches.append(match)
        response.objects = self.objects
        return response


class Setup:
    """A fake cell, an executor of its own names, and a client."""

    def __init__(self, graph, until, width=0.08, **parameters):
        prefix = f"cell{next(NUMBERS)}_"
        self.until, self.graph, self.prefix = until, graph, prefix
        self.cell = graph.spin(FakeCell(prefix, context=graph.context))
        self.cell.width = width
        self.executor = graph.start(
            GraspExecutor,
            **{
                "prefix": prefix,
                "joint_states_topic": f"/{prefix}joint_states",
                "robot_description_topic": f"/{prefix}robot_description",
                "gripper_namespace": f"/{prefix}hand",
                "locate_service": f"/{prefix}locate",
                "list_service": f"/{prefix}list",
                "action": f"/{prefix}grasp_object",
                "scan_action": f"/{prefix}scan_object",
                "place_action": f"/{prefix}place_object",
                "grasp_markers_topic": f"/{prefix}markers",
                "use_depth": False,
                "hold_time": 0.1,
                "pinch_depth": 0.018,
                "joint_state_timeout": 5.0,  # one process holds cell, executor and test: none gets the CPU all the time
                "server_timeout": PATIENCE,
                **parameters,
            },
        )
        until(self.cell.states.get_subscription_count, 20.0, "the executor, which hears the joint states")
        self.markers: list[MarkerArray] = []
        graph.node.create_subscription(MarkerArray, f"/{prefix}markers", self.markers.append, 1)
        self.client = ActionClient(graph.node, GraspObject, f"/{prefix}grasp_object")
        assert self.client.wait_for_server(PATIENCE)

    def send(self, **goal):
        feedback: list = []
        future = self.client.send_goal_async(
            GraspObject.Goal(**{"object_id": "cap", **goal}),
            feedback_callback=lambda m: feedback.append(m.feedback.stage),
        )
        handle = self.until(lambda: future.done() and future.result(), 10.0, "acceptance")
        assert handle.accepted
        return handle, handle.get_result_async(), feedback

    def result(self, future):
        return self.until(lambda: future.done() and future.result(), 30.0, "result").result

    def grasp(self, **goal):
        return self.result(self.send(**goal)[1])


@pytest.fixture
def setup(graph, until):
    return lambda **parameters: Setup(graph, until, **parameters)


def test_no_stream_wakes_an_idle_executor(graph):
    """Each took some percent of a core; what is latched or comes ten times a second at most may wake it."""
    node = GraspExecutor(context=graph.context)
    try:
        streams = {"JointState", "Image", "CameraInfo", "TFMessage", "WrenchStamped"}
        awake = [
            one.topic_name
            for one in node.subscriptions
            if one.msg_type.__name__ in streams and not isinstance(one.callback_group, QuietGroup)
        ]
        assert not awake
    finally:
        node.destroy_node()


def test_a_grasp_lifts_and_reports(setup):
    made = setup()
    _, future, feedback = made.send()
    result = made.result(future)
    assert result.code == GraspCode.SUCCESS, result.message
    assert len(made.cell.trajectories) == 3
    assert result.grasp_width == pytest.approx(0.003)
    assert [m.keypoint for m in result.matches] == ["contact", "axis_a", "axis_b"]
    assert result.grasp_pose.header.frame_id.endswith("fr3_link0")
    grasp = result.grasp_pose.pose.position
    assert (grasp.x, grasp.y) == pytest.approx((0.45, 0.0), abs=1e-6)
    assert 0.09 < grasp.z < 0.11
    assert result.instances_grasped == 1 and not result.path
    assert 0 < result.planning_time < result.total_time
    assert 0 < result.time_to_first_motion < result.total_time
    made.until(lambda: set(feedback) == set(Stage) - {Stage.DELIVERING}, 5.0, "feedback of every stage")
    made.until(lambda: made.markers, 5.0, "markers")
    assert {m.ns for m in made.markers[0].markers} == {"", "path", "grasp"}


def test_plan_only_moves_nothing(setup):
    made = setup()
    result = made.grasp(plan_only=True)
    assert result.code == GraspCode.SUCCESS
    assert np.isnan(result.time_to_first_motion)
    assert not made.cell.trajectories
    assert made.cell.width == 0.08
    assert not result.path and not result.instances_grasped


def test_the_planned_path_is_told_on_request(setup):
    made = setup()
    result = made.grasp(plan_only=True, return_path=True)
    assert result.code == GraspCode.SUCCESS, result.message
    ends = [(part.points[0].positions, part.points[-1].positions) for part in result.path]
    assert len(ends) == 3 and ends[0][0].tolist() == pytest.approx(made.cell.joints.tolist())
    for (_, end), (start, _) in pairwise(ends):
        assert start.tolist() == pytest.approx(end.tolist())


@pytest.mark.parametrize(
    ("instances", "code", "word"),
    [(1, GraspCode.CONFIGURATION_ERROR, "after_grasp is 'hold'"), (9, GraspCode.INVALID_GOAL, "9")],
)
def test_a_goal_for_what_is_not_done_is_refused(setup, instances, code, word):
    made = setup()
    result = made.grasp(instances=instances)
    assert (result.code, word in result.message) == (code, True)
    assert not made.cell.trajectories


def test_all_of_them_are_delivered_until_no_more_is_found(setup):
    made = setup(after_grasp="deliver", deliver_joints=[0.5, *OBSERVE[1:]])
    made.cell.there = 3
    result = made.grasp(instances=GraspObject.Goal.ALL)
    assert result.code == GraspCode.SUCCESS, result.message
    assert result.message == "grasped 3 x cap, and no more was found"
    assert (result.instances_grasped, made.cell.asked["Grasp"], made.cell.width) == (3, 3, 0.08)
    none = made.grasp(instances=GraspObject.Goal.ALL)
    assert none.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE and none.instances_grasped == 0


def test_contacts_are_tried_as_the_goal_names_them(setup):
    made = setup()
    nowhere = GraspContact(keypoint="contact", axis_keypoints=["axis_a", "nowhere"])
    second = GraspContact(keypoint="axis_a", axis_keypoints=["contact", "axis_b"])
    result = made.grasp(plan_only=True, contacts=[nowhere, second])
    assert result.code == GraspCode.SUCCESS, result.message
    assert result.used_contact == "axis_a" and "nowhere is not taught" in result.message
    assert [m.keypoint for m in result.matches] == ["axis_a", "contact", "axis_b"]
    wrong = made.grasp(contacts=[GraspContact(keypoint="contact", approach_keypoints=["axis_a"])])
    assert wrong.code == GraspCode.INVALID_GOAL and "has 1 names" in wrong.message


def test_a_second_goal_is_busy_and_the_first_goes_on(setup):
    made = setup()
    made.cell.held = ("Arm", 1)
    _, first, _ = made.send()
    made.until(made.cell.holding.is_set, 20.0, "first motion")
    assert made.grasp().code == GraspCode.BUSY
    made.cell.held = None
    assert made.result(first).code == GraspCode.SUCCESS


def test_twenty_goals_at_once_are_all_answered(setup):
    """One runs, for longer than the others take to be answered; refused ones may be canceled, too."""
    made = setup(motion_margin=120.0)
    made.cell.held = ("Arm", 1)
    sent = [made.client.send_goal_async(GraspObject.Goal(object_id="cap")) for _ in range(20)]
    made.until(lambda: all(future.done() for future in sent), 20.0, "acceptance of all")
    handles = [future.result() for future in sent]
    futures = [handle.get_result_async() for handle in handles]
    made.until(lambda: sum(future.done() for future in futures) == 19, 20.0, "refusals")
    assert all(future.result().result.code == GraspCode.BUSY for future in futures if future.done())
    cancels = [handle.cancel_goal_async() for handle, future in zip(handles, futures, strict=True) if future.done()]
    made.until(lambda: all(future.done() for future in cancels), 20.0, "answers to the cancels of refused goals")
    made.cell.held = None
    made.until(lambda: all(future.done() for future in futures), 30.0, "result of the goal that ran")
    assert Counter(future.result().result.code for future in futures) == {GraspCode.BUSY: 19, GraspCode.SUCCESS: 1}


@pytest.mark.parametrize(
    ("stage", "held"),
    [
        (Stage.OBSERVING, ("Homing", 1)),
        (Stage.APPROACHING, ("Arm", 1)),
        (Stage.GRASPING, ("Grasp", 1)),
        (Stage.LIFTING, ("Arm", 3)),
    ],
    ids=lambda value: value.name if isinstance(value, Stage) else "",
)
def test_a_cancel_reaches_what_moves(setup, stage, held):
    made = setup()
    made.cell.held = held
    handle, future, feedback = made.send()
    made.until(made.cell.holding.is_set, 20.0, f"motion of {stage.name}")
    made.until(lambda: stage in feedback, 5.0, stage.name)
    handle.cancel_goal_async()
    assert made.result(future).code == GraspCode.CANCELED
    assert "cancel" in made.cell.stops
    assert ("hand" in made.cell.stops) == (stage in (Stage.OBSERVING, Stage.GRASPING))
    made.cell.held = None
    assert made.grasp(plan_only=True).code == GraspCode.SUCCESS


def test_fingers_that_somebody_else_opens_stop_the_lift(setup):
    made = setup(motion_margin=60.0)
    made.cell.held = ("Arm", 3)
    _, future, _ = made.send()
    made.until(made.cell.holding.is_set, 20.0, "lift")
    made.cell.width = 0.08
    made.until(lambda: "cancel" in made.cell.stops, 10.0, "cancel of the lift")
    made.cell.held = None
    result = made.result(future)
    assert result.code == GraspCode.OBJECT_LOST
    assert "closed to 3.0 mm and are now wider, 80.0 mm apart" in result.message


def test_an_unknown_object_opens_nothing(setup):
    made = setup()
    made.cell.width = 0.003
    result = made.grasp(object_id="unheard_of")
    assert result.code == GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT, result.message
    assert made.cell.width == 0.003 and not made.cell.asked and not made.cell.trajectories


def test_what_the_last_goal_holds_the_next_one_may_not_drop(setup):
    made = setup()
    assert made.grasp().code == GraspCode.SUCCESS
    moved = made.cell.asked.copy()
    result = made.grasp()
    assert result.code == GraspCode.HOLDS_OBJECT and "may_drop" in result.message
    assert made.grasp(plan_only=True).code == GraspCode.SUCCESS
    assert made.cell.asked == moved and made.cell.width == pytest.approx(0.003)
    assert made.grasp(may_drop=True).code == GraspCode.SUCCESS


def test_an_executor_that_has_just_started_does_not_drop_what_may_be_held(setup):
    made = setup(width=0.03)  # before the executor starts: it hears of no other
    assert made.grasp().code == GraspCode.HOLDS_OBJECT
    assert not made.cell.asked


def test_nothing_opens_without_the_arms_controller(setup):
    made = setup(arm_action="/nowhere/follow_joint_trajectory", server_timeout=0.5)
    made.cell.width = 0.003
    assert made.grasp(may_drop=True).code == GraspCode.CONTROLLER_UNAVAILABLE
    assert not made.cell.asked


def test_closing_on_nothing(setup):
    made = setup()
    made.cell.closes_at = 0.0
    result = made.grasp()
    assert result.code == GraspCode.NOTHING_GRASPED
    made.until(lambda: made.cell.width == pytest.approx(0.08), 5.0, "opening")
    assert len(made.cell.trajectories) == 5  # pre-grasp, approach, lift; then up and back to the observation pose
    assert np.allclose(made.cell.joints, OBSERVE, atol=1e-3)


def test_not_found_from_anywhere(setup):
    made = setup(observe_joints_more=[0.1, *OBSERVE[1:]])
    made.cell.code = MatchCode.LOW_SCORE
    result = made.grasp()
    assert result.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE
    assert "2 poses" in result.message
    assert len(made.cell.trajectories) == 1


def test_an_invalid_goal(setup):
    result = setup().grasp(contacts=[GraspContact(keypoint="contact", axis_keypoints=["only_one"])])
    assert result.code == GraspCode.INVALID_GOAL


def test_without_query_node_the_answer_comes_in_time(setup):
    made = setup(list_service="/nowhere", server_timeout=0.5)
    result = made.grasp()
    assert result.code == GraspCode.PERCEPTION_UNAVAILABLE
    assert result.total_time < 3.0


def test_without_robot_description_no_plan(setup):
    made = setup(robot_description_topic="/nowhere")
    result = made.grasp(plan_only=True)
    assert result.code == GraspCode.PLANNER_UNAVAILABLE
    assert "/nowhere" in result.message


def test_another_robots_description_is_named(setup):
    made = setup()
    made.cell.description.publish(String(data=primitive_arm_urdf("panda")))
    made.until(lambda: made.executor._planner._error, 5.0, "second description")
    result = made.grasp(plan_only=True)
    assert result.code == GraspCode.PLANNER_UNAVAILABLE
    assert "has no joint" in result.message


def test_frozen_joint_states_end_the_goal(setup):
    made = setup(joint_state_timeout=0.5)
    made.cell.frozen = True
    made.until(lambda: made.grasp().code == GraspCode.JOINT_STATE_STALE, 20.0, "stale joint states")


def test_a_motion_beyond_the_configured_box_is_not_sent(setup):
    result = (made := setup(tcp_max=[0.40, 0.8, 1.2])).grasp()
    assert result.code == GraspCode.PLANNING_FAILED
    assert "tool centre point x is" in result.message and "to 0.4000" in result.message
    assert not made.cell.trajectories


def test_two_executors_for_one_arm_are_refused(setup):
    made = setup()
    other = Heartbeat(made.graph.node, f"/{made.prefix}fr3_arm_controller/executor_heartbeat")
    made.until(made.executor._heartbeat.others, 10.0, "the other executor")
    result = made.grasp()
    assert result.code == GraspCode.BUSY
    assert other.identity in result.message
    assert not made.cell.trajectories


def test_what_moves_is_told_to_the_watchdog(setup):
    made = setup()
    made.cell.held = ("Arm", 1)
    beats: list[int] = []
    topic = f"/{made.prefix}fr3_arm_controller/executor_heartbeat"
    made.graph.node.create_subscription(HeartbeatMessage, topic, lambda beat: beats.append(beat.moves), QOS)
    handle, future, _ = made.send()
    made.until(made.cell.holding.is_set, 20.0, "first motion")
    made.until(lambda: beats[-3:] == [HeartbeatMessage.ARM] * 3, 5.0, "beats of the arm")
    handle.cancel_goal_async()
    assert made.result(future).code == GraspCode.CANCELED
    made.until(lambda: beats[-1] == HeartbeatMessage.NOTHING, 5.0, "beat of rest")
    assert HeartbeatMessage.GRIPPER in beats


def test_an_unknown_planner_is_refused(graph):
    from dense_grasp.arm.robot_settings import robot_settings
    from dense_grasp.nodes.robot_parameters import MOTION
    from dense_grasp_core.grasping.failure import GraspFailure
    from dense_grasp_ros.parameters import declare

    with pytest.raises(GraspFailure, match="expected one of ompl") as failure:
        make_planner("magic", graph.node, robot_settings(declare(graph.node, MOTION)))
    assert failure.value.code == GraspCode.PLANNER_UNAVAILABLE


def send_scan(made, **goal):
    client = ActionClient(made.graph.node, ScanObject, f"/{made.prefix}scan_object")
    assert client.wait_for_server(PATIENCE)
    future = client.send_goal_async(ScanObject.Goal(**{"object_id": "cap", **goal}))
    handle = made.until(lambda: future.done() and future.result(), 10.0, "acceptance")
    return made.result(handle.get_result_async())


def test_a_scan_while_a_grasp_runs_is_busy(setup):
    made = setup()
    made.cell.held = ("Arm", 1)
    future = made.send()[1]
    assert made.cell.holding.wait(PATIENCE)
    result = send_scan(made)
    assert result.code == ScanCode.BUSY and result.message == "another goal is running"
    made.cell.held = None
    assert made.result(future).code == GraspCode.SUCCESS


def test_a_scan_without_a_camera_says_which_stream_is_missing(setup, tmp_path):
    made = setup(depth_timeout=0.3, store=f"sqlite:///{tmp_path}/store.db")
    result = send_scan(made)
    assert result.code == ScanCode.PERCEPTION_UNAVAILABLE, result.message
    assert "color/image_raw" in result.message
    refused = send_scan(made, join=True)
    assert refused.code == ScanCode.INVALID_GOAL and "cap has no scan that a second one could join" in refused.message
    assert send_scan(made, join=True, overwrite=True).code == ScanCode.INVALID_GOAL
    assert not (tmp_path / "store.db.scans").exists()


def test_a_scan_with_something_in_the_hand_is_refused(setup, tmp_path):
    made = setup(width=0.03, store=f"sqlite:///{tmp_path}/store.db")
    result = send_scan(made)
    assert result.code == ScanCode.HOLDS_OBJECT, result.message
    assert not made.cell.trajectories


def send_place(made, **goal):
    """The handle of the goal, the future of its result, and its stages as they come."""
    client = ActionClient(made.graph.node, PlaceObject, f"/{made.prefix}place_object")
    assert client.wait_for_server(PATIENCE)
    stages: list = []
    future = client.send_goal_async(
        PlaceObject.Goal(**{"where": PlaceObject.Goal.BACK, **goal}),
        feedback_callback=lambda m: stages.append(m.feedback.stage),
    )
    handle = made.until(lambda: future.done() and future.result(), 10.0, "acceptance")
    return handle, handle.get_result_async(), stages


def place(made, **goal):
    return made.result(send_place(made, **goal)[1])


def place_at(made, **fields):
    goal = {"x": 0.45, "y": 0.1, "z": 0.2, "frame": f"{made.prefix}fr3_link0", "turn": (1.0, 0.0, 0.0, 0.0), **fields}
    pose = PoseStamped()
    pose.header.frame_id = goal["frame"]
    pose.pose.position.x, pose.pose.position.y, pose.pose.position.z = goal["x"], goal["y"], goal["z"]
    turn = pose.pose.orientation
    turn.x, turn.y, turn.z, turn.w = goal["turn"]
    return place(made, where=PlaceObject.Goal.AT_POSE, pose=pose)


def test_what_was_grasped_is_put_back_with_its_path_and_its_pose(setup):
    made = setup()
    grasped = made.grasp()
    assert grasped.code == GraspCode.SUCCESS, grasped.message
    _, future, stages = send_place(made, return_path=True)
    result = made.result(future)
    assert result.code == PlaceCode.SUCCESS, result.message
    assert result.place_pose.pose == grasped.grasp_pose.pose
    assert result.place_pose.header.frame_id == f"{made.prefix}fr3_link0"
    assert len(result.path) == 3 and len(made.cell.trajectories) == 6 and made.cell.width == 0.08
    assert 0 < result.planning_time < result.total_time
    made.until(lambda: set(stages) == set(PlaceStage) - {PlaceStage.LOCATING_TARGET}, 5.0, "feedback of every stage")
    again = place(made)
    assert again.code == PlaceCode.NOTHING_HELD and "80.0 mm apart" in again.message
    assert len(made.cell.trajectories) == 6


def test_it_is_put_on_the_point_of_another_object(setup):
    made = setup()
    made.grasp()
    on_box = {"where": PlaceObject.Goal.ON_KEYPOINT, "target_object_id": "box"}
    nowhere = place(made, **on_box, target_keypoint="foot")
    assert nowhere.code == PlaceCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT, nowhere.message
    assert len(made.cell.trajectories) == 3
    result = place(made, **on_box, target_keypoint="top")
    assert result.code == PlaceCode.SUCCESS, result.message
    place_pose = result.place_pose.pose.position
    assert (place_pose.x, place_pose.y) == pytest.approx((0.5, 0.2), abs=1e-6)
    assert [match.keypoint for match in result.matches] == ["top"]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"x": float("nan")}, "pose.position is [nan"),
        ({"turn": (0.0, 0.0, 0.0, 0.0)}, "of length 0.000, expected a unit quaternion"),
        ({"frame": ""}, "frame_id is empty"),
        ({"frame": "nowhere"}, "<- nowhere at the pose's stamp"),
        ({"x": 3.0}, "the workspace is"),
    ],
)
def test_a_pose_that_cannot_be_meant_is_refused(setup, fields, word):
    made = setup(depth_timeout=0.2)
    made.grasp()
    result = place_at(made, **fields)
    assert result.code == PlaceCode.INVALID_GOAL and word in result.message, result.message
    assert len(made.cell.trajectories) == 3 and made.cell.width == pytest.approx(0.003)
    if fields == {"x": 3.0}:
        assert place_at(made).code == PlaceCode.SUCCESS
        assert place(made, where=7).code == PlaceCode.INVALID_GOAL


@pytest.mark.parametrize("two_poses", [False, True])
def test_a_pose_is_of_the_objects_frame_where_its_pose_is_known(setup, two_poses):
    made = setup()
    made.cell.objects = [ObjectPose(instance=2), ObjectPose(instance=1, two_poses=two_poses)]
    frame = made.cell.objects[1].pose.pose
    frame.position.x, frame.position.z, frame.orientation.w = 0.5, 0.02, 1.0
    grasped = made.grasp().grasp_pose.pose
    result = place_at(made, x=0.5, y=0.1, z=0.02, turn=(0.0, 0.0, 0.0, 1.0))
    if two_poses:  # taken for the tool's, on the table
        assert result.code in (PlaceCode.GOAL_IN_COLLISION, PlaceCode.UNREACHABLE), result.message
        return
    assert result.code == PlaceCode.SUCCESS, result.message
    placed = result.place_pose.pose.position
    assert (placed.x, placed.y, placed.z) == pytest.approx(
        (grasped.position.x, grasped.position.y + 0.1, grasped.position.z), abs=1e-6
    )


def test_a_place_is_canceled_on_its_way_and_done_by_the_next_goal(setup):
    made = setup()
    made.grasp()
    made.cell.held = ("Arm", 4)
    made.cell.holding.clear()
    handle, future, stages = send_place(made)
    assert made.cell.holding.wait(PATIENCE)
    made.until(lambda: PlaceStage.CARRYING in stages, 5.0, "carrying")
    assert made.grasp().code == GraspCode.BUSY and send_scan(made).code == ScanCode.BUSY
    handle.cancel_goal_async()
    result = made.result(future)
    assert result.code == PlaceCode.CANCELED and result.message.endswith("; the hand still holds cap")
    assert "cancel" in made.cell.stops and made.cell.width == pytest.approx(0.003)
    made.cell.held = None
    assert made.grasp().code == GraspCode.HOLDS_OBJECT
    assert place(made).code == PlaceCode.SUCCESS


def test_a_place_while_a_grasp_runs_is_busy(setup):
    made = setup()
    made.cell.held = ("Arm", 1)
    future = made.send()[1]
    assert made.cell.holding.wait(PATIENCE)
    assert place(made).code == PlaceCode.BUSY
    made.cell.held = None
    assert made.result(future).code == GraspCode.SUCCESS


def test_an_object_that_is_taken_out_while_it_is_carried_is_lost(setup):
    made = setup(motion_margin=60.0)
    made.grasp()
    made.cell.held = ("Arm", 4)
    made.cell.holding.clear()
    future = send_place(made)[1]
    assert made.cell.holding.wait(PATIENCE)
    made.cell.width = 0.0
    made.until(lambda: "cancel" in made.cell.stops, 10.0, "cancel of the way")
    made.cell.held = None
    result = made.result(future)
    assert result.code == PlaceCode.OBJECT_LOST and "now narrower, 0.0 mm apart" in result.message
    assert place(made).code == PlaceCode.NOTHING_HELD
