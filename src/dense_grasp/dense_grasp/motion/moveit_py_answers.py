"""Answers MoveItServices' questions by the MoveItPy of this process: service requests in, responses out.

The calls are those of moveit_py 2.12 (Jazzy) and later; Humble has no moveit_py. Nothing here imports it: the process
that has a MoveItPy hands it over, with the two kinds of its objects that are needed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.se3 import from_quaternion
from moveit_msgs.msg import ContactInformation

from dense_grasp.motion import moveit_codes, moveit_messages
from dense_grasp.motion.moveit_port import Contact
from dense_grasp.motion.planning_scene import guarded_pairs

NO_IK_SOLUTION, INVALID_GROUP_NAME, INVALID_ROBOT_STATE, INVALID_LINK_NAME = -31, -15, -17, -18
FRAME_TRANSFORM_FAILURE = -21


@dataclass(frozen=True)
class Kinds:
    """Constructors from moveit.core and moveit.planning."""

    request: Callable[[], Any]
    result: Callable[[], Any]
    matrix: Callable[[Sequence[str], bool], Any]
    parameters: Callable[[Any, str], Any]


class MoveItPyAnswers:
    """Each method takes a request and its empty response, and returns the response filled."""

    def __init__(self, moveit: Any, kinds: Kinds, pipeline: str = "ompl"):
        self._moveit = moveit
        self._kinds = kinds
        self._pipeline = pipeline
        self._monitor = moveit.get_planning_scene_monitor()
        self._components: dict[str, Any] = {}
        self._guarded: list[Contact] | None = None

    def scene(self, request: Any, response: Any) -> Any:
        """GetPlanningScene; the whole scene, whichever components are asked for."""
        with self._monitor.read_only() as scene:
            response.scene = scene.planning_scene_message
        return response

    def change(self, request: Any, response: Any) -> Any:
        """ApplyPlanningScene."""
        self._guarded = None
        response.success = bool(self._monitor.new_planning_scene_message(request.scene))
        return response

    def valid(self, request: Any, response: Any) -> Any:
        """GetStateValidity: collisions of the whole robot, by the pairs that touch."""
        with self._monitor.read_only() as scene:
            state = self._state(scene, request.robot_state)
            if state is None:
                response.valid = False
                return response
            response.valid = not self._collides(scene, state)
            if not response.valid:
                pairs = self._touching(scene, state, self._pairs(scene))
                response.contacts = [ContactInformation(contact_body_1=a, contact_body_2=b) for a, b in pairs]
        return response

    def solve(self, request: Any, response: Any) -> Any:
        """GetPositionIK, whatever is in the way."""
        question = request.ik_request
        with self._monitor.read_only() as scene:
            if not scene.robot_model.has_joint_model_group(question.group_name):
                return _coded(response, INVALID_GROUP_NAME)
            frame = question.pose_stamped.header.frame_id
            if not scene.knows_frame_transform(frame):
                return _coded(response, FRAME_TRANSFORM_FAILURE)
            state = self._state(scene, question.robot_state)
            if state is None:
                return _coded(response, INVALID_ROBOT_STATE)
            root_from_frame = np.asarray(scene.get_frame_transform(frame))
        pose = question.pose_stamped.pose
        turn, place = pose.orientation, pose.position
        frame_from_link = from_quaternion([turn.x, turn.y, turn.z, turn.w], [place.x, place.y, place.z])
        goal = moveit_messages.pose_message(root_from_frame @ frame_from_link)
        seconds = question.timeout.sec + 1e-9 * question.timeout.nanosec
        try:
            found = state.set_from_ik(question.group_name, goal, question.ik_link_name, seconds)
        except Exception:  # what MoveIt throws for a link it does not know has no type of its own in Python
            return _coded(response, INVALID_LINK_NAME)
        if not found:
            return _coded(response, NO_IK_SOLUTION)
        positions = state.joint_positions
        response.solution = moveit_messages.robot_state(list(positions), list(positions.values()))
        return _coded(response, moveit_codes.SUCCESS)

    def plan(self, request: Any, response: Any) -> Any:
        """GetMotionPlan for a joint goal. Holds the interpreter while it plans."""
        question, answer = request.motion_plan_request, response.motion_plan_response
        group = question.group_name
        with self._monitor.read_only() as scene:
            if not scene.robot_model.has_joint_model_group(group):
                return _coded(response, INVALID_GROUP_NAME, answer)
            state = self._state(scene, question.start_state)
        if state is None:
            return _coded(response, INVALID_ROBOT_STATE, answer)
        component = self._components.get(group)
        if component is None:
            component = self._components[group] = self._moveit.get_planning_component(group)
        component.set_start_state(robot_state=state)
        component.set_goal_state(motion_plan_constraints=list(question.goal_constraints))
        parameters = self._kinds.parameters(self._moveit, "")
        parameters.planning_pipeline = self._pipeline
        parameters.planning_attempts = max(1, int(question.num_planning_attempts))
        parameters.planning_time = float(question.allowed_planning_time)
        parameters.max_velocity_scaling_factor = float(question.max_velocity_scaling_factor)
        parameters.max_acceleration_scaling_factor = float(question.max_acceleration_scaling_factor)
        planned = component.plan(single_plan_parameters=parameters)
        answer.group_name = group
        answer.error_code = planned.error_code
        if answer.error_code.val == moveit_codes.SUCCESS and planned.trajectory is not None:
            answer.trajectory = planned.trajectory.get_robot_trajectory_msg()
            answer.planning_time = float(planned.planning_time)
        return response

    def _state(self, scene: Any, message: Any) -> Any:
        """The scene's state, with what it carries, at the joints that a message names; None for joints not there."""
        # A copy: moveit_py's property is a view of the scene's own state.
        state = copy.copy(scene.current_state)
        known = state.joint_positions
        wanted = dict(zip(message.joint_state.name, message.joint_state.position, strict=True))
        if not set(wanted) <= set(known):
            return None
        state.joint_positions = wanted
        state.update()
        return state

    def _collides(self, scene: Any, state: Any, matrix: Any = None) -> bool:
        request, result = self._kinds.request(), self._kinds.result()
        more = () if matrix is None else (matrix,)
        scene.check_collision(request, result, state, *more)
        return bool(result.collision)

    def _touching(self, scene: Any, state: Any, pairs: list[Contact]) -> list[Contact]:
        """Those of `pairs` that touch, by halving: moveit_py does not hand out the contacts that it finds."""
        names = sorted({name for pair in self._pairs(scene) for name in pair})

        def search(some: list[Contact]) -> list[Contact]:
            matrix = self._kinds.matrix(names, True)
            for a, b in some:
                matrix.set_entry(a, b, False)
            if not some or not self._collides(scene, state, matrix):
                return []
            if len(some) == 1:
                return some
            half = len(some) // 2
            return search(some[:half]) + search(some[half:])

        return search(pairs)

    def _pairs(self, scene: Any) -> list[Contact]:
        """Pairs of links, carried things and objects that the scene does not let touch."""
        if self._guarded is None:
            self._guarded = guarded_pairs(moveit_messages.present_scene(scene.planning_scene_message))
        return self._guarded


def _coded(response: Any, value: int, holder: Any = None) -> Any:
    (response if holder is None else holder).error_code.val = value
    return response
