"""The gripper adapter that the parameters name."""

from __future__ import annotations

from collections.abc import Callable

from dense_grasp_core.codes import GraspCode
from rclpy.node import Node

from dense_grasp.failure import GraspFailure
from dense_grasp.finger_states import FingerStates
from dense_grasp.grasp_settings import Timeouts
from dense_grasp.joint_state_monitor import JointStateMonitor
from dense_grasp.motion.gripper_client import CommandGripper, FrankaGripper, Gripper, GripperSettings
from dense_grasp.motion.heartbeat import NoPulse, Pulse
from dense_grasp.motion.robot_settings import RobotSettings

HOMING = ("auto", "never")
#: What Franka's hand holds with continuously (N), and the fastest it closes (m/s).
MAX_FORCE = 70.0
MAX_SPEED = 0.1


def gripper_namespaces(robot: RobotSettings, namespace: str) -> list[str]:
    """Where the hand's node may be: as configured, or under the names that franka_ros2 gave it."""
    # Renamed from <type>_gripper to franka_gripper in 2.0.0.
    return [namespace] if namespace else ["/franka_gripper", f"/{robot.name}_gripper"]


def make_gripper(
    node: Node,
    robot: RobotSettings,
    times: Timeouts,
    read_width: Callable[[float], float | None],
    callback_group=None,
    pulse: Pulse | None = None,
) -> Gripper:
    """Declares the gripper's parameters and makes its adapter. Raises GraspFailure for an unknown one.

    read_width(after): width in m by the robot's joint states, used where the gripper publishes none of its own.
    """
    kind = node.declare_parameter("gripper", "franka").value
    namespace = node.declare_parameter("gripper_namespace", "").value
    homing = node.declare_parameter("homing", "auto").value
    if homing not in HOMING:
        raise GraspFailure(
            GraspCode.INVALID_GOAL, f"parameter homing is {homing!r}, expected one of {', '.join(HOMING)}"
        )
    namespaces = gripper_namespaces(robot, namespace)
    topics = [f"{ns}/joint_states" for ns in namespaces]
    own = [
        JointStateMonitor(node, topic, times.joint_state, callback_group)
        for topic in topics
        if topic != robot.joint_states_topic
    ]
    fingers = FingerStates(robot.finger_names, own, read_width, robot.joint_states_topic, times.joint_state)
    settings = GripperSettings(
        speed=float(node.declare_parameter("grasp_speed", 0.05).value),
        force=float(node.declare_parameter("grasp_force", 25.0).value),
        homing=homing == "auto",
        server_timeout=times.server,
        action_timeout=times.gripper,
        homing_timeout=times.homing,
        wall_factor=times.wall_factor,
        # As old as joint states may be while the arm moves: later ones would not be believed there either.
        width_timeout=times.joint_state,
        read_width=fingers.width,
        check_opened=fingers.check_opened,
        pulse=pulse or NoPulse(),
    )
    for name, value, most in (("grasp_force", settings.force, MAX_FORCE), ("grasp_speed", settings.speed, MAX_SPEED)):
        if not 0.0 < value <= most:
            raise GraspFailure(
                GraspCode.INVALID_GOAL, f"parameter {name} is {value}, expected above 0 and at most {most}"
            )
    if kind == "franka":
        return FrankaGripper(node, namespaces, settings, callback_group)
    if kind == "gripper_command":
        return CommandGripper(node, f"{namespaces[0]}/gripper_action", settings, callback_group)
    raise GraspFailure(GraspCode.INVALID_GOAL, f"parameter gripper is {kind!r}, expected franka or gripper_command")
