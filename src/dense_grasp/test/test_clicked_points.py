"""A point that is clicked in 3-D is taught at the pixel that sees it, or refused with the reason."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.clicked_points import ClickError, pixel_of
from dense_grasp.perception.clouds import seen_points
from dense_grasp.perception.frames import CameraFrame
from dense_grasp_core.store import DescriptorStore
from dense_grasp_ros.images import image_message
from geometry_msgs.msg import PointStamped
from rcl_interfaces.msg import Log
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, PointCloud2
from visualization_msgs.msg import MarkerArray

from dense_grasp_interfaces.msg import DescriptorImage

_spec = importlib.util.spec_from_file_location("query_cell", Path(__file__).with_name("query_cell.py"))
query_cell = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(query_cell)
Cell, SCORES, cell_centre = query_cell.Cell, query_cell.SCORES, query_cell.cell_centre


def frame(depth: np.ndarray, rgb: np.ndarray | None = None) -> CameraFrame:
    message = DescriptorImage(dtype="float16", stride=8.0, model_id="m", height=6, width=8, channels=1)
    message.data = bytes(6 * 8 * 2)
    message.header.frame_id = "optical"
    message.camera_info = CameraInfo(header=message.header, width=64, height=48, distortion_model="plumb_bob")
    message.camera_info.k = [100.0, 0.0, 31.5, 0.0, 100.0, 23.5, 0.0, 0.0, 1.0]
    colour = None if rgb is None else image_message(rgb, "rgb8", message.header)
    return CameraFrame(message, image_message(depth, "16UC1", message.header), colour)


def flat(millimetres: int = 500) -> np.ndarray:
    return np.full((48, 64), millimetres, np.uint16)


def test_a_point_has_the_pixel_that_sees_it():
    for u, v in ((10.0, 20.0), (40.25, 7.5)):
        point = np.array([(u - 31.5) / 100.0 * 0.5, (v - 23.5) / 100.0 * 0.5, 0.505])
        assert pixel_of(frame(flat()), np.eye(4), point) == pytest.approx((u, v), abs=0.5)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ((0.0, 0.0, 0.45), "50 mm behind the point at pixel"),
        ((0.0, 0.0, 0.6), "100 mm before the point"),
        ((0.3, 0.0, 0.5), r"at \(0.300, 0.000, 0.500\) m of optical, outside"),
        ((0.0, 0.0, -0.5), "outside the camera's image"),
    ],
)
def test_a_point_that_the_camera_does_not_see_is_refused(point, words):
    with pytest.raises(ClickError, match=words):
        pixel_of(frame(flat()), np.eye(4), np.array(point))


def test_a_hole_in_the_depth_is_refused():
    with pytest.raises(ClickError, match="no depth at pixel"):
        pixel_of(frame(flat(0)), np.eye(4), np.array([0.0, 0.0, 0.5]))


def test_the_cloud_is_what_the_camera_sees_in_its_colours():
    depth = flat()
    depth[:, :32] = 0
    rgb = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    points, colours = seen_points(frame(depth, rgb))
    assert len(points) == 48 * 32 and np.allclose(points[:, 2], 0.5)
    u, v = np.round(points[:, :2] / 0.5 * 100.0 + [31.5, 23.5]).astype(int).T
    assert u.min() == 32 and np.array_equal(colours, rgb[v, u])
    assert len(seen_points(frame(depth), step=2)[0]) == 24 * 16


def test_a_click_in_rviz_teaches_what_the_parameter_names(graph, until, tmp_path):
    store = f"sqlite:///{tmp_path / 'store.db'}"
    node = graph.start(QueryNode, store=store, tf_timeout=0.2, frame_timeout=1.0, **SCORES)
    cell = Cell(graph)
    cell.publish_transform()
    cell.stream()
    clicks = graph.node.create_publisher(PointStamped, "/clicked_point", 10)
    logs: list[str] = []
    markers: list[MarkerArray] = []
    clouds: list[PointCloud2] = []
    graph.node.create_subscription(Log, "/rosout", lambda message: logs.append(message.msg), 100)
    graph.node.create_subscription(MarkerArray, "/dense_grasp/markers", markers.append, 10)
    graph.node.create_subscription(PointCloud2, "/dense_grasp/points", clouds.append, qos_profile_sensor_data)
    until(lambda: clouds, 60.0, "the cloud")
    assert clouds[-1].header.frame_id == "optical" and clouds[-1].width == 24 * 32
    until(lambda: clicks.get_subscription_count() and cell.locate().message, 60.0, "the node")
    u, v = cell_centre(9)

    def click(z: float = 0.1) -> None:
        message = PointStamped()
        message.header.frame_id = "fr3_link0"
        message.point.x, message.point.y = 0.5 - (v - 23.5) / 100 * 0.5, -(u - 31.5) / 100 * 0.5
        message.point.z = z
        clicks.publish(message)

    def said(words: str, z: float = 0.1) -> None:
        def again() -> bool:
            click(z)
            return any(words in line for line in logs)

        until(again, 60.0, words)

    said("click_teaches is empty", z=0.2)  # a point that is refused: clicks may still wait when the name is set
    assert not DescriptorStore(store).list().entries
    node.set_parameters([Parameter("click_teaches", value="cap/contact")])
    said("100 mm behind", z=0.2)
    said("expected three finite numbers", z=math.nan)
    assert not DescriptorStore(store).list().entries
    said("stored cap/contact of model m, by a click at pixel")
    (row,) = DescriptorStore(store).list().entries
    assert (row.object_id, row.keypoint, row.u, row.v) == ("cap", "contact", pytest.approx(u), pytest.approx(v))
    said("delete it first, or name another keypoint")
    until(lambda: markers, 60.0, "a marker of what was taught")
    assert any(marker.ns == "cap/contact" for marker in markers[-1].markers)
