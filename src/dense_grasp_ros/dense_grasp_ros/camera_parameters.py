"""Parameters of a node that takes pictures: what is left open is as the camera's record says."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dense_grasp_core.cameras.record import CameraRecord
from dense_grasp_core.parameters import ParameterSpec
from rclpy.node import Node

from dense_grasp_ros.parameters import declare, in_namespace
from dense_grasp_ros.shared_parameters import CAMERA_TOPICS, chosen_camera


def declare_with_camera(
    node: Node, specs: Sequence[ParameterSpec], changed: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """The parameters as `declare` gives them, CAMERA among them, with the camera's values where they are open.

    Raises ParameterError, and CameraRecordError for a camera that nobody knows.
    """
    values = declare(node, specs, changed)
    camera = with_camera(values, chosen_camera(values))
    topics = {spec.name for spec in CAMERA_TOPICS} & set(camera)
    return {**camera, **{name: in_namespace(node, camera[name]) for name in topics}}


def with_camera(values: Mapping[str, Any], camera: CameraRecord) -> dict[str, Any]:
    """Parameters' values with those of the camera's record where a topic or lens_model is empty, or a number NaN."""
    recorded = {
        **{spec.name: getattr(camera, spec.name) for spec in CAMERA_TOPICS},
        "lens_model": camera.lens_model,
        "sync_tolerance": camera.sync_tolerance,
        "scan_nearest": camera.nearest,
    }
    return {**values, **{name: known for name, known in recorded.items() if _open(values.get(name, known))}}


def _open(value: Any) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
