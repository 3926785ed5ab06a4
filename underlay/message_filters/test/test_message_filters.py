"""message_filters against its documentation."""

from __future__ import annotations

import threading
import time

import pytest
import rclpy
from message_filters import ApproximateTimeSynchronizer, Cache, SimpleFilter, Subscriber, TimeSynchronizer
from rclpy.clock import ClockType
from rclpy.qos import ReliabilityPolicy, qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String


def ros_time(seconds):
    return Time(nanoseconds=round(seconds * 1e9), clock_type=ClockType.ROS_TIME)


def image(seconds, frame="x"):
    message = Image()
    message.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
    message.header.frame_id = frame
    return message


@pytest.fixture
def two():
    left, right, sets = SimpleFilter(), SimpleFilter(), []
    return left, right, sets, lambda *messages: sets.append([m.header.frame_id for m in messages])


def test_exact_stamps_meet(two):
    left, right, sets, callback = two
    TimeSynchronizer([left, right], 10).registerCallback(callback)
    left.signalMessage(image(1.0, "l1"))
    right.signalMessage(image(2.0, "r2"))
    assert sets == []
    right.signalMessage(image(1.0, "r1"))
    left.signalMessage(image(2.0, "l2"))
    assert sets == [["l1", "r1"], ["l2", "r2"]]


def test_exact_queue_drops_the_oldest(two):
    left, right, sets, callback = two
    TimeSynchronizer([left, right], 2).registerCallback(callback)
    for second in (1.0, 2.0, 3.0):
        left.signalMessage(image(second, f"l{second:.0f}"))
    right.signalMessage(image(1.0, "r1"))
    right.signalMessage(image(2.0, "r2"))
    assert sets == [["l2", "r2"]]


def test_stamps_that_never_meet_call_nothing(two):
    left, right, sets, callback = two
    TimeSynchronizer([left, right], 5).registerCallback(callback)
    for step in range(20):
        left.signalMessage(image(1.0 + step))
        right.signalMessage(image(1.5 + step))
    assert sets == []


def test_callbacks_get_their_own_arguments(two):
    left, right, _, _ = two
    seen = []
    synchronizer = TimeSynchronizer([left, right], 5)
    synchronizer.registerCallback(lambda a, b, name: seen.append(name), "first")
    synchronizer.registerCallback(lambda a, b, name: seen.append(name), "second")
    left.signalMessage(image(1.0))
    right.signalMessage(image(1.0))
    assert seen == ["first", "second"]


def test_approximate_stamps_meet_within_slop(two):
    left, right, sets, callback = two
    ApproximateTimeSynchronizer([left, right], 10, slop=0.1).registerCallback(callback)
    left.signalMessage(image(1.0, "l1"))
    right.signalMessage(image(1.5, "far"))
    assert sets == []
    right.signalMessage(image(1.04, "r1"))
    assert sets == [["l1", "r1"]]
    right.signalMessage(image(1.02, "late"))
    assert sets == [["l1", "r1"]]


def test_approximate_takes_the_nearest(two):
    left, right, sets, callback = two
    ApproximateTimeSynchronizer([left, right], 10, slop=0.5).registerCallback(callback)
    left.signalMessage(image(1.0, "far"))
    left.signalMessage(image(1.3, "near"))
    right.signalMessage(image(1.35, "r"))
    assert sets == [["near", "r"]]


def test_headerless_messages_need_permission():
    left, right, sets = SimpleFilter(), SimpleFilter(), []
    strict = ApproximateTimeSynchronizer([left, right], 5, slop=5.0)
    strict.registerCallback(lambda *messages: sets.append("strict"))
    lenient = ApproximateTimeSynchronizer([left, right], 5, slop=5.0, allow_headerless=True)
    lenient.registerCallback(lambda *messages: sets.append("lenient"))
    left.signalMessage(String(data="a"))
    right.signalMessage(String(data="b"))
    assert sets == ["lenient"]


def test_cache_answers_by_time():
    source = SimpleFilter()
    cache = Cache(source, 3)
    for second in (1, 2, 3, 4):
        source.signalMessage(image(second, f"m{second}"))
    name = [m.header.frame_id for m in cache.getInterval(ros_time(2.0), ros_time(3.0))]
    assert name == ["m2", "m3"]
    assert cache.getElemAfterTime(ros_time(2.5)).header.frame_id == "m3"
    assert cache.getElemBeforeTime(ros_time(2.5)).header.frame_id == "m2"
    assert cache.getElemBeforeTime(ros_time(1.0)) is None
    assert cache.getOldestTime() == ros_time(2.0)
    assert cache.getLast().header.frame_id == "m4"


def test_subscribers_over_topics():
    rclpy.init()
    node = rclpy.create_node("filters_test")
    sets = []
    image_sub = Subscriber(node, Image, "image", qos_profile=qos_profile_sensor_data)
    info_sub = Subscriber(node, CameraInfo, "info")
    assert image_sub.getTopic() == "image" and image_sub.topic_name == "/image"
    TimeSynchronizer([image_sub, info_sub], 10).registerCallback(lambda *pair: sets.append(pair))
    (end,) = node.get_subscriptions_info_by_topic("/image")
    assert end.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT
    (end,) = node.get_subscriptions_info_by_topic("/info")
    assert end.qos_profile.reliability == ReliabilityPolicy.RELIABLE
    images = node.create_publisher(Image, "image", qos_profile_sensor_data)
    infos = node.create_publisher(CameraInfo, "info", 10)
    deadline, second = time.monotonic() + 60.0, 0
    while not sets and time.monotonic() < deadline:
        second += 1
        images.publish(image(second))
        infos.publish(CameraInfo(header=image(second).header))
        for _ in range(4):
            rclpy.spin_once(node, timeout_sec=0.02)
    node.destroy_node()
    rclpy.shutdown()
    assert type(sets[0][0]) is Image and type(sets[0][1]) is CameraInfo
    assert sets[0][0].header.stamp == sets[0][1].header.stamp


def test_inputs_from_two_threads_lose_nothing(two):
    left, right, sets, callback = two
    TimeSynchronizer([left, right], 500).registerCallback(callback)
    threads = [
        threading.Thread(target=lambda f=f: [f.signalMessage(image(1 + n)) for n in range(200)]) for f in (left, right)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sets) == 200
