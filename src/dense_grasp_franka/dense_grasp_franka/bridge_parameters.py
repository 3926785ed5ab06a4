"""The parameters of the bridge."""

from __future__ import annotations

from typing import Any

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    ARM_ACTION,
    ARM_JOINTS,
    ERROR_RECOVERY_ACTION,
    GRIPPER_NAMESPACE,
    PREFIX,
    ROBOT_TYPE,
)

_THRESHOLD: dict[str, Any] = {"low": 0.0, "low_open": True, "high": 1000.0}

FRANKA_BRIDGE = (
    ROBOT_TYPE,
    PREFIX,
    ParameterSpec("robot_ip", "", "address of the arm", required=True),
    ParameterSpec(
        "realtime",
        "enforce",
        "enforce: refuse a kernel that is not real-time, as libfranka does; ignore",
        options=("enforce", "ignore"),
    ),
    ParameterSpec("robot_description", "", "the URDF of arm and hand", text="lines", required=True),
    # libfranka's examples, upper thresholds
    ParameterSpec(
        "collision_torques",
        (20.0, 20.0, 18.0, 18.0, 16.0, 14.0, 12.0),
        "of joint 1 to 7 at which the arm stops",
        "Nm",
        count=ARM_JOINTS,
        **_THRESHOLD,
    ),
    ParameterSpec(
        "collision_forces",
        (20.0, 20.0, 20.0, 25.0, 25.0, 25.0),
        "x, y, z in N and about x, y, z in Nm at which the arm stops",
        count=6,
        **_THRESHOLD,
    ),
    ARM_ACTION,
    ERROR_RECOVERY_ACTION,
    GRIPPER_NAMESPACE,
    ParameterSpec("publish_tf", True, "false: robot_state_publisher publishes description and transforms"),
)
