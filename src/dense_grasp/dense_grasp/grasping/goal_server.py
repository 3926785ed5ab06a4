"""The server of one action of an arm: its goals are done one at a time, in turn with those of the arm's others."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from rclpy.action import CancelResponse, GoalResponse
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.grasping.arm_goals import ArmGoals
from dense_grasp.ros.waiting import StopCheck


class GoalWork(Protocol):
    """One goal and what is known of it."""

    def run(self, stop: StopCheck) -> str:
        """Does the goal; the sentence says what was done. Raises DenseGraspError."""

    def result(self, code: int, message: str) -> Any:
        """The action's result, without its total_time."""


class GoalServer:
    """Serves `action`; a goal while another of the arm runs is answered BUSY. begin: the work of a goal's handle."""

    def __init__(
        self,
        node: Node,
        action_type: Any,
        action: str,
        begin: Callable[[Any], GoalWork],
        goals: ArmGoals,
        callback_group: CallbackGroup | None = None,
    ):
        self._begin = begin
        self._goals = goals
        self._run_long = long_callback(node, self._run)
        self._server = ActionServer(
            node,
            action_type,
            action,
            execute_callback=self._execute,
            goal_callback=lambda goal: GoalResponse.ACCEPT,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=callback_group,
        )

    async def _execute(self, handle: Any) -> Any:
        began = time.monotonic()
        work = self._begin(handle)
        # Answered by the loop itself: however many goals come, they take no thread.
        if not self._goals.running.acquire(blocking=False):
            return self._end(handle, work, began, GraspCode.BUSY, "another goal is running")
        try:
            return await self._run_long(handle, work, began)
        finally:
            self._goals.running.release()

    def _run(self, handle: Any, work: GoalWork, began: float) -> Any:
        return self._end(handle, work, began, *self._goals.outcome(handle, work.run))

    def _end(self, handle: Any, work: GoalWork, began: float, code: int, message: str) -> Any:
        result = work.result(int(code), message)
        result.total_time = time.monotonic() - began
        self._goals.end(handle, result.code, message)
        return result
