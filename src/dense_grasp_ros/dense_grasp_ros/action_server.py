"""An action server that answers every goal, however many come at once."""

from __future__ import annotations

from typing import Any

import rclpy.action

from dense_grasp_ros.service_qos import EVERY_CALL


class ActionServer(rclpy.action.ActionServer):
    """rclpy's server, with room for every request that waits to be read."""

    def __init__(self, *arguments: Any, **more: Any):
        for service in ("goal", "result", "cancel"):
            more.setdefault(f"{service}_service_qos_profile", EVERY_CALL)
        super().__init__(*arguments, **more)
