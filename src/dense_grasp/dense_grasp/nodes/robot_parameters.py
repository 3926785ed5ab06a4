"""The parameters of config/robot.yaml and hand_eye.yaml, and of the nodes that need no more than these."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    ARM_ACTION,
    ARM_JOINTS,
    CAMERA,
    CAMERA_TOPICS,
    CHILD,
    ERROR_RECOVERY_ACTION,
    GRIPPER,
    GRIPPER_NAMESPACE,
    HAND_EYE,
    LENS_MODEL,
    OBSERVE_JOINTS,
    PARENT,
    PREFIX,
    QUATERNION,
    ROBOT_DESCRIPTION_TOPIC,
    ROBOT_TYPE,
    SYNC_TOLERANCE,
    XYZ,
)

#: What no gripper does, N and m/s: the record of the chosen one says how much it does.
MAX_FORCE = 1000.0
MAX_SPEED = 1.0
FASTEST_TOOL = 3.0  # m/s, no Franka arm is faster
LONGEST_WAIT = 600.0  # s

_REACH: dict[str, Any] = {"unit": "m", "low": -3.0, "high": 3.0, "count": 3}

WORKSPACE = (
    # A photograph has no workspace: photo.launch.py opens it as far as this.
    ParameterSpec(
        "workspace_min",
        (0.25, -0.38, -0.01),
        "lowest corner of the box in which a located point is believed and grasped, base frame",
        "m",
        low=-100.0,
        high=100.0,
        count=3,
    ),
    ParameterSpec(
        "workspace_max",
        (0.75, 0.38, 0.40),
        "highest corner of the box in which a located point is believed and grasped, base frame",
        "m",
        low=-100.0,
        high=100.0,
        count=3,
    ),
)
TABLE_HEIGHT = ParameterSpec("table_height", 0.0, "height of the table, base frame", "m", low=-2.0, high=2.0)
WALL_TIME_FACTOR = ParameterSpec(
    "wall_time_factor",
    5.0,
    "a time-out in the robot's time ends after so many times as much of the wall's, too",
    low=1.0,
    high=1000.0,
)
ACTION = ParameterSpec("action", "dense_grasp/grasp_object", "grasp_executor's action", text="name")
SCAN_ACTION = ParameterSpec(
    "scan_action", "dense_grasp/scan_object", "grasp_executor's action of a scan by the arm", text="name"
)
PLACE_ACTION = ParameterSpec(
    "place_action",
    "dense_grasp/place_object",
    "grasp_executor's action that puts down what the hand holds",
    text="name",
)
CONTROLLER_MANAGER = ParameterSpec(
    "controller_manager",
    "",
    "ros2_control's node; empty: controller_manager in the namespace of the arm's controller",
    text="name",
)
HEARTBEAT_TIMEOUT = ParameterSpec(
    "heartbeat_timeout",
    0.06,
    "motion_watchdog stops arm and gripper when the executor that moves them was silent for so long of the robot's "
    "clock",
    "s",
    low=0.02,
    high=10.0,
)
#: What a planner and the guard of every motion need.
MOTION = (
    ROBOT_TYPE,
    PREFIX,
    GRIPPER,
    GRIPPER_NAMESPACE,
    *WORKSPACE,
    ParameterSpec(
        "minimum_height", 0.008, "lowest tool centre point of a grasp above the table", "m", low=0.0, high=0.5
    ),
    ParameterSpec(
        "tcp_min", (-0.30, -0.80, 0.0), "lowest corner of the box that the tool centre point never leaves", **_REACH
    ),
    ParameterSpec(
        "tcp_max", (0.90, 0.80, 1.20), "highest corner of the box that the tool centre point never leaves", **_REACH
    ),
    TABLE_HEIGHT,
    ParameterSpec(
        "walls",
        (-0.62, 0.0, 0.5, 0.04, 1.6, 1.0),
        "boxes that never move, base frame",
        "m",
        low=-20.0,
        high=20.0,
        multiple_of=6,
        boxes=True,
        zeros="no wall",
    ),
    ParameterSpec(
        "velocity_scaling",
        0.5,
        "velocity limits of every motion: the robot description's times this",
        low=0.0,
        low_open=True,
        high=1.0,
    ),
    ParameterSpec(
        "acceleration_limits",
        (3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0),
        "of joint 1 to 7",
        "rad/s^2",
        low=0.0,
        low_open=True,
        high=100.0,
        count=ARM_JOINTS,
    ),
    ParameterSpec(
        "acceleration_scaling",
        0.9,
        "acceleration limits of every motion: acceleration_limits times this",
        low=0.0,
        low_open=True,
        high=1.0,
    ),
    ParameterSpec(
        "tcp_speed",
        0.5,
        "speed of the tool centre point that no motion exceeds",
        "m/s",
        low=0.0,
        low_open=True,
        high=FASTEST_TOOL,
    ),
    ParameterSpec(
        "approach_speed",
        0.10,
        "speed of the tool centre point along the approach",
        "m/s",
        low=0.0,
        low_open=True,
        high=FASTEST_TOOL,
    ),
    ParameterSpec(
        "lift_speed",
        0.15,
        "speed of the tool centre point while lifting",
        "m/s",
        low=0.0,
        low_open=True,
        high=FASTEST_TOOL,
    ),
    ParameterSpec("planning_time", 2.0, "time for planning one path", "s", low=0.0, low_open=True, high=LONGEST_WAIT),
    ParameterSpec(
        "planner_seed", 0, "of the embedded planner; 1 or more: always the same path, 0: drawn anew", low=0, high=2**31
    ),
    ParameterSpec("open_width", 0.08, "width between open fingers", "m", low=0.0, low_open=True, high=0.2),
    ParameterSpec("voxel", 0.01, "edge of an obstacle cell seen by the camera", "m", low=0.001, high=0.2),
    ParameterSpec("clearance", 0.005, "kept from every obstacle", "m", low=0.0, high=0.2),
    ParameterSpec("self_margin", 0.03, "seen points this near to the robot are the robot", "m", low=0.0, high=0.3),
    ParameterSpec(
        "camera_box",
        (0.065, 0.0, 0.0225, 0.030, 0.100, 0.035),
        "the camera on the hand as an obstacle, hand frame",
        "m",
        low=-1.0,
        high=1.0,
        count=6,
        boxes=True,
        zeros="no camera",
    ),
    HEARTBEAT_TIMEOUT,
    ParameterSpec(
        "goal_tolerance",
        0.02,
        "between a joint and the end of its trajectory when the controller says that it is there",
        "rad",
        low=0.0,
        low_open=True,
        high=0.5,
    ),
    ARM_ACTION,
    ParameterSpec(
        "wrench_topic", "", "geometry_msgs/WrenchStamped of the hand in the base frame; empty: none", text="name"
    ),
    ParameterSpec("planning_group", "", "MoveIt's planning group; empty: <prefix><robot_type>_arm", text="text"),
    ParameterSpec("move_group_namespace", "", "before the names of move_group's services; empty: none", text="name"),
    ParameterSpec("joint_states_topic", "joint_states", "sensor_msgs/JointState of arm and fingers", text="name"),
    ROBOT_DESCRIPTION_TOPIC,
)
ERROR_RECOVERY = (
    ParameterSpec(
        "error_recovery",
        "auto",
        "auto: Franka's own, once a motion, after the controller gave up; never",
        options=("auto", "never"),
    ),
    ERROR_RECOVERY_ACTION,
    CONTROLLER_MANAGER,
)

#: A scan may find the mount to be off, and the cell goes on with the right one.
HAND_EYE_PUBLISHER = (
    ROBOT_TYPE,
    PREFIX,
    *(replace(spec, changeable=spec in (XYZ, QUATERNION)) for spec in HAND_EYE),
)
MOTION_WATCHDOG = (
    *MOTION,
    WALL_TIME_FACTOR,
    ACTION,
    SCAN_ACTION,
    PLACE_ACTION,
    ParameterSpec("stop_service", "dense_grasp/stop", "service that stops arm, gripper and executor", text="name"),
)
MOVEIT_PY_PLANNER = MOTION
CHECK_CELL = (
    *MOTION,
    CAMERA,
    *CAMERA_TOPICS,
    LENS_MODEL,
    SYNC_TOLERANCE,
    OBSERVE_JOINTS,
    PARENT,
    CHILD,
    CONTROLLER_MANAGER,
    ParameterSpec("move", False, "true: the arm is moved, to measure the camera's mount from two poses"),
    ParameterSpec("duration", 5.0, "how long the cell is looked at", "s", low=0.1, high=LONGEST_WAIT),
    ParameterSpec("model", "", "network file; empty: the shipped one"),
    ParameterSpec("store", "", "database URL of the taught points; empty: a file in the ROS home folder"),
)
