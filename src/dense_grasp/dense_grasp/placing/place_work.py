"""A goal of the action PlaceObject: what the hand holds is put down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import MotionPlanner
from dense_grasp_core.placing.interfaces import PlaceOutcome, PlacePerception
from dense_grasp_core.placing.place_sequence import PlaceSequence
from dense_grasp_core.result_codes import PlaceStage
from dense_grasp_ros.poses import pose_message
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from dense_grasp.arm.trajectory_client import trajectory_message
from dense_grasp.placing.goal_message import goal_from_message
from dense_grasp_interfaces.action import PlaceObject


@dataclass(frozen=True)
class PlaceTools:
    """What a place works with. base_from(frame, stamp, stop): base_from_frame (4, 4), or raises GraspFailure;
    grasp_settings: as they are at a goal's begin; memory: of what the hand holds; check_ready: raises GraspFailure when
    arm, gripper or planner cannot be commanded now; force: on the hand along the vertical, N, or None.
    """

    arm: Arm
    gripper: Gripper
    perception: PlacePerception
    planner: MotionPlanner
    base_frame: str
    base_from: Callable[[str, object, StopCheck], np.ndarray]
    table_height: float
    grasp_settings: Callable[[], GraspSettings]
    memory: FingerMemory
    check_ready: Callable[[StopCheck], None]
    force: Callable[[], float | None]


class PlaceWork:
    """See GoalWork."""

    def __init__(self, node: Node, handle: Any, tools: PlaceTools):
        self._node = node
        self._handle = handle
        self._tools = tools
        self._outcome = PlaceOutcome()

    def run(self, stop: StopCheck) -> str:
        """Raises as PlaceSequence."""
        tools = self._tools
        goal = goal_from_message(
            self._handle.request, tools.base_frame, lambda frame, stamp: tools.base_from(frame, stamp, stop)
        )
        self._node.get_logger().info(f"goal: {goal}")
        sequence = PlaceSequence(
            tools.arm,
            tools.gripper,
            tools.perception,
            tools.planner,
            tools.grasp_settings(),
            tools.table_height,
            memory=tools.memory,
            check_ready=tools.check_ready,
            on_stage=self._feedback,
            stop=stop,
            force=tools.force,
        )
        self._outcome = sequence.outcome
        return sequence.run(goal)

    def result(self, code: int, message: str) -> PlaceObject.Result:
        """With what is known of the place."""
        outcome, plan = self._outcome, self._outcome.plan
        result = PlaceObject.Result(code=code, message=message)
        result.matches = [match.message for match in outcome.matches if match.message is not None]
        if plan is not None:
            result.place_pose = PoseStamped(pose=pose_message(plan.base_from_tcp))
            result.place_pose.header.frame_id = self._tools.base_frame
            result.place_pose.header.stamp = self._node.get_clock().now().to_msg()
            if self._handle.request.return_path:
                result.path = [trajectory_message(part) for part in (plan.to_above, plan.lower, plan.retreat)]
        result.planning_time = float(outcome.planning_time)
        return result

    def _feedback(self, stage: PlaceStage, detail: str) -> None:
        self._node.get_logger().info(f"{stage.name}: {detail}")
        self._handle.publish_feedback(PlaceObject.Feedback(stage=int(stage), detail=detail))
