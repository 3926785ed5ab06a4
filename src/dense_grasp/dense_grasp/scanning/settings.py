"""What the executor makes of the values of scan_parameters.SCAN and of a goal's message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_grasp_core.scanning.interfaces import ScanGoal, ScanSettings

from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp_interfaces.action import ScanObject


def scan_settings(values: Mapping[str, Any], robot: RobotSettings) -> ScanSettings:
    """From the values of scan_parameters.SCAN."""
    return ScanSettings(
        workspace_min=robot.workspace_min,
        workspace_max=robot.workspace_max,
        table_height=robot.table_height,
        spacing=values["scan_spacing"],
        lowest=values["scan_lowest"],
        nearest=values["scan_nearest"],
        height=values["scan_height"],
        speed=min(values["scan_speed"], robot.tcp_speed),
        least_reached=values["scan_least_reached"],
        hand_eye_shift=values["scan_hand_eye_shift"],
        hand_eye_turn=values["scan_hand_eye_turn"],
    )


def goal_from_message(request: ScanObject.Goal) -> ScanGoal:
    """The goal as the core has it."""
    return ScanGoal(
        object_id=request.object_id,
        views=int(request.views),
        spacing=float(request.view_spacing),
        centre=(float(request.centre.x), float(request.centre.y), float(request.centre.z)),
        radius=float(request.radius),
        height=float(request.height),
        overwrite=bool(request.overwrite),
        plan_only=bool(request.plan_only),
        join=bool(request.join),
    )
