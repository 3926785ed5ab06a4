"""The parameters of config/sim.yaml: sim_cell, franka_cell; and those of replay_camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    CAMERA,
    CAMERA_TOPICS,
    CHILD,
    GRIPPER_NAMESPACE,
    HAND_EYE,
    OBSERVE_JOINTS,
    OPTICAL_FRAME,
    PREFIX,
    ROBOT_TYPE,
)

from dense_grasp_sim.ros.faults import FAULTS

SIDES = ("left", "right")  # of the photograph pair
_SEED: dict[str, Any] = {"low": 0, "high": 2**31 - 1}
_RATE: dict[str, Any] = {"unit": "Hz", "low": 0.01, "high": 1000.0}

#: What lies on the table, how fast time runs, and the cameras.
CELL = (
    ROBOT_TYPE,
    PREFIX,
    *HAND_EYE,
    OBSERVE_JOINTS,
    ParameterSpec(
        "real_time_factor",
        1.0,
        "simulated seconds per second",
        low=0.001,
        high=1000.0,
        zero="as fast as the machine can",
        changeable=True,
    ),
    ParameterSpec(
        "gripper_homed", False, "false: as after power-up of the real hand, the greatest width is 0 until homing"
    ),
    ParameterSpec("table_seed", 0, "tone and grain of the table", **_SEED),
    ParameterSpec("scene_object", "cap", "what lies on the table at the start; empty: nothing", options=("cap", "")),
    ParameterSpec("scene_seed", 0, "shape, colours and logo of the cap", **_SEED),
    ParameterSpec("scene_pose_seed", 0, "where and how the cap lies", **_SEED),
    ParameterSpec(
        "solids_folder",
        "",
        "solids that `ros2 run dense_grasp_train solids` made of meshes: each is a scene of its name; empty: none",
        changeable=True,
    ),
    ParameterSpec(
        "camera_rate", 5.0, "images of the wrist camera, of simulated time", zero="none", changeable=True, **_RATE
    ),
    *CAMERA_TOPICS,
    OPTICAL_FRAME,
    ParameterSpec("depth_noise", True, "false: exact depth"),
    ParameterSpec("noise_seed", 0, "noise of the depth images", **_SEED),
    ParameterSpec("wrist_shadows", False, "hard shadows in the wrist camera, 2 times the work"),
    ParameterSpec("overview_rate", 5.0, "images of the cell from outside, of simulated time", zero="none", **_RATE),
    ParameterSpec("overview_shadows", False, "hard shadows in the overview, 3 times the work"),
)
SIM_CELL = (
    *CELL,
    GRIPPER_NAMESPACE,
    ParameterSpec("fault", "", "fault that a test switches on; empty: none", options=tuple(FAULTS), changeable=True),
)
FRANKA_CELL = (
    *(replace(spec, changeable=False) for spec in CELL),
    ParameterSpec("host", "127.0.0.1", "address under which the arm's protocol is served", required=True),
)
REPLAY_CAMERA = (
    ParameterSpec(
        "source",
        "motorcycle",
        "motorcycle: the photograph pair that scikit-image carries; otherwise a folder of recordings",
        required=True,
    ),
    ParameterSpec("rate", 5.0, "images", "Hz", low=0.01, high=1000.0),
    ParameterSpec("side", "left", "image of the photograph pair", options=SIDES, changeable=True),
    CAMERA,
    *CAMERA_TOPICS,
    PREFIX,
    OPTICAL_FRAME,
    replace(CHILD, name="link_frame", description="frame of the camera's body; empty: as the camera's record says"),
)
