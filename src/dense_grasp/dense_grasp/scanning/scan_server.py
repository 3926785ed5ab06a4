"""The server of the action ScanObject: one goal at a time, on the arm that grasps, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import MotionPlanner
from dense_grasp_core.result_codes import ScanCode
from dense_grasp_core.scanning.interfaces import Progress, ScanOutcome, Scans, ScanSettings
from dense_grasp_core.scanning.scan_sequence import ScanSequence, scan_code
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from geometry_msgs.msg import Vector3
from rclpy.action import CancelResponse, GoalResponse
from rclpy.node import Node

from dense_grasp.arm.trajectory_client import trajectory_message
from dense_grasp.grasping.arm_goals import ArmGoals
from dense_grasp.scanning.settings import goal_from_message
from dense_grasp.scanning.still_camera import StillCamera
from dense_grasp_interfaces.action import ScanObject
from dense_grasp_interfaces.msg import ScanSummary


@dataclass(frozen=True)
class ScanTools:
    """What a scan works with. check_ready: raises GraspFailure when arm or planner cannot be commanded now;
    grasp_settings: as they are at a goal's begin.
    """

    arm: Arm
    gripper: Gripper
    planner: MotionPlanner
    camera: StillCamera
    scans: Scans
    settings: ScanSettings
    grasp_settings: Callable[[], GraspSettings]
    memory: FingerMemory
    check_ready: Callable[[StopCheck], None]


class ScanServer:
    """Serves `action`; a goal while another of the arm runs is answered BUSY."""

    def __init__(self, node: Node, action: str, tools: ScanTools, goals: ArmGoals, callback_group=None):
        self._node = node
        self._tools = tools
        self._goals = goals
        self._run_long = long_callback(node, self._run)
        self._server = ActionServer(
            node,
            ScanObject,
            action,
            execute_callback=self._execute,
            goal_callback=lambda goal: GoalResponse.ACCEPT,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=callback_group,
        )

    async def _execute(self, handle) -> ScanObject.Result:
        began = time.monotonic()
        if not self._goals.running.acquire(blocking=False):
            return self._end(handle, began, ScanCode.BUSY, "another goal is running", ScanOutcome())
        try:
            return await self._run_long(handle, began)
        finally:
            self._goals.running.release()

    def _run(self, handle, began: float) -> ScanObject.Result:
        outcome = ScanOutcome()

        def scan(stop: StopCheck) -> str:
            nonlocal outcome
            goal = goal_from_message(handle.request)
            self._node.get_logger().info(f"goal: {goal}")
            tools = self._tools
            with tools.camera as camera:
                sequence = ScanSequence(
                    tools.arm,
                    tools.gripper,
                    camera,
                    tools.planner,
                    tools.scans,
                    tools.settings,
                    tools.grasp_settings(),
                    memory=tools.memory,
                    check_ready=tools.check_ready,
                    on_progress=lambda progress: self._feedback(handle, progress),
                    stop=stop,
                )
                outcome = sequence.outcome
                return sequence.run(goal)

        code, message = self._goals.outcome(handle, scan)
        return self._end(handle, began, scan_code(code), message, outcome)

    def _feedback(self, handle, progress: Progress) -> None:
        self._node.get_logger().info(f"{progress.stage.name}: {progress.detail}")
        handle.publish_feedback(
            ScanObject.Feedback(
                stage=int(progress.stage),
                detail=progress.detail,
                taken=progress.taken,
                planned=progress.planned,
                coverage=progress.coverage,
                directions=[Vector3(x=float(x), y=float(y), z=float(z)) for x, y, z in progress.directions],
            )
        )

    def _end(self, handle, began: float, code: int, message: str, outcome: ScanOutcome) -> ScanObject.Result:
        result = ScanObject.Result(code=int(code), message=message)
        result.scan = self._summary(handle.request.object_id, outcome)
        result.residual = float(outcome.residual)
        if handle.request.return_path:
            result.path = [trajectory_message(way) for way in outcome.path]
        result.total_time = time.monotonic() - began
        self._goals.end(handle, int(code), message)
        return result

    def _summary(self, object_id: str, outcome: ScanOutcome) -> ScanSummary:
        x, y, z = map(float, outcome.size)
        summary = ScanSummary(object_id=object_id, views=outcome.views, coverage=outcome.coverage)
        summary.size, summary.disk_bytes = Vector3(x=x, y=y, z=z), outcome.disk_bytes
        summary.has_surface = outcome.views > 0
        if outcome.views:
            nanoseconds = time.time_ns()
            summary.created.sec, summary.created.nanosec = divmod(nanoseconds, 10**9)
        return summary
