"""The server of the action PlaceObject: one goal at a time, on the arm that grasps and scans, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from dense_grasp_core.grasping.holding import FingerMemory
from dense_grasp_core.grasping.interfaces import Arm, GraspSettings, Gripper, StopCheck
from dense_grasp_core.motion.interfaces import MotionPlanner
from dense_grasp_core.placing.interfaces import PlaceOutcome, PlacePerception
from dense_grasp_core.placing.place_sequence import PlaceSequence
from dense_grasp_core.result_codes import PlaceCode, PlaceStage
from dense_grasp_ros.action_server import ActionServer
from dense_grasp_ros.long_callback import long_callback
from geometry_msgs.msg import PoseStamped
from rclpy.action import CancelResponse, GoalResponse
from rclpy.node import Node

from dense_grasp.arm.trajectory_client import trajectory_message
from dense_grasp.grasping.arm_goals import ArmGoals
from dense_grasp.grasping.markers import pose_message
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


class PlaceServer:
    """Serves `action`; a goal while another of the arm runs is answered BUSY."""

    def __init__(self, node: Node, action: str, tools: PlaceTools, goals: ArmGoals, callback_group=None):
        self._node = node
        self._tools = tools
        self._goals = goals
        self._run_long = long_callback(node, self._run)
        self._server = ActionServer(
            node,
            PlaceObject,
            action,
            execute_callback=self._execute,
            goal_callback=lambda goal: GoalResponse.ACCEPT,
            cancel_callback=lambda handle: CancelResponse.ACCEPT,
            callback_group=callback_group,
        )

    async def _execute(self, handle) -> PlaceObject.Result:
        began = time.monotonic()
        if not self._goals.running.acquire(blocking=False):
            return self._end(handle, began, PlaceCode.BUSY, "another goal is running", PlaceOutcome())
        try:
            return await self._run_long(handle, began)
        finally:
            self._goals.running.release()

    def _run(self, handle, began: float) -> PlaceObject.Result:
        outcome = PlaceOutcome()

        def place(stop: StopCheck) -> str:
            nonlocal outcome
            tools = self._tools
            goal = goal_from_message(
                handle.request, tools.base_frame, lambda frame, stamp: tools.base_from(frame, stamp, stop)
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
                on_stage=lambda stage, detail: self._feedback(handle, stage, detail),
                stop=stop,
                force=tools.force,
            )
            outcome = sequence.outcome
            return sequence.run(goal)

        code, message = self._goals.outcome(handle, place)
        return self._end(handle, began, code, message, outcome)

    def _feedback(self, handle, stage: PlaceStage, detail: str) -> None:
        self._node.get_logger().info(f"{stage.name}: {detail}")
        handle.publish_feedback(PlaceObject.Feedback(stage=int(stage), detail=detail))

    def _end(self, handle, began: float, code: int, message: str, outcome: PlaceOutcome) -> PlaceObject.Result:
        result = PlaceObject.Result(code=int(code), message=message)
        result.matches = [match.message for match in outcome.matches if match.message is not None]
        plan = outcome.plan
        if plan is not None:
            result.place_pose = PoseStamped(pose=pose_message(plan.base_from_tcp))
            result.place_pose.header.frame_id = self._tools.base_frame
            result.place_pose.header.stamp = self._node.get_clock().now().to_msg()
            if handle.request.return_path:
                result.path = [trajectory_message(part) for part in (plan.to_above, plan.lower, plan.retreat)]
        result.planning_time = float(outcome.planning_time)
        result.total_time = time.monotonic() - began
        self._goals.end(handle, int(code), message)
        return result
