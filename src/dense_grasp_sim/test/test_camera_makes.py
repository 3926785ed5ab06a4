"""The simulated camera speaks as the driver of its make does: topics, frames and encodings of the record."""

from __future__ import annotations

import time

import numpy as np
import pytest
import rclpy
from dense_grasp_core.cameras.record import camera_record
from dense_grasp_core.geometry.depth import depth_to_metres
from dense_grasp_ros.camera_parameters import with_camera
from dense_grasp_ros.images import rgb_from_message
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.ros.camera_publisher import CameraLoop
from dense_grasp_sim.ros.cell_parameters import camera_options, cell_settings
from dense_grasp_sim.ros.sim_parameters import CELL
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image


@pytest.fixture(scope="module")
def simulator():
    values = {spec.name: spec.value for spec in CELL}
    made = Simulator(cell_settings(values), values["observe_joints"], homed=False)
    made.set_scene(0, pose_seed=0)
    return made


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    made = rclpy.create_node("camera_of_a_make", context=context)
    yield made
    made.destroy_node()
    rclpy.shutdown(context=context)


def seen(node, simulator, camera: str, prefix: str = "") -> dict[str, Image | CameraInfo]:
    """Colour, depth and the two camera_infos of one picture, by topic."""
    record = camera_record(camera, prefix)
    values = {spec.name: spec.value for spec in CELL} | {"camera": camera, "prefix": prefix, "depth_noise": False}
    options = camera_options(with_camera(values, record))
    messages: dict[str, Image | CameraInfo] = {}
    topics = {record.color_topic: Image, record.depth_topic: Image}
    topics |= {record.camera_info_topic: CameraInfo, record.depth_info_topic: CameraInfo}
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    failures: list[BaseException] = []
    loop = CameraLoop(node, simulator, options, lambda: "", failures.append)
    for topic, kind in topics.items():
        node.create_subscription(kind, topic, lambda m, t=topic: messages.update({t: m}), qos_profile_sensor_data)
    loop.begin()
    try:
        deadline = time.monotonic() + 120.0
        while set(messages) != set(topics):
            assert not failures and time.monotonic() < deadline, f"only {sorted(messages)} came"
            simulator.step(100)
            loop.turn()
            executor.spin_once(timeout_sec=0.05)
    finally:
        loop.end()
        executor.shutdown()
    return messages


def test_orbbecs_topics_and_frames(node, simulator):
    messages = seen(node, simulator, "orbbec_gemini_330", "left_")
    streams = ("image_raw", "camera_info")
    assert set(messages) == {f"camera/{kind}/{name}" for kind in ("color", "depth") for name in streams}
    assert {message.header.frame_id for message in messages.values()} == {"left_camera_color_optical_frame"}
    assert messages["camera/color/image_raw"].encoding == "rgb8"
    assert messages["camera/depth/image_raw"].encoding == "16UC1"


def test_encodings_of_a_make_that_sends_alpha_and_metres(node, simulator, tmp_path):
    path = tmp_path / "metres.yaml"
    path.write_text("like: realsense\ncolor_encoding: bgra8\ndepth_encoding: 32FC1\n")
    other = seen(node, simulator, str(path))
    colour = other["camera/camera/color/image_raw"]
    depth = other["camera/camera/aligned_depth_to_color/image_raw"]
    assert (colour.encoding, depth.encoding) == ("bgra8", "32FC1")
    raw = np.frombuffer(colour.data, np.uint8).reshape(colour.height, colour.width, 4)
    np.testing.assert_array_equal(rgb_from_message(colour), raw[..., 2::-1])
    metres = depth_to_metres(np.frombuffer(depth.data, np.float32).reshape(depth.height, depth.width), "32FC1")
    assert 0.2 < np.nanmedian(metres) < 1.5
