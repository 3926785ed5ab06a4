"""MoveItInterface over the services of a move_group, or of our moveit_py_planner, which offers the same ones.

Services and not the action /move_action: planning only is a question with an answer, every distribution has them, and
start and goal are checked before, so that the action's finer codes are not missed. A plan that is on its way cannot
be stopped there, but its answer need not be waited for: on a cancel it is left to come within its planning time.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import numpy as np
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.interfaces import PlanError, StopCheck
from dense_grasp_core.result_codes import GraspCode
from moveit_msgs.msg import PlanningSceneComponents
from moveit_msgs.srv import ApplyPlanningScene, GetMotionPlan, GetPlanningScene, GetPositionIK, GetStateValidity
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.planning.moveit import messages
from dense_grasp.planning.moveit.interface import PathAnswer, PathQuestion, PresentScene, SceneChange, TouchingPair
from dense_grasp.ros.waiting import Deadline, wait_future, wait_in_callback

Array = np.ndarray
#: Kind and name of the services, relative to a namespace. moveit_py_planner offers the same.
SERVICES: dict[str, tuple[Any, str]] = {
    "scene": (GetPlanningScene, "get_planning_scene"),
    "change": (ApplyPlanningScene, "apply_planning_scene"),
    "valid": (GetStateValidity, "check_state_validity"),
    "solve": (GetPositionIK, "compute_ik"),
    "plan": (GetMotionPlan, "plan_kinematic_path"),
}
#: Questions on their way at once: a service's queue holds ten.
WINDOW = 8
IK_TIMEOUT = 0.1  # s


class MoveItServices:
    """Asks the services in `namespace`, "" for the node's own, about one planning group."""

    def __init__(
        self,
        node: Node,
        settings: RobotSettings,
        *,
        who: str,
        namespace: str = "",
        answer_timeout: float = 5.0,
        callback_group: CallbackGroup | None = None,
    ):
        self.who = who
        self.group = settings.planning_group
        self._settings = settings
        self._names = settings.joint_names
        self._timeout = answer_timeout
        self._clients = {
            key: node.create_client(
                kind, f"{namespace.rstrip('/')}/{name}" if namespace else name, callback_group=callback_group
            )
            for key, (kind, name) in SERVICES.items()
        }

    def scene(self, stop: StopCheck | None = None) -> PresentScene:
        """What it has."""
        parts = PlanningSceneComponents
        wanted = (
            parts.SCENE_SETTINGS
            | parts.ROBOT_STATE
            | parts.ROBOT_STATE_ATTACHED_OBJECTS
            | parts.WORLD_OBJECT_NAMES
            | parts.ALLOWED_COLLISION_MATRIX
        )
        request = GetPlanningScene.Request(components=PlanningSceneComponents(components=wanted))
        return messages.present_scene(self._ask("scene", request, stop).scene)

    def change(self, change: SceneChange, stop: StopCheck | None = None) -> bool:
        """Changes its scene; False when it refused."""
        scene = messages.scene_message(change, self._settings.base_frame)
        return bool(self._ask("change", ApplyPlanningScene.Request(scene=scene), stop).success)

    def contacts(self, path: Array, stop: StopCheck | None = None) -> list[list[TouchingPair]]:
        """For each of the positions (N, J) the pairs of links or objects that touch."""
        answers: list[list[TouchingPair]] = []
        pending: deque[Future] = deque()
        rows = deque(np.atleast_2d(path))
        while rows or pending:
            while rows and len(pending) < WINDOW:
                request = GetStateValidity.Request(robot_state=self._state(rows.popleft()), group_name=self.group)
                pending.append(self._send("valid", request, stop))
            answers.append(messages.touching_pairs(self._wait("valid", pending.popleft(), stop)))
        return answers

    def solve(self, link: str, base_from_link: Array, seed: Array, stop: StopCheck | None = None) -> tuple[int, Array]:
        """Inverse kinematics of a link's pose (4, 4): MoveIt's code and positions (J,)."""
        question = messages.ik_request(
            self.group, link, self._settings.base_frame, base_from_link, self._state(seed), IK_TIMEOUT
        )
        answer = self._ask("solve", GetPositionIK.Request(ik_request=question), stop)
        return int(answer.error_code.val), messages.joint_positions(answer.solution, self._names)

    def plan(self, question: PathQuestion, stop: StopCheck | None = None) -> PathAnswer:
        """A path to the joint goal."""
        request = messages.plan_request(question, self.group, self._names, self._state(question.start))
        answer = self._ask("plan", GetMotionPlan.Request(motion_plan_request=request), stop, question.allowed_time)
        return messages.path_answer(answer.motion_plan_response)

    def _state(self, positions: Array) -> Any:
        # The fingers as a grasp begins: the arm's own ones may be anywhere while it plans.
        gripper = self._settings.gripper
        fingers = [gripper.position(self._settings.open_width)] * len(gripper.joints)
        return messages.robot_state((*self._names, *gripper.joints), (*positions, *fingers))

    def _ask(self, key: str, request: Any, stop: StopCheck | None, longer: float = 0.0) -> Any:
        return self._wait(key, self._send(key, request, stop), stop, longer)

    def _send(self, key: str, request: Any, stop: StopCheck | None) -> Future:
        client = self._clients[key]
        began = time.monotonic()
        if not wait_in_callback(client.service_is_ready, Deadline(self._timeout), stop):
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"no {self.who} answers: there was no service {client.srv_name} for "
                f"{time.monotonic() - began:.1f} s; is it started?",
            )
        return client.call_async(request)

    def _wait(self, key: str, future: Future, stop: StopCheck | None, longer: float = 0.0) -> Any:
        client = self._clients[key]
        try:
            answer = wait_future(future, Deadline(self._timeout + longer), stop)
        except Canceled:
            client.remove_pending_request(future)
            raise
        except TimeoutError as error:
            client.remove_pending_request(future)
            raise PlanError(
                GraspCode.PLANNER_UNAVAILABLE,
                f"{self.who} did not answer on {client.srv_name} within {self._timeout + longer:.1f} s",
            ) from error
        if answer is None:
            raise PlanError(GraspCode.PLANNER_UNAVAILABLE, f"{self.who} gave no answer on {client.srv_name}")
        return answer
