"""Pictures for a scan: whole, of one stamp, taken after they were asked for, and where the camera was."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from dense_grasp.scanning.still_camera import StillCamera
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode, MatchCode, ScanCode
from dense_grasp_ros.images import image_message
from dense_grasp_ros.local_graph import PATIENCE
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

K = [100.0, 0.0, 15.5, 0.0, 100.0, 11.5, 0.0, 0.0, 1.0]
TOPICS = ("/still/colour", "/still/depth", "/still/info")


def looking_down(base: str, frame: str, time) -> TransformStamped:
    assert (base, frame) == ("base", "optical")
    transform = TransformStamped()
    transform.transform.translation.z = 0.6
    transform.transform.rotation.x = 1.0
    transform.transform.rotation.w = 0.0
    return transform


class Driver:
    """Publishes pictures stamped now, without those streams that are `lost`."""

    def __init__(self, graph):
        node = graph.node
        self.clock, self.lost, self.apart = node.get_clock(), (), 0
        self.publishers = [
            node.create_publisher(kind, topic, qos_profile_sensor_data)
            for kind, topic in zip((Image, Image, CameraInfo), TOPICS, strict=True)
        ]
        node.create_timer(0.02, self.publish)

    def publish(self):
        now = self.clock.now()
        header = Header(frame_id="optical", stamp=now.to_msg())
        later = Header(frame_id="optical", stamp=(now + Duration(nanoseconds=self.apart)).to_msg())
        messages = (
            image_message(np.full((24, 32, 3), 80, np.uint8), "rgb8", header),
            image_message(np.full((24, 32), 500, np.uint16), "16UC1", later),
            CameraInfo(header=header, width=32, height=24, k=K, d=[0.0] * 5, distortion_model="plumb_bob"),
        )
        for topic, publisher, message in zip(TOPICS, self.publishers, messages, strict=True):
            if topic not in self.lost:
                publisher.publish(message)


@pytest.fixture
def driver(graph):
    return Driver(graph)


def camera(graph, lookup=looking_down, timeout=PATIENCE, **more) -> StillCamera:
    return StillCamera(graph.node, TOPICS, "base", lookup, timeout=timeout, wall_factor=1.0, **more)


def failure_of(made: StillCamera) -> GraspFailure:
    with made as opened, pytest.raises(GraspFailure) as failure:
        opened.look()
    return failure.value


def test_a_picture_is_newer_than_the_call_and_has_its_place(graph, driver):
    with camera(graph) as opened:
        before = graph.node.get_clock().now().nanoseconds
        look = opened.look()
        assert look.stamp_ns > before
        again = opened.look()
        assert again.stamp_ns > look.stamp_ns
    assert look.rgb.shape == (24, 32, 3) and look.depth[3, 4] == pytest.approx(0.5)
    np.testing.assert_allclose(look.points_base()[:, 2], 0.1, atol=1e-6)


def test_it_listens_only_while_it_is_open(graph, driver):
    made = camera(graph)

    def listening():
        return [one for one in graph.node.subscriptions if one.topic_name in TOPICS]

    assert not listening()
    with made:
        assert len(listening()) == 3
    assert not listening()


@pytest.mark.parametrize("lost", TOPICS)
def test_a_stream_that_is_missing_is_named(graph, driver, lost):
    driver.lost = (lost,)
    failure = failure_of(camera(graph, timeout=0.5))
    assert failure.code == ScanCode.PERCEPTION_UNAVAILABLE
    if lost == TOPICS[0]:
        assert f"came on {lost} within" in str(failure)


def test_streams_that_never_meet_and_a_place_that_is_unknown_are_told(graph, driver):
    def nowhere(base, frame, time):
        raise LookupError("no such frame")

    failure = failure_of(camera(graph, nowhere, timeout=5.0))  # in which a picture has to come, too
    assert failure.code == GraspCode.PERCEPTION + MatchCode.NO_TF and "no such frame" in str(failure)
    driver.apart = 1_000_000
    failure = failure_of(camera(graph, timeout=0.5))
    assert failure.code == ScanCode.PERCEPTION_UNAVAILABLE
    with camera(graph, sync_tolerance=0.002) as opened:
        assert opened.look().depth[3, 4] == pytest.approx(0.5)


def test_waiting_can_be_canceled(graph):
    canceled = threading.Event()
    canceled.set()
    with camera(graph) as opened, pytest.raises(Canceled):
        opened.look(canceled.is_set)
