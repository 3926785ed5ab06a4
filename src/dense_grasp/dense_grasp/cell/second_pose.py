"""Moves the arm, slowly, to see the same from a second pose; and says before what it is going to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from ament_index_python.packages import get_package_share_directory
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import MotionPlanner, PlanError, WorldModel
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.quiet import QuietGroup
from rclpy.node import Node

from dense_grasp.arm.guarded_arm import GuardedArm
from dense_grasp.arm.heartbeat import QOS, Heartbeat
from dense_grasp.arm.joint_state_monitor import JointStateMonitor
from dense_grasp.arm.robot_description import RobotDescription
from dense_grasp.arm.robot_settings import RobotSettings
from dense_grasp.arm.trajectory_client import ArmClient
from dense_grasp.bringup.launch_support import SIMULATED_JOINT_STATE_S
from dense_grasp.planning.in_process.backend import build_planner
from dense_grasp_interfaces.msg import Heartbeat as HeartbeatMessage

#: Share of the joints' speed, and m/s of the tool centre point, at most.
SPEED, TCP_SPEED = 0.1, 0.1
#: rad by which joint 7 turns the camera about the approach, and joint 6 tilts it.
TURN, TILT = 0.7, 0.12
#: rad; nearer to the first pose the arm stays where it is.
NEAR = 0.02
#: s of wall clock after which a joint state of a real robot is not believed.
STATE_AGE = 1.0


def slow(settings: RobotSettings) -> RobotSettings:
    """The same arm, never faster than SPEED and TCP_SPEED."""
    return replace(
        settings,
        velocity_scaling=min(settings.velocity_scaling, SPEED),
        tcp_speed=min(settings.tcp_speed, TCP_SPEED),
        approach_speed=min(settings.approach_speed, TCP_SPEED),
        lift_speed=min(settings.lift_speed, TCP_SPEED),
    )


def second_pose(first: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Joints (7,) rad beside `first` from which the camera sees the same, turned and tilted: towards the middle of the
    joints' ranges, lower to upper (7,).
    """
    pose = np.array(first, dtype=float)
    middle = 0.5 * (np.asarray(lower) + np.asarray(upper))
    pose[6] += TURN if pose[6] < middle[6] else -TURN
    pose[5] += TILT if pose[5] < middle[5] else -TILT
    return pose


def announcement(start: np.ndarray, first: np.ndarray, second: np.ndarray) -> str:
    """What the arm is going to do, in a sentence."""
    turn, tilt = np.degrees(second[6] - first[6]), np.degrees(second[5] - first[5])
    to_first = ""
    if np.max(np.abs(start - first)) > NEAR:
        to_first = f"to observe_joints {np.round(first, 3).tolist()}, then "
    return (
        f"the arm moves {to_first}joint 7 by {turn:+.0f} deg and joint 6 by {tilt:+.0f} deg, looks, and goes back; "
        f"at most {100 * SPEED:.0f} % of the joints' speed and {TCP_SPEED} m/s. Ctrl-C stops it."
    )


class SecondPose:
    """The arm of check_cell. Its executor must be spinning in another thread while it moves.

    Publishes the heartbeat that motion_watchdog listens to, and moves nothing while an executor does.
    """

    def __init__(self, node: Node, settings: RobotSettings, stop: Callable[[], bool]):
        self._settings = slow(settings)
        self._stop = stop
        self._busy: dict[str, str] = {}
        self._heartbeat = Heartbeat(node, settings.heartbeat_topic)
        node.create_subscription(HeartbeatMessage, settings.heartbeat_topic, self._hear, QOS)
        self._node = node
        self._monitor = JointStateMonitor(node, settings.joint_states_topic, STATE_AGE, QuietGroup())
        self._client = ArmClient(node, settings.arm_action, settings.joint_names, self._monitor, pulse=self._heartbeat)
        self._description = RobotDescription(node, settings.description_topic)

    def _hear(self, message: HeartbeatMessage) -> None:
        if message.process != self._heartbeat.identity:
            self._busy[message.process] = "" if message.moves == HeartbeatMessage.NOTHING else message.node

    def visit(
        self,
        observe: np.ndarray,
        around: Callable[[], np.ndarray],
        see: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """Goes to `observe` (7,) rad, calls `see`, goes to the second pose, calls `see`, and goes back.

        around: what the camera sees now, points (N, 3) m in the base frame, which no motion touches. see: takes a look.
        say: is told what is going to happen. Raises GraspFailure and Canceled; the arm then rests where it is.
        """
        busy = [name for name in self._busy.values() if name]
        if busy:
            raise GraspFailure(GraspCode.BUSY, f"{', '.join(busy)} moves the arm: wait for its end")
        if self._node.get_parameter("use_sim_time").value:
            self._monitor.max_age = SIMULATED_JOINT_STATE_S
        urdf = self._description.text(self._stop)
        if not urdf:
            raise GraspFailure(GraspCode.PLANNER_UNAVAILABLE, f"nothing arrived on {self._description.topic}")
        planner = build_planner(self._settings, urdf, get_package_share_directory)
        arm = GuardedArm(self._client, self._settings, self._description, planner.tcp_pose)
        second = second_pose(observe, planner.robot.lower, planner.robot.upper)
        say(announcement(arm.positions(), observe, second))
        if np.max(np.abs(arm.positions() - observe)) > NEAR:
            self._move(arm, planner, observe, around())
        see()
        self._move(arm, planner, second, around())
        see()
        self._move(arm, planner, observe, around())

    def _move(self, arm: GuardedArm, planner: MotionPlanner, goal: np.ndarray, points: np.ndarray) -> None:
        try:
            trajectory = planner.plan_joints(arm.positions(), goal, WorldModel(points), self._stop)
        except PlanError as error:
            raise GraspFailure(error.code, f"no way to {np.round(goal, 3).tolist()}: {error}") from error
        arm.execute(trajectory, self._stop)
        arm.wait_still(self._stop)
