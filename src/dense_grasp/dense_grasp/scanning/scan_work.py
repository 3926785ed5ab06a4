"""A goal of the action ScanObject: an object on the table is looked at from all sides."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import MotionPlanner
from dense_grasp_core.scanning.interfaces import Progress, ScanOutcome, Scans, ScanSettings
from dense_grasp_core.scanning.scan_code import scan_code
from dense_grasp_core.scanning.scan_sequence import ScanSequence
from geometry_msgs.msg import Vector3
from rclpy.node import Node

from dense_grasp.arm.trajectory_client import trajectory_message
from dense_grasp.perception.camera_pose import Lookup
from dense_grasp.scanning.hand_eye_advice import hand_eye_advice, true_hand_eye
from dense_grasp.scanning.settings import goal_from_message
from dense_grasp.scanning.still_camera import StillCamera
from dense_grasp_interfaces.action import ScanObject
from dense_grasp_interfaces.msg import ScanSummary


@dataclass(frozen=True)
class ScanTools:
    """What a scan works with. check_ready: raises GraspFailure when arm or planner cannot be commanded now;
    grasp_settings: as they are at a goal's begin. lookup, mount: TF, and parent and child of the hand-eye transform.
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
    lookup: Lookup
    mount: tuple[str, str]


class ScanWork:
    """See GoalWork."""

    def __init__(self, node: Node, handle: Any, tools: ScanTools):
        self._node = node
        self._handle = handle
        self._tools = tools
        self._outcome = ScanOutcome()

    def run(self, stop: StopCheck) -> str:
        """Raises as ScanSequence."""
        goal = goal_from_message(self._handle.request)
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
                on_progress=self._feedback,
                stop=stop,
            )
            self._outcome = sequence.outcome
            return sequence.run(goal)

    def result(self, code: int, message: str) -> ScanObject.Result:
        """With what is known of the scan; the code as ScanObject has it."""
        outcome, request, tools = self._outcome, self._handle.request, self._tools
        right = None
        if outcome.hand_eye is not None:
            optical = tools.camera.frame
            right = true_hand_eye(outcome.hand_eye, tools.lookup, *tools.mount, optical)
            message += f"; {hand_eye_advice(outcome.hand_eye, right, optical)}"
        result = ScanObject.Result(code=scan_code(code), message=message)
        if right is not None:
            result.hand_eye = right
        result.scan = _summary(request.object_id, outcome)
        result.residual = float(outcome.residual)
        if request.return_path:
            result.path = [trajectory_message(way) for way in outcome.path]
        return result

    def _feedback(self, progress: Progress) -> None:
        self._node.get_logger().info(f"{progress.stage.name}: {progress.detail}")
        self._handle.publish_feedback(
            ScanObject.Feedback(
                stage=int(progress.stage),
                detail=progress.detail,
                taken=progress.taken,
                planned=progress.planned,
                coverage=progress.coverage,
                directions=[Vector3(x=float(x), y=float(y), z=float(z)) for x, y, z in progress.directions],
            )
        )


def _summary(object_id: str, outcome: ScanOutcome) -> ScanSummary:
    x, y, z = map(float, outcome.size)
    summary = ScanSummary(object_id=object_id, views=outcome.views, coverage=outcome.coverage)
    summary.size, summary.disk_bytes = Vector3(x=x, y=y, z=z), outcome.disk_bytes
    summary.has_surface = outcome.views > 0
    if outcome.views:
        nanoseconds = time.time_ns()
        summary.created.sec, summary.created.nanosec = divmod(nanoseconds, 10**9)
    return summary
