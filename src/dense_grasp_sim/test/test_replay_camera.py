"""replay_camera publishes what the real camera would, in a private domain."""

import threading
import time

import numpy as np
import pytest
import rclpy
from dense_grasp_ros.domains import private_domain
from dense_grasp_sim.devices.replay_source import load_motorcycle
from dense_grasp_sim.ros.replay_camera import ReplayCamera
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image


def pixels(message: Image) -> np.ndarray:
    """(H, W, 3) uint8 of an rgb8 image without padding."""
    return np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)


@pytest.fixture
def camera():
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=private_domain())
    node = ReplayCamera(context=context, parameter_overrides=[Parameter("rate", value=10.0)])
    listener = Node("listener", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    executor.add_node(listener)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield node, listener
    executor.shutdown()
    thread.join(60.0)
    context.try_shutdown()


def wait_until(condition, timeout=60.0):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def stamp(message):
    return message.header.stamp.sec, message.header.stamp.nanosec


def test_colour_depth_and_info_carry_one_stamp_and_the_side_can_be_switched(camera):
    node, listener = camera
    colours, depths, infos = {}, {}, {}
    for kind, topic, kept in (
        (Image, "color/image_raw", colours),
        (Image, "aligned_depth_to_color/image_raw", depths),
        (CameraInfo, "color/camera_info", infos),
    ):
        listener.create_subscription(
            kind,
            f"/camera/camera/{topic}",
            lambda message, kept=kept: kept.__setitem__(stamp(message), message),
            qos_profile_sensor_data,
        )
    wait_until(lambda: set(colours) & set(depths) & set(infos))
    common = (set(colours) & set(depths) & set(infos)).pop()
    pair = load_motorcycle()
    colour, depth, info = colours[common], depths[common], infos[common]
    assert (colour.encoding, depth.encoding, info.distortion_model) == ("rgb8", "16UC1", "plumb_bob")
    assert colour.header.frame_id == depth.header.frame_id == "camera_color_optical_frame"
    assert (info.width, info.height, colour.width, depth.height) == (741, 500, 741, 500)
    np.testing.assert_array_equal(pixels(colour), pair.left)
    assert not node.set_parameters([Parameter("side", value="middle")])[0].successful
    assert not node.set_parameters([Parameter("rate", value=1.0)])[0].successful
    assert node.set_parameters([Parameter("side", value="right")])[0].successful
    colours.clear()
    wait_until(lambda: any(np.array_equal(pixels(m), pair.right) for m in list(colours.values())))
