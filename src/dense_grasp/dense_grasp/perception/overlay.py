"""What an operator sees of a query: heatmap over the image, its camera_info, markers, matches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from dense_grasp_core.matching.heatmap import draw_match, heatmap_overlay
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_ros.images import image_message
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from visualization_msgs.msg import MarkerArray

from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.markers import match_markers
from dense_grasp_interfaces.msg import KeypointMatch

FOUND_RGB = (40, 255, 60)
REJECTED_RGB = (255, 60, 40)


def draw_matches(rgb: np.ndarray, matches: Sequence[KeypointMatch]) -> np.ndarray:
    """The image with a mark per match that has a pixel, green for OK and red for any other code."""
    for match in matches:
        rgb = draw_match(rgb, match.u, match.v, FOUND_RGB if match.code == MatchCode.OK else REJECTED_RGB)
    return rgb


class Overlay:
    """Publishers of a query's pictures; each message is made only when somebody listens."""

    def __init__(self, node: Node, heatmap_topic: str, markers_topic: str, matches_topic: str):
        self._heatmap = node.create_publisher(Image, heatmap_topic, 2)
        self._info = node.create_publisher(CameraInfo, f"{heatmap_topic}/camera_info", 2)
        self._markers = node.create_publisher(MarkerArray, markers_topic, 2)
        self._matches = node.create_publisher(KeypointMatch, matches_topic, 10)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens."""
        publishers = (self._heatmap, self._markers, self._matches)
        return any(publisher.get_subscription_count() > 0 for publisher in publishers)

    def publish(self, frame: CameraFrame, matches: Sequence[KeypointMatch], kernel: np.ndarray | None) -> None:
        """kernel: (H, W) of the match to show as heatmap. Raises MessageError for an undecodable colour image."""
        if self._matches.get_subscription_count() > 0:
            for match in matches:
                self._matches.publish(match)
        if self._markers.get_subscription_count() > 0:
            self._markers.publish(match_markers(matches))
        if kernel is not None and frame.rgb is not None and self._heatmap.get_subscription_count() > 0:
            picture = draw_matches(heatmap_overlay(frame.rgb, kernel), matches)
            self._info.publish(frame.info)
            self._heatmap.publish(image_message(picture, "rgb8", frame.header))
