"""The parameters of config/grasp.yaml, and of grasp_executor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    ARM_JOINTS,
    CAMERA,
    CAMERA_TOPICS,
    LARGEST_ANGLE,
    LENS_MODEL,
    OBSERVE_JOINTS,
    SYNC_TOLERANCE,
)

from dense_grasp.nodes.perception_parameters import MAX_INSTANCES
from dense_grasp.nodes.robot_parameters import (
    ACTION,
    ERROR_RECOVERY,
    LONGEST_WAIT,
    MAX_FORCE,
    MAX_SPEED,
    MOTION,
    PLACE_ACTION,
    WALL_TIME_FACTOR,
)
from dense_grasp.nodes.scan_parameters import SCAN
from dense_grasp.planning.moveit.installed import AUTO
from dense_grasp.planning.planners import PLANNERS

PLANNER_OPTIONS = (AUTO, *PLANNERS)
AFTER_GRASP = ("hold", "place_back", "release", "deliver")
_NO_POSE = (0.0,) * ARM_JOINTS
_ANGLES: dict[str, Any] = {"unit": "rad", "low": -LARGEST_ANGLE, "high": LARGEST_ANGLE}
_WIDTH: dict[str, Any] = {"unit": "m", "low": 0.0, "high": 0.2}


def _timeout(name: str, default: float, description: str) -> ParameterSpec:
    return ParameterSpec(name, default, description, "s", low=0.0, low_open=True, high=LONGEST_WAIT)


PINCH = (
    ParameterSpec(
        "pinch_depth",
        -0.014,
        "how far the finger tips go beyond the taught point along the approach; negative: they stop short of it",
        "m",
        low=-0.2,
        high=0.2,
    ),
    ParameterSpec("sheet_depth", 0.0, "the same for a sheet gripped from its edge", "m", low=-0.2, high=0.2),
    ParameterSpec(
        "least_overlap",
        0.010,
        "the finger tips at least reach so far behind the edge seen beside the taught point",
        "m",
        low=0.0,
        high=0.1,
    ),
)
TIMEOUTS = (
    _timeout("still_timeout", 5.0, "until the arm stands still"),
    _timeout("locate_timeout", 5.0, "until the points are located"),
    _timeout("depth_timeout", 2.0, "until a depth image arrives"),
    _timeout("server_timeout", 5.0, "until an action server or service answers at all"),
    _timeout("motion_margin", 5.0, "beyond the duration of a trajectory"),
    _timeout("gripper_timeout", 10.0, "until the gripper has moved"),
    _timeout("homing_timeout", 30.0, "until the gripper is homed"),
    _timeout("joint_state_timeout", 1.0, "older joint states stop a motion"),
    WALL_TIME_FACTOR,
)
SEQUENCE = (
    OBSERVE_JOINTS,
    # ROS has no empty list in a file: a pose of zeros stands for none.
    replace(
        OBSERVE_JOINTS,
        name="observe_joints_more",
        default=(
            0.1985,
            -0.3266,
            0.0,
            -1.8431,
            0.0,
            1.5165,
            0.9839,
            -0.3372,
            -0.2744,
            0.0,
            -1.7929,
            0.0,
            1.5185,
            0.4482,
        ),
        description="further poses to look from when the object was not found, seven numbers each",
        count=None,
        multiple_of=ARM_JOINTS,
        zeros="none",
    ),
    ParameterSpec(
        "side_views",
        3,
        "so many times at most a scanned object that was not found from above, or said to lie in one of several ways, "
        "is looked at from the side, 45 degrees above the table; 0: never",
        low=0,
        high=8,
        changeable=True,
    ),
    ParameterSpec(
        "sure_score",
        0.42,
        "of a scanned object; one that was found with less is looked at from the side, too, and the find with the best "
        "score is grasped",
        low=0.0,
        high=1.0,
        changeable=True,
    ),
    ParameterSpec(
        "most_instances",
        6,
        "of a scanned object among which one that can be grasped is looked for where the best explained one cannot; "
        "1: that one alone",
        low=1,
        high=MAX_INSTANCES,
        changeable=True,
    ),
    ParameterSpec(
        "observe_tolerance",
        0.02,
        "of any joint, nearer to an observation pose counts as being there",
        "rad",
        low=0.0,
        low_open=True,
        high=0.5,
    ),
    ParameterSpec(
        "safe_height",
        0.30,
        "of the tool centre point; from below the arm first goes straight up before it observes",
        "m",
        low=0.0,
        high=2.0,
    ),
    ParameterSpec("pre_grasp_distance", 0.10, "back along the approach", "m", low=0.0, low_open=True, high=0.5),
    ParameterSpec("lift_height", 0.18, "straight up after closing", "m", low=0.0, low_open=True, high=1.0),
    ParameterSpec(
        "target_radius",
        0.09,
        "around the point in which the fingers may touch what the depth camera saw",
        "m",
        low=0.0,
        high=0.5,
    ),
    ParameterSpec("min_grasp_width", 0.0012, "between the fingers, narrower: closed on nothing", **_WIDTH),
    ParameterSpec("max_grasp_width", 0.075, "between the fingers, wider: not closed", low_open=True, **_WIDTH),
    ParameterSpec(
        "lost_width_change",
        0.004,
        "of the width after closing, more (narrower: more than a tenth of it, too): lost",
        low_open=True,
        **_WIDTH,
    ),
    ParameterSpec(
        "min_lift_force",
        0.0,
        "change of the vertical force by lifting, less: lost; 0: not judged",
        "N",
        low=0.0,
        high=100.0,
    ),
    ParameterSpec("hold_time", 0.5, "watched after lifting", "s", low=0.0, high=3600.0, changeable=True),
    ParameterSpec(
        "after_grasp",
        "hold",
        "hold: keep it lifted; place_back: put it where it was; release: open the fingers in the air; deliver: bring "
        "it to deliver_joints and open there",
        options=AFTER_GRASP,
        changeable=True,
    ),
    ParameterSpec(
        "deliver_joints",
        _NO_POSE,
        "where a held object is brought to, joint 1 to 7",
        count=ARM_JOINTS,
        zeros="none",
        changeable=True,
        **_ANGLES,
    ),
    ParameterSpec(
        "use_depth",
        True,
        "false: plan around table, walls and the robot itself only",
        changeable=True,
    ),
)
FINGERS = (
    ParameterSpec("grasp_speed", 0.1, "of the fingers", "m/s", low=0.0, low_open=True, high=MAX_SPEED),
    ParameterSpec("grasp_force", 25.0, "of the fingers", "N", low=0.0, low_open=True, high=MAX_FORCE),
    ParameterSpec("homing", "auto", "auto: once, before the first grasp (franka); never", options=("auto", "never")),
)
GRASP_EXECUTOR = (
    *MOTION,
    *ERROR_RECOVERY,
    *SEQUENCE,
    *PINCH,
    *FINGERS,
    *TIMEOUTS,
    ParameterSpec(
        "planner",
        "auto",
        "ompl: the embedded planner; move_group, moveit_py: MoveIt's; auto: MoveIt's where one runs, else the embedded",
        options=PLANNER_OPTIONS,
    ),
    CAMERA,
    *CAMERA_TOPICS,
    LENS_MODEL,
    SYNC_TOLERANCE,
    ACTION,
    *SCAN,
    PLACE_ACTION,
    ParameterSpec("locate_service", "dense_grasp/locate_keypoints", "query_node's service", text="name"),
    ParameterSpec("list_service", "dense_grasp/list_descriptors", "query_node's service", text="name"),
    ParameterSpec("list_scans_service", "dense_grasp/list_scans", "query_node's service", text="name"),
    ParameterSpec(
        "grasp_markers_topic", "dense_grasp/markers_grasp", "markers of the planned grasp for RViz", text="name"
    ),
)
