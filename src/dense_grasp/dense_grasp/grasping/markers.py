"""A planned grasp as markers for RViz."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from dense_grasp_core.motion.interfaces import PickPlan
from geometry_msgs.msg import Point
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

AXIS_LENGTH = 0.06
#: Colour of each stage's path: to the pre-grasp, approach, lift.
PATH_COLOURS = ((0.2, 0.5, 1.0), (1.0, 0.7, 0.1), (0.2, 0.8, 0.3))


def plan_markers(plan: PickPlan, tcp_paths: list[np.ndarray], frame: str, stamp: Time) -> MarkerArray:
    """Paths of the tool centre point, each (N, 3) m in `frame`, and the grasp's axes; replaces what was shown."""
    header = Header(frame_id=frame, stamp=stamp)
    markers = [Marker(header=header, action=Marker.DELETEALL)]
    for number, (path, colour) in enumerate(zip(tcp_paths, PATH_COLOURS, strict=True)):
        line = _marker(header, "path", number, Marker.LINE_STRIP, colour)
        line.scale.x = 0.004
        line.pose.orientation.w = 1.0
        line.points = [_point(p) for p in path]
        markers.append(line)
    origin = plan.base_from_tcp[:3, 3]
    for axis, colour in enumerate(np.eye(3).tolist()):
        arrow = _marker(header, "grasp", axis, Marker.ARROW, (colour[0], colour[1], colour[2]))
        arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.005, 0.010, 0.015
        arrow.pose.orientation.w = 1.0
        arrow.points = [_point(origin), _point(origin + AXIS_LENGTH * plan.base_from_tcp[:3, axis])]
        markers.append(arrow)
    return MarkerArray(markers=markers)


def _marker(header: Header, namespace: str, number: int, kind: int, colour: tuple[float, float, float]) -> Marker:
    red, green, blue = colour
    return Marker(
        header=header,
        ns=namespace,
        id=number,
        type=kind,
        action=Marker.ADD,
        color=ColorRGBA(r=float(red), g=float(green), b=float(blue), a=1.0),
    )


def _point(values: np.ndarray) -> Point:
    return Point(x=float(values[0]), y=float(values[1]), z=float(values[2]))
