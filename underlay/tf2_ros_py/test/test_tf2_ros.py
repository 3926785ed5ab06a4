"""tf2_ros over real topics."""

from __future__ import annotations

import threading
import time

import pytest
import rclpy
from geometry_msgs.msg import PointStamped, TransformStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.duration import Duration
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy
from rclpy.time import Time
from std_srvs.srv import Trigger
from tf2_ros import (
    Buffer,
    ExtrapolationException,
    LookupException,
    StaticTransformBroadcaster,
    TransformBroadcaster,
    TransformException,
    TransformListener,
    TransformRegistration,
    TypeException,
)


def stamped(parent, child, seconds, x=0.0):
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
    message.transform.translation.x = x
    message.transform.rotation.w = 1.0
    return message


@pytest.fixture
def graph():
    """A node that is spun by several threads."""
    rclpy.init()
    node = rclpy.create_node("tf_test")
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node
    executor.shutdown()
    thread.join(60.0)
    node.destroy_node()
    rclpy.shutdown()


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "condition did not hold in time"
        time.sleep(0.01)


def test_transforms_arrive(graph):
    buffer = Buffer()
    listener = TransformListener(buffer, graph)
    broadcaster = TransformBroadcaster(graph)
    wait_for(lambda: broadcaster.pub_tf.get_subscription_count() == 1)
    broadcaster.sendTransform([stamped("base", "hand", 1.0, 1.0), stamped("hand", "camera", 1.0, 2.0)])
    found = buffer.lookup_transform("base", "camera", Time(seconds=1), Duration(seconds=60.0))
    assert found.transform.translation.x == 3.0
    listener.unregister()


def test_late_listener_gets_every_static_transform(graph):
    broadcaster = StaticTransformBroadcaster(graph)
    broadcaster.sendTransform(stamped("hand", "camera", 0.0, 1.0))
    broadcaster.sendTransform((stamped("camera", "lens", 0.0, 2.0),))
    buffer = Buffer()
    listener = TransformListener(buffer, graph)
    found = buffer.lookup_transform("hand", "lens", Time(seconds=77), Duration(seconds=60.0))
    assert found.transform.translation.x == 3.0
    (info,) = graph.get_publishers_info_by_topic("/tf_static")
    assert info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
    listener.unregister()


def test_waiting_in_a_callback_does_not_hold_up_the_transforms(graph):
    buffer = Buffer()
    listener = TransformListener(buffer, graph)
    broadcaster = TransformBroadcaster(graph)
    wait_for(lambda: broadcaster.pub_tf.get_subscription_count() == 1)

    def answer(request, response):
        found = buffer.lookup_transform("base", "hand", Time(seconds=5), Duration(seconds=60.0))
        response.success, response.message = True, str(found.transform.translation.x)
        return response

    graph.create_service(Trigger, "find", answer, callback_group=ReentrantCallbackGroup())
    client = graph.create_client(Trigger, "find", callback_group=ReentrantCallbackGroup())
    assert client.wait_for_service(60.0)
    future = client.call_async(Trigger.Request())
    time.sleep(0.1)
    assert not future.done()
    broadcaster.sendTransform(stamped("base", "hand", 5.0, 4.0))
    wait_for(future.done)
    assert future.result().message == "4.0"
    listener.unregister()


def test_timeout_is_kept_and_the_reason_told():
    buffer = Buffer()
    start = time.monotonic()
    with pytest.raises(LookupException):
        buffer.lookup_transform("base", "hand", Time(), Duration(seconds=0.3))
    assert time.monotonic() - start > 0.25
    buffer.set_transform(stamped("base", "hand", 1.0), "test")
    buffer.set_transform(stamped("base", "hand", 2.0), "test")
    assert not buffer.can_transform("base", "hand", Time(seconds=3))
    possible, reason = buffer.can_transform("base", "hand", Time(seconds=3), return_debug_tuple=True)
    assert not possible and "into the future" in reason
    with pytest.raises(ExtrapolationException):
        buffer.lookup_transform("base", "hand", Time(seconds=3))
    assert issubclass(ExtrapolationException, TransformException)


def test_messages_are_times_too():
    buffer = Buffer()
    buffer.set_transform(stamped("base", "hand", 1.0, 5.0), "test")
    found = buffer.lookup_transform("base", "hand", Time(seconds=1).to_msg())
    assert found.transform.translation.x == 5.0


def test_awaits_a_transform():
    buffer = Buffer()
    future = buffer.wait_for_transform_async("base", "hand", Time(seconds=1))
    assert not future.done()
    buffer.set_transform(stamped("base", "hand", 1.0, 5.0), "test")
    assert future.done() and future.result().transform.translation.x == 5.0
    coroutine = buffer.lookup_transform_async("base", "hand", Time(seconds=1))
    with pytest.raises(StopIteration) as result:
        coroutine.send(None)
    assert result.value.value.transform.translation.x == 5.0


def test_fixed_frame():
    buffer = Buffer()
    buffer.set_transform(stamped("base", "hand", 1.0, 1.0), "test")
    buffer.set_transform(stamped("base", "hand", 2.0, 4.0), "test")
    found = buffer.lookup_transform_full("hand", Time(seconds=2), "hand", Time(seconds=1), "base")
    assert found.transform.translation.x == -3.0


def test_registered_types_are_transformed():
    buffer = Buffer()
    buffer.set_transform(stamped("base", "hand", 1.0, 1.0), "test")
    point = PointStamped()
    point.header.frame_id, point.header.stamp = "hand", Time(seconds=1).to_msg()
    point.point.x = 2.0

    def move(point, transform):
        result = PointStamped(header=transform.header)
        result.point.x = point.point.x + transform.transform.translation.x
        return result

    TransformRegistration().add(PointStamped, move)
    moved = buffer.transform(point, "base")
    assert moved.point.x == 3.0 and moved.header.frame_id == "base"
    with pytest.raises(TypeException):
        buffer.transform(stamped("hand", "x", 1.0), "base")


def test_own_thread():
    rclpy.init()
    node = rclpy.create_node("tf_thread_test")
    sender = rclpy.create_node("tf_sender")
    buffer = Buffer()
    listener = TransformListener(buffer, node, spin_thread=True)
    StaticTransformBroadcaster(sender).sendTransform(stamped("a", "b", 0.0, 1.0))
    found = buffer.lookup_transform("a", "b", Time(), Duration(seconds=60.0))
    assert found.transform.translation.x == 1.0
    listener.executor.shutdown()
    listener.dedicated_listener_thread.join(60.0)
    assert not listener.dedicated_listener_thread.is_alive()
    node.destroy_node()
    sender.destroy_node()
    rclpy.shutdown()


def test_a_node_gets_a_service_of_its_frames():
    from tf2_msgs.srv import FrameGraph

    rclpy.init()
    node = rclpy.create_node("tf_frames_test")
    buffer = Buffer(node=node)
    buffer.set_transform(stamped("base", "hand", 1.0), "test")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    client = node.create_client(FrameGraph, "tf2_frames")
    future = None
    deadline = time.monotonic() + 60.0
    while future is None or not future.done():
        assert time.monotonic() < deadline
        if future is None and client.service_is_ready():
            future = client.call_async(FrameGraph.Request())
        executor.spin_once(timeout_sec=0.05)
    assert "hand" in future.result().frame_yaml
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
