"""Markers for RViz: where the taught keypoints were found."""

from __future__ import annotations

import math
from collections.abc import Sequence

from builtin_interfaces.msg import Duration
from dense_grasp_core.result_codes import MatchCode
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import Marker, MarkerArray

from dense_grasp_interfaces.msg import KeypointMatch

SPHERE_M = 0.012
TEXT_M = 0.02
TEXT_ABOVE_M = 0.03
SHAFT_M = 0.004
HEAD_M = 0.01
LIFETIME = Duration(sec=5)
FOUND = ColorRGBA(r=0.1, g=0.9, b=0.2, a=0.9)
REJECTED = ColorRGBA(r=0.95, g=0.2, b=0.1, a=0.9)
BOX = ColorRGBA(r=0.2, g=0.5, b=1.0, a=0.25)
AXIS = ColorRGBA(r=0.2, g=0.5, b=1.0, a=0.9)


def has_position(match: KeypointMatch) -> bool:
    """Whether a match carries a point in the base frame."""
    return all(math.isfinite(value) for value in (match.position.x, match.position.y, match.position.z))


def match_markers(matches: Sequence[KeypointMatch]) -> MarkerArray:
    """A sphere and a text per match that has a position, an arrow from `axis_a` to `axis_b` when both are there.

    Namespaces are object_id/keypoint, so a newer match moves its marker instead of adding one.
    """
    markers = MarkerArray()
    for match in matches:
        if has_position(match):
            markers.markers += [_sphere(match), _text(match)]
    ends = {match.keypoint: match for match in matches if has_position(match)}
    if "axis_a" in ends and "axis_b" in ends:
        markers.markers.append(_arrow(ends["axis_a"], ends["axis_b"]))
    return markers


def object_markers(objects: Detection3DArray) -> MarkerArray:
    """A translucent box and a name for each scanned object that was found."""
    markers = MarkerArray()
    for number, detection in enumerate(objects.detections):
        hypothesis = detection.results[0].hypothesis
        box = Marker(header=objects.header, ns=f"{hypothesis.class_id}/object", id=2 * number, type=Marker.CUBE)
        box.pose, box.scale, box.color, box.lifetime = detection.bbox.center, detection.bbox.size, BOX, LIFETIME
        name = Marker(header=objects.header, ns=box.ns, id=2 * number + 1, type=Marker.TEXT_VIEW_FACING, color=AXIS)
        name.pose.position = detection.bbox.center.position
        name.scale.z, name.lifetime = TEXT_M, LIFETIME
        name.text = f"{hypothesis.class_id} {hypothesis.score:.2f}"
        markers.markers += [box, name]
    return markers


def _marker(match: KeypointMatch, what: str, kind: int, colour: ColorRGBA) -> Marker:
    marker = Marker(header=match.header, ns=f"{match.object_id}/{what}", type=kind, action=Marker.ADD, color=colour)
    marker.lifetime = LIFETIME
    marker.pose.orientation.w = 1.0
    return marker


def _colour(match: KeypointMatch) -> ColorRGBA:
    return FOUND if match.code == MatchCode.OK else REJECTED


def _sphere(match: KeypointMatch) -> Marker:
    marker = _marker(match, match.keypoint, Marker.SPHERE, _colour(match))
    marker.pose.position = match.position
    marker.scale.x = marker.scale.y = marker.scale.z = SPHERE_M
    return marker


def _text(match: KeypointMatch) -> Marker:
    marker = _marker(match, match.keypoint, Marker.TEXT_VIEW_FACING, _colour(match))
    marker.id = 1
    marker.pose.position = Point(x=match.position.x, y=match.position.y, z=match.position.z + TEXT_ABOVE_M)
    marker.scale.z = TEXT_M
    marker.text = f"{match.keypoint} {match.score:.2f}"
    if match.code != MatchCode.OK:
        marker.text += f" {MatchCode(match.code).name}"
    return marker


def _arrow(start: KeypointMatch, end: KeypointMatch) -> Marker:
    marker = _marker(start, "axis", Marker.ARROW, AXIS)
    marker.points = [start.position, end.position]
    marker.scale.x, marker.scale.y, marker.scale.z = SHAFT_M, HEAD_M, HEAD_M
    return marker
