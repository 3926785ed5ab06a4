"""The actions and the stop service of franka_gripper over Franka's own connection to the hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from dense_grasp_ros.service_qos import EVERY_CALL
from franka_msgs.action import Grasp, Homing, Move
from rclpy.action import CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_srvs.srv import Trigger

from dense_grasp_franka.hand import FrankaHand

POLL = 0.02  # s
FEEDBACK_PERIOD = 0.05  # s

Start = Callable[[Any], Any]


class HandServer:
    """homing, move, grasp and stop of one hand under `namespace`."""

    def __init__(self, node: Node, hand: FrankaHand, namespace: str) -> None:
        self._node, self._hand = node, hand
        self._group = ReentrantCallbackGroup()
        self.servers = [
            self._serve(Homing, f"{namespace}/homing", lambda goal: hand.homing()),
            self._serve(Move, f"{namespace}/move", lambda goal: hand.move(goal.width, goal.speed)),
            self._serve(Grasp, f"{namespace}/grasp", self._start_grasp),
        ]
        stop = long_callback(node, self._stop, on_error=_not_stopped)
        node.create_service(Trigger, f"{namespace}/stop", stop, qos_profile=EVERY_CALL, callback_group=self._group)

    def _serve(self, action: Any, name: str, start: Start) -> ActionServer:
        return ActionServer(
            self._node,
            action,
            name,
            execute_callback=long_callback(self._node, lambda handle: self._execute(handle, action, start)),
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=self._group,
        )

    def _start_grasp(self, goal: Grasp.Goal) -> Any:
        return self._hand.grasp(goal.width, goal.speed, goal.force, goal.epsilon.inner, goal.epsilon.outer)

    def _execute(self, handle: ServerGoalHandle, action: Any, start: Start) -> object:
        try:
            success = self._run(handle, action, start(handle.request))
            error = "" if success else self._why(action)
        except self._hand.error as exception:
            success, error = False, str(exception)
        if success:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            self._node.get_logger().warning(f"gripper: {action.__name__} failed: {error}")
            handle.abort()
        return action.Result(success=success, error=error)

    def _why(self, action: Any) -> str:
        state = self._hand.state()
        where = f" at {state.width:.4f} m" if state is not None else ""
        return f"the hand ended {action.__name__.lower()} without success{where}"

    def _run(self, handle: ServerGoalHandle, action: Any, future: Any) -> bool:
        next_feedback, stopped = 0.0, False
        while not future.wait(POLL):
            ending = not self._node.context.ok()
            if (handle.is_cancel_requested or ending) and not stopped:
                self._hand.stop()
                stopped = True
            state = self._hand.state()
            if state is not None and not ending and time.monotonic() >= next_feedback:
                next_feedback = time.monotonic() + FEEDBACK_PERIOD
                handle.publish_feedback(action.Feedback(current_width=state.width))
        return bool(future.get()) and not stopped

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._hand.stop()
        return response


def _not_stopped(error: Exception, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
    response.success, response.message = False, str(error)
    return response
