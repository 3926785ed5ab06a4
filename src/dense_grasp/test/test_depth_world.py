"""Depth images as points in the base frame."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from dense_grasp.perception.depth_world import DepthWorld, surface_points
from dense_grasp.perception.messages import camera_from_info
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_ros.images import image_message
from dense_grasp_ros.local_graph import PATIENCE
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, ClockType
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

K = [100.0, 0.0, 15.5, 0.0, 100.0, 11.5, 0.0, 0.0, 1.0]
SECOND = 1_000_000_000


def info(stamp_s: int = 0, width=32, height=24, frame="optical", focal_length=100.0) -> CameraInfo:
    header = Header(frame_id=frame)
    header.stamp.sec = stamp_s
    k = [focal_length, *K[1:4], focal_length, *K[5:]]
    return CameraInfo(header=header, width=width, height=height, k=k, d=[0.0] * 5, distortion_model="plumb_bob")


def depth(stamp_s: int, metres: float = 0.5, encoding: str = "16UC1"):
    header = Header(frame_id="optical")
    header.stamp.sec = stamp_s
    return image_message(np.full((24, 32), 1000 * metres, np.uint16), encoding, header)


def looking_down(base: str, frame: str, time) -> TransformStamped:
    assert (base, frame) == ("base", "optical")
    transform = TransformStamped()
    transform.transform.translation.z = 0.6
    transform.transform.rotation.x = 1.0
    transform.transform.rotation.w = 0.0
    return transform


def world(graph, lookup=looking_down) -> DepthWorld:
    return DepthWorld(graph.node, "/dw/depth", "/dw/info", "base", lookup, timeout=0.3, wall_factor=1.0, step=4)


def failure_of(made: DepthWorld, stamp: int) -> GraspFailure:
    with pytest.raises(GraspFailure) as failure:
        made.points(stamp)
    return failure.value


def test_surface_points_agree_with_the_camera():
    image = np.full((24, 32), np.nan)
    image[4, 8] = 0.7
    image[8, 8] = 5.0
    camera = camera_from_info(info())
    points = surface_points(image, camera, 4)
    np.testing.assert_allclose(points, [[0.7 * (8 - 15.5) / 100, 0.7 * (4 - 11.5) / 100, 0.7]], atol=1e-6)


def test_points_are_in_the_base_frame(graph):
    made = world(graph)
    made._on_info(info(7))
    made._on_depth(depth(7))
    points = made.points(7 * SECOND)
    assert points.shape == (48, 3)
    np.testing.assert_allclose(points[:, 2], 0.1, atol=1e-6)


def test_depth_is_heard_only_while_somebody_asks(graph, until, monkeypatch):
    monkeypatch.setattr("dense_grasp.perception.depth_world.HEARD_AFTER", 0.1)
    made = DepthWorld(graph.node, "/dw/depth", "/dw/info", "base", looking_down, timeout=PATIENCE)
    camera = graph.node.create_publisher(Image, "/dw/depth", 2), graph.node.create_publisher(CameraInfo, "/dw/info", 2)
    heard = []

    def send():
        heard.append(graph.node.count_subscribers("/dw/depth"))
        camera[1].publish(info(7))
        camera[0].publish(depth(7))

    kept = graph.node.create_timer(0.05, send, clock=Clock(clock_type=ClockType.STEADY_TIME))
    for _ in range(2):
        until(lambda: len(heard) > 5 and not any(heard[-5:]), PATIENCE, "images that nobody hears")
        assert len(made.points(7 * SECOND)) == 48
        del heard[:]
    until(lambda: len(heard) > 5 and not any(heard[-5:]), PATIENCE, "the end of the subscription")
    graph.node.destroy_timer(kept)


def test_the_camera_is_where_it_was_at_the_images_stamp(graph):
    made = world(graph)
    made._on_info(info(7))
    made._on_depth(depth(7))
    found = made.base_from_camera(7 * SECOND)
    np.testing.assert_allclose(found[:3, 3], [0.0, 0.0, 0.6])
    np.testing.assert_allclose(found[:3, :3], np.diag([1.0, -1.0, -1.0]), atol=1e-12)
    with pytest.raises(GraspFailure) as failure:
        made.base_from_camera(8 * SECOND)
    assert failure.value.code == GraspCode.PERCEPTION + MatchCode.NO_FRAME


def test_the_exact_stamp_wins_over_a_newer_one(graph):
    made = world(graph)
    for stamp, metres in ((7, 0.5), (8, 0.4)):
        made._on_info(info(stamp))
        made._on_depth(depth(stamp, metres))
    np.testing.assert_allclose(made.points(7 * SECOND)[:, 2], 0.1, atol=1e-6)


def test_a_lost_image_is_replaced_by_a_later_one_never_by_an_older(graph):
    made = world(graph)
    made._on_info(info(8))
    made._on_depth(depth(8, 0.4))
    np.testing.assert_allclose(made.points(7 * SECOND)[:, 2], 0.2, atol=1e-6)
    failure = failure_of(made, 9 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_FRAME
    assert "/dw/depth" in str(failure)


def test_a_camera_info_within_the_tolerance_counts(graph):
    made = DepthWorld(graph.node, "/dw/depth", "/dw/info", "base", looking_down, timeout=0.3, sync_tolerance=0.01)
    made._on_depth(depth(8))
    message = info(8)
    message.header.stamp.nanosec = 5_000_000
    made._on_info(message)
    assert len(made.points(8 * SECOND + 5_000_000)) == 48


def test_no_camera_info_is_said(graph):
    made = world(graph)
    made._on_depth(depth(8))
    assert "no camera_info" in str(failure_of(made, 8 * SECOND))


def test_only_the_camera_info_of_the_depth_images_stamp_counts(graph):
    """A stray one, or one of a new focal length, would move every obstacle."""
    made = world(graph)
    made._on_depth(depth(8))
    made._on_info(info(9, focal_length=200.0))
    failure = failure_of(made, 8 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_FRAME
    assert "newest depth image 8000000000, newest camera_info 9000000000" in str(failure)
    made._on_info(info(8))
    points = made.points(8 * SECOND)
    made._on_info(info(10, focal_length=200.0))
    np.testing.assert_array_equal(made.points(8 * SECOND), points)


def test_a_camera_info_of_another_frame_is_refused(graph):
    made = world(graph)
    made._on_info(info(8, frame="infra1"))
    made._on_depth(depth(8))
    failure = failure_of(made, 8 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_DEPTH
    assert "'optical', expected 'infra1'" in str(failure)


def test_a_stamp_from_the_future_is_refused_with_its_offset(graph):
    made = world(graph)
    ahead = graph.node.get_clock().now().nanoseconds // SECOND + 600
    made._on_info(info(ahead))
    made._on_depth(depth(ahead))
    failure = failure_of(made, ahead * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.STAMP_AHEAD
    assert re.search(r"stamped (599|600)\.\d+ s ahead.* at most 0\.02 s", str(failure))


@pytest.mark.parametrize(("field", "value"), [("translation", "x"), ("rotation", "w")])
def test_a_transform_that_is_none_is_refused(graph, field, value):
    def broken(base, frame, time):
        transform = looking_down(base, frame, time)
        setattr(getattr(transform.transform, field), value, math.inf)
        return transform

    made = world(graph, broken)
    made._on_info(info(1))
    made._on_depth(depth(1))
    failure = failure_of(made, 1 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_TF and "inf" in str(failure)


def test_a_wrong_size_or_encoding_is_no_depth(graph):
    made = world(graph)
    made._on_info(info(1, 64, 48))
    made._on_depth(depth(1))
    failure = failure_of(made, 1 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_DEPTH
    assert "32x24" in str(failure)
    made._on_info(info(2))
    made._on_depth(depth(2, encoding="8UC1"))
    assert "8UC1" in str(failure_of(made, 2 * SECOND))


def test_no_transform_says_why(graph):
    def never(base, frame, time):
        raise LookupError("extrapolation into the future")

    made = world(graph, never)
    made._on_info(info(1))
    made._on_depth(depth(1))
    failure = failure_of(made, 1 * SECOND)
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_TF
    assert "extrapolation" in str(failure)


def test_waiting_can_be_stopped(graph):
    with pytest.raises(Canceled):
        world(graph).points(1, stop=lambda: True)


def test_what_was_seen_can_be_forgotten(graph):
    made = world(graph)
    made._on_info(info(1))
    made._on_depth(depth(1))
    made.forget()
    assert failure_of(made, 1 * SECOND).code == GraspCode.PERCEPTION + MatchCode.NO_FRAME
