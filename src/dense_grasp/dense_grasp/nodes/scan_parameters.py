"""The parameters of a scan by the arm, in config/grasp.yaml, and where its pictures go."""

from __future__ import annotations

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import CHILD, PARENT

from dense_grasp.nodes.perception_parameters import SCAN_MODEL, SCANS, STORE
from dense_grasp.nodes.robot_parameters import SCAN_ACTION

SCAN = (
    SCAN_ACTION,
    STORE,
    SCANS,
    SCAN_MODEL,
    ParameterSpec(
        "scan_speed", 0.25, "of the tool centre point that no motion of a scan exceeds", "m/s", low=0.01, high=3.0
    ),
    ParameterSpec(
        "scan_spacing", 0.35, "between neighbouring directions of a scan that names none", "rad", low=0.12, high=1.0
    ),
    ParameterSpec("scan_lowest", 0.44, "above the horizon of a scan's lowest pictures", "rad", low=0.0, high=1.4),
    ParameterSpec(
        "scan_nearest",
        float("nan"),
        "from the camera to the object at least",
        "m",
        low=0.1,
        high=2.0,
        nan="where the camera sees depth",
    ),
    ParameterSpec(
        "scan_height",
        0.15,
        "above the table that the arm keeps out of, over and around an object that is not scanned yet",
        "m",
        low=0.0,
        high=1.0,
    ),
    ParameterSpec(
        "scan_least_reached",
        0.4,
        "share of a scan's directions that the arm must reach, else VIEWS_UNREACHABLE",
        low=0.0,
        high=1.0,
    ),
    ParameterSpec(
        "scan_hand_eye_shift",
        0.015,
        "by which the camera may sit elsewhere than TF says: a scan corrects it up to here, else HAND_EYE_WRONG",
        "m",
        low=0.0,
        high=0.02,
    ),
    ParameterSpec(
        "scan_hand_eye_turn",
        0.053,
        "by which the camera may be turned from what TF says: a scan corrects it up to here, else HAND_EYE_WRONG",
        "rad",
        low=0.0,
        high=0.07,
    ),
    PARENT,
    CHILD,
)
