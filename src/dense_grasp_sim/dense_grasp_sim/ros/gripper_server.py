"""The Franka gripper's actions and stop service, and the generic GripperCommand, for the simulated hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from control_msgs.action import GripperCommand as GripperCommandAction
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from franka_msgs.action import Grasp, Homing, Move
from rclpy.action import CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp_sim.devices.gripper import GripperCommand, GripperOutcome
from dense_grasp_sim.physics.simulator import Simulator

DEFAULT_SPEED = 0.1  # m/s, of GripperCommand
DEFAULT_FORCE = 20.0  # N, when GripperCommand asks for 0
DEFAULT_EPSILON = 0.005  # m, of GripperCommand
FEEDBACK_PERIOD = 0.05  # s

Start = Callable[[Any], GripperCommand]


class GripperServer:
    """Action servers of one hand; a new command replaces the running one, as in libfranka."""

    def __init__(self, node: Node, simulator: Simulator, fault: Callable[[], str], namespace: str) -> None:
        self._node, self._simulator, self._fault = node, simulator, fault
        self._group = ReentrantCallbackGroup()
        self.servers = [
            self._serve(Homing, f"{namespace}/homing", lambda goal: self._hand.homing(self._data)),
            self._serve(Move, f"{namespace}/move", lambda goal: self._hand.move(self._data, goal.width, goal.speed)),
            self._serve(Grasp, f"{namespace}/grasp", self._start_grasp),
            ActionServer(
                node,
                GripperCommandAction,
                f"{namespace}/gripper_action",
                execute_callback=long_callback(node, self._execute_generic),
                goal_callback=self._accept,
                cancel_callback=lambda _: CancelResponse.ACCEPT,
                callback_group=self._group,
            ),
        ]
        node.create_service(Trigger, f"{namespace}/stop", self._stop, callback_group=self._group)

    @property
    def _hand(self):  # type: ignore[no-untyped-def]
        return self._simulator.gripper

    @property
    def _data(self):  # type: ignore[no-untyped-def]
        return self._simulator.data

    def _serve(self, action: type, name: str, start: Start) -> ActionServer:
        return ActionServer(
            self._node,
            action,
            name,
            execute_callback=long_callback(self._node, lambda handle: self._execute(handle, action, start)),
            goal_callback=self._accept,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=self._group,
        )

    def _accept(self, goal: object) -> GoalResponse:
        if self._fault() == "gripper_refuses":
            self._node.get_logger().error("gripper command rejected: fault gripper_refuses")
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _start_grasp(self, goal: Grasp.Goal) -> GripperCommand:
        return self._hand.grasp(self._data, goal.width, goal.speed, goal.force, goal.epsilon.inner, goal.epsilon.outer)

    def _execute(self, handle: ServerGoalHandle, action: Any, start: Start) -> object:
        outcome = self._run(handle, lambda: start(handle.request), self._franka_feedback(action))
        return action.Result(success=outcome.success, error=outcome.error)

    @staticmethod
    def _franka_feedback(action: Any) -> Callable[[float], object]:
        return lambda width: action.Feedback(current_width=width)

    def _execute_generic(self, handle: ServerGoalHandle) -> GripperCommandAction.Result:
        command = handle.request.command
        width = 2.0 * command.position
        force = command.max_effort or DEFAULT_FORCE

        def start() -> GripperCommand:
            if width >= self._hand.width(self._data):
                return self._hand.move(self._data, width, DEFAULT_SPEED)
            epsilon = DEFAULT_EPSILON
            return self._hand.grasp(self._data, width, DEFAULT_SPEED, force, epsilon, epsilon)

        outcome = self._run(handle, start, lambda now: GripperCommandAction.Feedback(position=0.5 * now))
        return GripperCommandAction.Result(
            position=0.5 * outcome.width,
            effort=force if outcome.stalled else 0.0,
            stalled=outcome.stalled,
            reached_goal=outcome.success,
        )

    def _run(
        self, handle: ServerGoalHandle, start: Callable[[], GripperCommand], feedback: Callable[[float], object]
    ) -> GripperOutcome:
        simulator = self._simulator
        with simulator.lock:
            width = self._hand.width(self._data)
            try:
                command = start()
            except DenseGraspError as error:
                handle.abort()
                self._node.get_logger().warning(f"gripper command failed: {error}")
                return GripperOutcome(False, str(error), width)
        next_feedback = 0.0
        while command.outcome is None:
            if not self._node.context.ok():  # the physics ends, and with it nothing ends any more
                return GripperOutcome(False, "sim_cell ends", width)
            if handle.is_cancel_requested:
                with simulator.lock:
                    if command.outcome is None:
                        self._hand.stop(self._data)
                break
            if time.monotonic() >= next_feedback:
                next_feedback = time.monotonic() + FEEDBACK_PERIOD
                with simulator.lock:
                    width = self._hand.width(self._data)
                handle.publish_feedback(feedback(width))
            time.sleep(0.005)
        outcome = command.outcome
        assert outcome is not None
        if outcome.success:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return outcome

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        with self._simulator.lock:
            self._hand.stop(self._data)
        response.success = True
        return response
