"""Messages and services of MoveIt, against a node that offers move_group's services; needs moveit_msgs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

pytest.importorskip("moveit_msgs", reason="needs moveit_msgs, which comes with MoveIt")
from dense_grasp.arm.robot_settings import robot_settings
from dense_grasp.nodes.robot_parameters import MOTION
from dense_grasp.planning.moveit import codes as moveit_codes
from dense_grasp.planning.moveit import messages as moveit_messages
from dense_grasp.planning.moveit.interface import CollisionMatrix, PathQuestion, SceneChange, SceneObject
from dense_grasp.planning.moveit.services import SERVICES, MoveItServices
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.interfaces import PlanError
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ros.parameters import declare
from moveit_msgs.msg import AllowedCollisionEntry, CollisionObject, ContactInformation
from rclpy.callback_groups import ReentrantCallbackGroup
from shape_msgs.msg import SolidPrimitive
from trajectory_msgs.msg import JointTrajectoryPoint

START, GOAL = np.linspace(0.0, 0.6, 7), np.linspace(0.1, 0.7, 7)
QUESTION = PathQuestion(START, GOAL, 2.0, 0.5, 0.9)


class Offered:
    """The services, answered by hand; `asked` keeps the requests."""

    def __init__(self, node):
        self.asked = {key: [] for key in SERVICES}
        self.hold = threading.Event()
        self.hold.set()
        group = ReentrantCallbackGroup()
        for key, (kind, name) in SERVICES.items():
            node.create_service(kind, f"/some/{name}", self._taken(key), callback_group=group)

    def _taken(self, key):
        def answer(request, response):
            self.asked[key].append(request)
            if key == "plan":
                self.hold.wait(PATIENCE)
            return getattr(self, f"_{key}")(request, response)

        return answer

    def _scene(self, request, response):
        response.scene.robot_model_name = "arm"
        response.scene.robot_state.joint_state.name = ["fr3_joint1", "fr3_joint2"]
        response.scene.world.collision_objects = [CollisionObject(id="crate")]
        matrix = response.scene.allowed_collision_matrix
        matrix.entry_names = ["a", "b"]
        matrix.entry_values = [AllowedCollisionEntry(enabled=row) for row in ([False, True], [True, False])]
        return response

    def _change(self, request, response):
        response.success = True
        return response

    def _valid(self, request, response):
        state = dict(zip(request.robot_state.joint_state.name, request.robot_state.joint_state.position, strict=True))
        response.valid = state["fr3_joint1"] < 1.0
        if not response.valid:
            response.contacts = [ContactInformation(contact_body_1="fr3_link5", contact_body_2="crate")] * 3
        return response

    def _solve(self, request, response):
        response.error_code.val = 1
        response.solution.joint_state.name = [f"fr3_joint{i + 1}" for i in range(7)]
        response.solution.joint_state.position = list(request.ik_request.robot_state.joint_state.position[:7])
        return response

    def _plan(self, request, response):
        (constraints,) = request.motion_plan_request.goal_constraints
        answer = response.motion_plan_response
        answer.error_code.val = 1
        answer.trajectory.joint_trajectory.joint_names = [c.joint_name for c in constraints.joint_constraints]
        for index, positions in enumerate((START.tolist(), [c.position for c in constraints.joint_constraints])):
            point = JointTrajectoryPoint(positions=positions, velocities=[0.0] * 7)
            point.time_from_start.nanosec = index * 500_000_000
            answer.trajectory.joint_trajectory.points.append(point)
        return response


@pytest.fixture
def offered(graph):
    import rclpy.node

    return Offered(graph.spin(rclpy.node.Node("stand_in", context=graph.context)))


def port_to(graph, answer_timeout: float) -> MoveItServices:
    group = ReentrantCallbackGroup()
    settings = robot_settings(declare(graph.node, MOTION))
    return MoveItServices(
        graph.node, settings, who="move_group", namespace="/some", answer_timeout=answer_timeout, callback_group=group
    )


@pytest.fixture
def port(graph):
    return port_to(graph, PATIENCE)


def test_nobody_there_is_said_in_time(graph):
    port = port_to(graph, 2.0)
    with pytest.raises(PlanError, match="no move_group answers: there was no service /some/get_pl") as error:
        port.scene()
    assert error.value.code == GraspCode.PLANNER_UNAVAILABLE


def test_what_it_has_is_read(port, offered):
    scene = port.scene()
    assert (scene.model, scene.joints, scene.objects) == ("arm", ("fr3_joint1", "fr3_joint2"), ("crate",))
    assert scene.matrix.names == ("a", "b")
    np.testing.assert_array_equal(scene.matrix.allowed, [[False, True], [True, False]])


def test_answers_about_a_path_come_in_its_order(port, offered):
    path = np.tile(START, (40, 1))
    path[[3, 17, 39], 0] = 2.0
    touched = [index for index, pairs in enumerate(port.contacts(path)) if pairs]
    assert touched == [3, 17, 39]
    assert port.contacts(path[[3]]) == [[("fr3_link5", "crate")]]
    state = offered.asked["valid"][0].robot_state
    assert state.is_diff and dict(zip(state.joint_state.name, state.joint_state.position))["fr3_finger_joint1"] == 0.04
    assert offered.asked["valid"][0].group_name == "fr3_arm"


def test_a_path_is_asked_for_and_read(port, offered):
    answer = port.plan(QUESTION)
    assert answer.code == moveit_codes.SUCCESS
    np.testing.assert_allclose(answer.positions, [START, GOAL])
    np.testing.assert_allclose(answer.times, [0.0, 0.5])
    request = offered.asked["plan"][0].motion_plan_request
    assert (request.group_name, request.pipeline_id, request.planner_id) == ("fr3_arm", "", "")
    assert (request.allowed_planning_time, request.max_velocity_scaling_factor) == (2.0, 0.5)
    assert request.max_acceleration_scaling_factor == 0.9


def test_a_cancel_does_not_wait_for_the_answer(port, offered):
    offered.hold.clear()
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    try:
        with pytest.raises(Canceled):
            port.plan(QUESTION, stop.is_set)
    finally:
        offered.hold.set()
    assert port.plan(QUESTION).code == moveit_codes.SUCCESS


def test_a_planner_that_hangs_is_given_up(graph, offered):
    port = port_to(graph, 2.0)
    offered.hold.clear()
    try:
        with pytest.raises(PlanError, match=r"did not answer on /some/plan_kinematic_path within 4\.0 s") as error:
            port.plan(QUESTION)
    finally:
        offered.hold.set()
    assert error.value.code == GraspCode.PLANNER_UNAVAILABLE


def test_the_kinematics_question_names_frame_and_link(port, offered):
    pose = np.eye(4)
    pose[:3, 3] = [0.4, 0.1, 0.3]
    code, positions = port.solve("fr3_link8", pose, START)
    assert code == 1
    np.testing.assert_allclose(positions, START)
    request = offered.asked["solve"][0].ik_request
    assert (request.ik_link_name, request.pose_stamped.header.frame_id) == ("fr3_link8", "fr3_link0")
    assert request.pose_stamped.pose.position.y == pytest.approx(0.1)
    assert not request.avoid_collisions


def test_a_change_of_the_scene_arrives_whole(port, offered):
    centres = np.array([[0.5, 0.0, 0.1], [0.6, 0.0, 0.1]])
    seen = SceneObject("dense_grasp_seen", centres, np.full((2, 3), 0.02), touch=("a",), hidden=True)
    camera = SceneObject("dense_grasp_camera", np.array([[0.06, 0.0, 0.02]]), np.full((1, 3), 0.03), "fr3_hand", ("b",))
    matrix = CollisionMatrix(("a", "seen"), np.array([[False, True], [True, False]]), (("c", True),))
    assert port.change(SceneChange((seen, camera), ("old",), ("tool",), matrix))
    scene = offered.asked["change"][0].scene
    assert scene.is_diff and scene.robot_state.is_diff
    removed, boxes = scene.world.collision_objects
    assert (removed.id, removed.operation) == ("old", CollisionObject.REMOVE)
    assert (boxes.header.frame_id, boxes.operation) == ("fr3_link0", CollisionObject.ADD)
    assert [p.type for p in boxes.primitives] == [SolidPrimitive.BOX] * 2
    assert list(boxes.primitives[0].dimensions) == [0.02, 0.02, 0.02] and boxes.primitive_poses[1].position.x == 0.6
    released, carried = scene.robot_state.attached_collision_objects
    assert (released.object.id, released.object.operation) == ("tool", CollisionObject.REMOVE)
    assert (carried.link_name, carried.object.header.frame_id) == ("fr3_hand", "fr3_hand")
    assert list(carried.touch_links) == ["b"]
    assert scene.allowed_collision_matrix.entry_names == ["a", "seen"]
    assert [list(row.enabled) for row in scene.allowed_collision_matrix.entry_values] == [[False, True], [True, False]]
    assert scene.allowed_collision_matrix.default_entry_names == ["c"]
    (colour,) = scene.object_colors
    assert (colour.id, colour.color.a) == ("dense_grasp_seen", 0.0)


def test_a_joint_that_is_not_in_the_answer_is_not_a_number():
    state = moveit_messages.robot_state(["fr3_joint1"], [0.5])
    positions = moveit_messages.joint_positions(state, ["fr3_joint1", "fr3_joint2"])
    assert positions[0] == 0.5 and np.isnan(positions[1])
