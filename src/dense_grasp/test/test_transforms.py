"""One transform from the future must not hide those of now."""

from dense_grasp.ros.transforms import TransformListener, transform_buffer
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from tf2_msgs.msg import TFMessage
from tf2_ros import Buffer


def transform(stamp: Time, x: float) -> TransformStamped:
    message = TransformStamped(child_frame_id="camera")
    message.header.frame_id = "base"
    message.header.stamp = stamp.to_msg()
    message.transform.translation.x = x
    message.transform.rotation.w = 1.0
    return message


def listening(graph, **parameters) -> tuple[Node, Buffer, TransformListener]:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = graph.spin(Node("listens", context=graph.context, parameter_overrides=overrides), 1)
    buffer = Buffer()
    return node, buffer, TransformListener(buffer, node)


def test_one_transform_from_the_future_hides_none_of_now(graph):
    node, buffer, listener = listening(graph)
    now = node.get_clock().now()
    listener.callback(TFMessage(transforms=[transform(now, 0.1)]))
    listener.callback(TFMessage(transforms=[transform(now + Duration(seconds=3600), 9.0)]))
    later = now + Duration(seconds=1)
    listener.callback(TFMessage(transforms=[transform(later, 0.2)]))
    assert buffer.lookup_transform("base", "camera", later).transform.translation.x == 0.2
    assert buffer.lookup_transform("base", "camera", Time()).transform.translation.x == 0.2


def test_stamps_a_little_ahead_are_taken(graph):
    node, buffer, listener = listening(graph)
    ahead = node.get_clock().now() + Duration(seconds=1)
    listener.callback(TFMessage(transforms=[transform(ahead, 0.3)]))
    assert buffer.lookup_transform("base", "camera", ahead).transform.translation.x == 0.3


def test_before_a_simulated_clock_begins_stamps_are_not_judged(graph):
    _, buffer, listener = listening(graph, use_sim_time=True)
    listener.callback(TFMessage(transforms=[transform(Time(seconds=500), 0.4)]))
    assert buffer.lookup_transform("base", "camera", Time()).transform.translation.x == 0.4


def test_where_the_camera_was_before_a_long_search_is_still_known(graph):
    node = graph.spin(Node("searches", context=graph.context), 1)
    buffer = transform_buffer()
    listener = TransformListener(buffer, node)
    taken = node.get_clock().now() - Duration(seconds=30)
    for step in range(31):
        stamp = taken + Duration(seconds=step)
        listener.callback(TFMessage(transforms=[transform(stamp, 0.01 * step)]))
    assert buffer.lookup_transform("base", "camera", taken).transform.translation.x == 0.0
