"""What the executor is told of the cell: keypoints by query_node, obstacles by the depth camera."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from dense_grasp_core.grasping.interfaces import Located
from rclpy.clock import Clock

from dense_grasp.grasping.keypoint_client import KeypointClient
from dense_grasp.grasping.settings import Timeouts
from dense_grasp.perception.depth_world import DepthWorld
from dense_grasp.ros.waiting import StopCheck


class ExecutorPerception:
    """Keypoints from query_node, obstacles from the depth camera; see Perception and PlacePerception of core."""

    def __init__(self, keypoints: KeypointClient, world: DepthWorld, clock: Clock):
        self.taught = keypoints.taught
        self.scanned_radius = keypoints.scanned_radius
        self._locate = keypoints.locate_instances
        self.points = world.points
        self.forget = world.forget
        self._world, self._clock = world, clock

    def locate(self, object_id: str, keypoints: Sequence[str], stop: StopCheck | None = None) -> list[Located]:
        """As KeypointClient.locate; depth of the image that answers is heard as well."""
        return self.locate_instances(object_id, keypoints, 0, stop)[0]

    def locate_instances(
        self, object_id: str, keypoints: Sequence[str], most: int, stop: StopCheck | None = None
    ) -> list[list[Located]]:
        """As KeypointClient.locate_instances; depth of the image that answers is heard as well."""
        with self._world.needed():
            return self._locate(object_id, keypoints, most, stop)

    def points_now(self, stop: StopCheck | None = None) -> np.ndarray:
        """Surface points (N, 3) m in the base frame, of an image that is newer than the call. Raises as `points`."""
        return self.points(self._clock.now().nanoseconds, stop)

    def camera_now(self, stop: StopCheck | None = None) -> np.ndarray:
        """base_from_camera (4, 4) of an image that is newer than the call. Raises as `points`."""
        return self._world.base_from_camera(self._clock.now().nanoseconds, stop)


def camera_options(values: Mapping[str, Any], times: Timeouts) -> dict[str, Any]:
    """What everybody that takes pictures is told of the camera."""
    return {
        "timeout": times.depth,
        "wall_factor": times.wall_factor,
        "lens_model": values["lens_model"],
        "sync_tolerance": values["sync_tolerance"],
    }
