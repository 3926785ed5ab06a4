"""A goal of the action GraspObject: an object is picked up by a taught point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.grasping.grasp_all import GraspAll
from dense_grasp_core.grasping.grasp_sequence import GraspSequence
from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import Arm, GraspOutcome, GraspSettings, Gripper, Perception, StopCheck
from dense_grasp_core.grasping.pinch_choice import PinchChoice, PinchPoints, SurfaceError
from dense_grasp_core.grasping.pinch_geometry import GraspError
from dense_grasp_core.motion.interfaces import MotionPlanner, PickPlan
from dense_grasp_core.result_codes import GraspCode, MatchCode, Stage
from dense_grasp_ros.poses import pose_message
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher

from dense_grasp.arm.trajectory_client import trajectory_message
from dense_grasp.grasping.goal_message import goal_from_message
from dense_grasp.grasping.markers import plan_markers
from dense_grasp_interfaces.action import GraspObject


@dataclass(frozen=True)
class GraspTools:
    """What a grasp works with. markers: shows a plan; grasp_settings: as they are at a goal's begin; memory: of what
    the hand holds; check_ready: raises GraspFailure when arm, gripper or planner cannot be commanded now; force: on the
    hand along the vertical, N, or None.
    """

    arm: Arm
    gripper: Gripper
    perception: Perception
    planner: MotionPlanner
    choice: PinchChoice
    base_frame: str
    markers: Publisher
    grasp_settings: Callable[[], GraspSettings]
    memory: FingerMemory
    check_ready: Callable[[StopCheck], None]
    force: Callable[[], float | None]


class GraspWork:
    """See GoalWork."""

    def __init__(self, node: Node, handle: Any, tools: GraspTools):
        self._node = node
        self._handle = handle
        self._tools = tools
        self._outcome = GraspOutcome()

    def run(self, stop: StopCheck) -> str:
        """Raises as GraspAll, and INVALID_GOAL."""
        settings = self._tools.grasp_settings()
        goal = goal_from_message(self._handle.request)
        self._node.get_logger().info(f"goal: {goal}")
        grasps = GraspAll(lambda: self._sequence(settings, stop), settings)
        try:
            return grasps.run(goal)
        finally:
            self._outcome = grasps.outcome

    def result(self, code: int, message: str) -> GraspObject.Result:
        """With what is known of the last grasp."""
        outcome, plan = self._outcome, self._outcome.plan
        result = GraspObject.Result(code=code, message=message)
        result.matches = [match.message for match in outcome.matches if match.message is not None]
        if plan is not None:
            result.grasp_pose = PoseStamped(pose=pose_message(plan.base_from_tcp))
            result.grasp_pose.header.frame_id = self._tools.base_frame
            result.grasp_pose.header.stamp = self._node.get_clock().now().to_msg()
            if self._handle.request.return_path:
                result.path = [trajectory_message(part) for part in (plan.to_pre_grasp, plan.approach, plan.lift)]
        result.used_contact = outcome.contact
        result.instances_seen = outcome.instances
        result.instances_grasped = outcome.grasped
        result.grasp_width = float(outcome.width)
        result.planning_time = float(outcome.planning_time)
        result.time_to_first_motion = float(outcome.time_to_first_motion)
        return result

    def _sequence(self, settings: GraspSettings, stop: StopCheck) -> GraspSequence:
        tools = self._tools
        return GraspSequence(
            tools.arm,
            tools.gripper,
            tools.perception,
            tools.planner,
            self._candidates,
            settings,
            memory=tools.memory,
            check_ready=tools.check_ready,
            on_stage=self._feedback,
            on_plan=self._show,
            force=tools.force,
            stop=stop,
        )

    def _candidates(self, found: PinchPoints, points: np.ndarray) -> Sequence[np.ndarray]:
        try:
            return self._tools.choice.candidates(found, points)
        except SurfaceError as error:
            raise GraspFailure(GraspCode.PERCEPTION + MatchCode.NO_DEPTH, str(error)) from error
        except GraspError as error:
            raise GraspFailure(GraspCode.UNREACHABLE, str(error)) from error

    def _feedback(self, stage: Stage, detail: str) -> None:
        self._node.get_logger().info(f"{stage.name}: {detail}")
        self._handle.publish_feedback(GraspObject.Feedback(stage=int(stage), detail=detail))

    def _show(self, plan: PickPlan) -> None:
        tools = self._tools
        paths = [
            np.array([tools.planner.tcp_pose(q)[:3, 3] for q in part.positions])
            for part in (plan.to_pre_grasp, plan.approach, plan.lift)
        ]
        tools.markers.publish(plan_markers(plan, paths, tools.base_frame, self._node.get_clock().now().to_msg()))
