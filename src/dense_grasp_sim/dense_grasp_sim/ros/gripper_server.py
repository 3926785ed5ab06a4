"""The actions and stop services that the simulated gripper's record names: Franka's own, and GripperCommand."""

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
Execute = Callable[[ServerGoalHandle], object]


class GripperServer:
    """Action servers of one hand; a new command replaces the running one, as in libfranka."""

    def __init__(self, node: Node, simulator: Simulator, fault: Callable[[], str], namespace: str) -> None:
        self._node, self._simulator, self._fault = node, simulator, fault
        self._group = ReentrantCallbackGroup()
        self._record = simulator.gripper.record
        frankas = {
            "homing": self._frankas(Homing, lambda goal: self._hand.homing(self._data)),
            "move": self._frankas(Move, lambda goal: self._hand.move(self._data, goal.width, goal.speed)),
            "grasp": self._frankas(Grasp, self._start_grasp),
            "gripper_action": (GripperCommandAction, self._as_franka_gripper),
        }
        controllers = GripperCommandAction, self._as_controller
        self.servers = [
            self._serve(f"{namespace}/{action}", *frankas.get(action, controllers)) for action in self._record.actions
        ]
        for service in self._record.stop_services:
            node.create_service(Trigger, f"{namespace}/{service}", self._stop, callback_group=self._group)

    @property
    def _hand(self):  # type: ignore[no-untyped-def]
        return self._simulator.gripper

    @property
    def _data(self):  # type: ignore[no-untyped-def]
        return self._simulator.data

    def _serve(self, name: str, action: type, execute: Execute) -> ActionServer:
        return ActionServer(
            self._node,
            action,
            name,
            execute_callback=long_callback(self._node, execute),
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

    def _frankas(self, action: Any, start: Start) -> tuple[type, Execute]:
        """One of franka_msgs' actions, and what runs it; they are alike in what they answer."""

        def execute(handle: ServerGoalHandle) -> object:
            outcome = self._run(handle, lambda: start(handle.request), lambda now: action.Feedback(current_width=now))
            return action.Result(success=outcome.success, error=outcome.error)

        return action, execute

    def _execute_command(self, handle: ServerGoalHandle, start: Callable[[float, float], GripperCommand]) -> object:
        command, record = handle.request.command, self._record
        width, force = record.width_at(command.position), command.max_effort or DEFAULT_FORCE

        def feedback(now: float) -> object:
            return GripperCommandAction.Feedback(position=record.position(now))

        outcome = self._run(handle, lambda: start(width, force), feedback)
        return GripperCommandAction.Result(
            position=record.position(outcome.width),
            effort=force if outcome.stalled else 0.0,
            stalled=outcome.stalled,
            reached_goal=outcome.success,
        )

    def _as_franka_gripper(self, handle: ServerGoalHandle) -> object:
        """As franka_gripper has it: a motion outwards, a grasp inwards, which fails unless it ends near the width."""

        def start(width: float, force: float) -> GripperCommand:
            if width >= self._hand.width(self._data):
                return self._hand.move(self._data, width, DEFAULT_SPEED)
            epsilon = DEFAULT_EPSILON
            return self._hand.grasp(self._data, width, DEFAULT_SPEED, force, epsilon, epsilon)

        return self._execute_command(handle, start)

    def _as_controller(self, handle: ServerGoalHandle) -> object:
        """As GripperActionController has it: a motion to the position, which may stall on the way."""
        return self._execute_command(
            handle, lambda width, force: self._hand.move(self._data, width, DEFAULT_SPEED, force)
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
