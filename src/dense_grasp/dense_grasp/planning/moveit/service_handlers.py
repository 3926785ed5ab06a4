"""Answers MoveItServices' questions by the MoveItPy of this process: service requests in, responses out.

The calls are those of moveit_py 2.12 (Jazzy) and later; Humble has no moveit_py. Imported by moveit_py_planner alone.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from dense_grasp_ros.poses import pose_matrix, pose_message
from moveit.core.collision_detection import AllowedCollisionMatrix, CollisionRequest, CollisionResult
from moveit.planning import MoveItPy, PlanRequestParameters
from moveit_msgs.msg import ContactInformation, MoveItErrorCodes

from dense_grasp.planning.moveit import messages as moveit_messages
from dense_grasp.planning.moveit.interface import TouchingPair
from dense_grasp.planning.moveit.planning_scene import guarded_pairs


class MoveItPyAnswers:
    """Each method takes a request and its empty response, and returns the response filled."""

    def __init__(self, moveit: MoveItPy, pipeline: str = "ompl"):
        self._moveit = moveit
        self._pipeline = pipeline
        self._monitor = moveit.get_planning_scene_monitor()
        self._components: dict[str, Any] = {}

    def scene(self, request: Any, response: Any) -> Any:
        """GetPlanningScene; the whole scene, whichever components are asked for."""
        with self._monitor.read_only() as scene:
            response.scene = scene.planning_scene_message
        return response

    def change(self, request: Any, response: Any) -> Any:
        """ApplyPlanningScene."""
        response.success = bool(self._monitor.new_planning_scene_message(request.scene))
        return response

    def valid(self, request: Any, response: Any) -> Any:
        """GetStateValidity: collisions of the whole robot, by the pairs that touch."""
        with self._monitor.read_only() as scene:
            state = self._state(scene, request.robot_state)
            if state is None:
                response.valid = False
                return response
            response.valid = not _collides(scene, state)
            if not response.valid:
                response.contacts = [
                    ContactInformation(contact_body_1=a, contact_body_2=b) for a, b in _touching(scene, state)
                ]
        return response

    def solve(self, request: Any, response: Any) -> Any:
        """GetPositionIK, whatever is in the way."""
        question = request.ik_request
        with self._monitor.read_only() as scene:
            if not scene.robot_model.has_joint_model_group(question.group_name):
                return _coded(response, MoveItErrorCodes.INVALID_GROUP_NAME)
            frame = question.pose_stamped.header.frame_id
            if not scene.knows_frame_transform(frame):
                return _coded(response, MoveItErrorCodes.FRAME_TRANSFORM_FAILURE)
            state = self._state(scene, question.robot_state)
            if state is None:
                return _coded(response, MoveItErrorCodes.INVALID_ROBOT_STATE)
            root_from_frame = np.asarray(scene.get_frame_transform(frame))
        pose = question.pose_stamped.pose
        goal = pose_message(root_from_frame @ pose_matrix(pose))
        seconds = question.timeout.sec + 1e-9 * question.timeout.nanosec
        if not state.set_from_ik(question.group_name, goal, question.ik_link_name, seconds):
            return _coded(response, MoveItErrorCodes.NO_IK_SOLUTION)
        positions = state.joint_positions
        response.solution = moveit_messages.robot_state(list(positions), list(positions.values()))
        return _coded(response, MoveItErrorCodes.SUCCESS)

    def plan(self, request: Any, response: Any) -> Any:
        """GetMotionPlan for a joint goal. Holds the interpreter while it plans."""
        question, answer = request.motion_plan_request, response.motion_plan_response
        group = question.group_name
        with self._monitor.read_only() as scene:
            if not scene.robot_model.has_joint_model_group(group):
                answer.error_code.val = MoveItErrorCodes.INVALID_GROUP_NAME
                return response
            state = self._state(scene, question.start_state)
        if state is None:
            answer.error_code.val = MoveItErrorCodes.INVALID_ROBOT_STATE
            return response
        component = self._components.get(group)
        if component is None:
            component = self._components[group] = self._moveit.get_planning_component(group)
        component.set_start_state(robot_state=state)
        component.set_goal_state(motion_plan_constraints=list(question.goal_constraints))
        parameters = PlanRequestParameters(self._moveit, "")
        parameters.planning_pipeline = self._pipeline
        parameters.planning_attempts = max(1, int(question.num_planning_attempts))
        parameters.planning_time = float(question.allowed_planning_time)
        parameters.max_velocity_scaling_factor = float(question.max_velocity_scaling_factor)
        parameters.max_acceleration_scaling_factor = float(question.max_acceleration_scaling_factor)
        planned = component.plan(single_plan_parameters=parameters)
        answer.group_name = group
        answer.error_code = planned.error_code
        if answer.error_code.val == MoveItErrorCodes.SUCCESS and planned.trajectory is not None:
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


def _collides(scene: Any, state: Any, *matrix: AllowedCollisionMatrix) -> bool:
    """Whether anything touches, by the scene's own matrix when none is given."""
    result = CollisionResult()
    scene.check_collision(CollisionRequest(), result, state, *matrix)
    return bool(result.collision)


def _touching(scene: Any, state: Any) -> list[TouchingPair]:
    """The pairs that touch, by halving those that may not: moveit_py does not hand out the contacts that it finds."""
    present = moveit_messages.present_scene(scene.planning_scene_message)
    guarded = guarded_pairs(present)
    # All of them: a name that the matrix does not know touches whatever it touches.
    names = sorted({*present.matrix.names, *present.carried, *present.objects})

    def search(some: list[TouchingPair]) -> list[TouchingPair]:
        matrix = AllowedCollisionMatrix(names, True)
        for a, b in some:
            matrix.set_entry(a, b, False)
        if not some or not _collides(scene, state, matrix):
            return []
        if len(some) == 1:
            return some
        half = len(some) // 2
        return search(some[:half]) + search(some[half:])

    return search(guarded)


def _coded(response: Any, value: int) -> Any:
    response.error_code.val = value
    return response
