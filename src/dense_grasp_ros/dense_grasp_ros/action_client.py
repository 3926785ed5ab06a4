"""An action client that loses no answer when several threads spin its node."""

from __future__ import annotations

import threading
from typing import Any

import rclpy.action

from dense_grasp_ros.service_qos import EVERY_CALL


class ActionClient(rclpy.action.ActionClient):
    """rclpy's client notes a request after it was sent. An answer that another thread takes in between is dropped
    ("Ignoring unexpected goal response"), and an accepted goal would go on unattended. Here sending and taking
    exclude each other. And there is room for every answer that waits to be read.
    """

    def __init__(self, *arguments: Any, **more: Any):
        self._turn = threading.RLock()
        for service in ("goal", "result", "cancel"):
            more.setdefault(f"{service}_service_qos_profile", EVERY_CALL)
        super().__init__(*arguments, **more)

    def send_goal_async(self, *arguments: Any, **more: Any) -> Any:
        """As rclpy's."""
        with self._turn:
            return super().send_goal_async(*arguments, **more)

    def _cancel_goal_async(self, goal_handle: Any) -> Any:
        with self._turn:
            return super()._cancel_goal_async(goal_handle)

    def _get_result_async(self, goal_handle: Any) -> Any:
        with self._turn:
            return super()._get_result_async(goal_handle)

    async def execute(self, taken_data: Any) -> None:
        """As rclpy's; it awaits nothing, so the lock is held for a moment only."""
        with self._turn:
            await super().execute(taken_data)
