"""descriptor_node on synthetic images, in a private domain."""

import os
import subprocess
import sys
import time
from itertools import count

import numpy as np
import pytest
from dense_grasp.nodes.descriptor_node import DescriptorNode
from dense_grasp.perception.frames import features_from_message
from dense_grasp.perception.messages import stamp_ns
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.images import image_message
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR
from rcl_interfaces.msg import Log
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy, qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage

COLOR = "/camera/camera/color/image_raw"
INFO = "/camera/camera/color/camera_info"
RGB = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
NUMBERS = count()
BEST_EFFORT = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)


class Camera:
    """Publishes what a test wants and keeps what the node answers."""

    def __init__(self, graph):
        self._node = graph.node
        # Names of its own for each test: the listeners of the test before may still be announced.
        number = next(NUMBERS)
        self.topics = {"descriptors_topic": f"/test{number}/descriptors", "pca_topic": f"/test{number}/pca"}
        self._image = graph.node.create_publisher(Image, COLOR, 2)
        self._info = graph.node.create_publisher(CameraInfo, INFO, 2)
        self.errors: list[str] = []
        self.received: list[DescriptorImage] = []
        self.pca: list[Image] = []
        graph.node.create_subscription(Log, "/rosout", lambda message: self.errors.append(message.msg), 50)
        self._stamp = 0

    def listen(self):
        self._node.create_subscription(
            DescriptorImage, self.topics["descriptors_topic"], self.received.append, BEST_EFFORT
        )

    def send(self, encoding="rgb8", rgb=RGB, info_size=None, info_delay_ns=0, info_frame=None) -> int:
        self._stamp += 1_000_000
        header = Header(frame_id="camera_color_optical_frame")
        header.stamp.nanosec = self._stamp
        width, height = info_size or (rgb.shape[1], rgb.shape[0])
        info = CameraInfo(header=Header(frame_id=info_frame or header.frame_id), width=width, height=height)
        info.header.stamp.nanosec = self._stamp + info_delay_ns
        info.distortion_model = "plumb_bob"
        info.k = [100.0, 0.0, 64.0, 0.0, 100.0, 48.0, 0.0, 0.0, 1.0]
        self._info.publish(info)
        self._image.publish(image_message(rgb, encoding, header))
        return self._stamp

    def said(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self.errors)


@pytest.fixture
def camera(graph, random_model):
    made = Camera(graph)
    graph.start(DescriptorNode, model=str(random_model), max_rate=0.0, backend="torch", **made.topics)
    return made


def send_until(camera, until, condition, **image):
    """Publish the same kind of image until the condition holds: best-effort images may get lost."""

    def once():
        camera.send(**image)
        time.sleep(0.03)
        return condition()

    return until(once, 20.0, f"answer to {image}")


def test_descriptors_are_those_of_the_network(camera, until, random_model):
    camera.listen()
    send_until(camera, until, lambda: camera.received)
    message = camera.received[0]
    extractor = DescriptorExtractor(random_model, backend="torch")
    np.testing.assert_allclose(features_from_message(message), extractor(RGB), atol=2e-3)
    assert message.model_id == extractor.model_id
    assert (message.height, message.width, message.channels, message.stride) == (12, 16, 8, 8.0)
    assert message.header.frame_id == "camera_color_optical_frame"
    assert stamp_ns(message.header.stamp) == stamp_ns(message.camera_info.header.stamp) > 0
    assert (message.camera_info.width, message.camera_info.k[0]) == (128, 100.0)


def test_bgr_gives_the_same_descriptors(camera, until, random_model):
    camera.listen()
    send_until(camera, until, lambda: camera.received, encoding="bgr8", rgb=RGB[..., ::-1])
    expected = DescriptorExtractor(random_model, backend="torch")(RGB)
    np.testing.assert_allclose(features_from_message(camera.received[0]), expected, atol=2e-3)


def test_bad_images_are_named_and_the_node_lives_on(camera, until):
    camera.listen()
    send_until(camera, until, lambda: camera.said("'nv21'", "rgb8"), encoding="nv21", rgb=RGB[..., :1])
    assert not camera.received
    time.sleep(2.1)  # errors are throttled to one in two seconds
    send_until(camera, until, lambda: camera.said("128x96", "640x480"), info_size=(640, 480))
    assert not camera.received
    send_until(camera, until, lambda: camera.received)


def test_an_image_that_is_too_large_is_refused_before_anything_is_computed(camera, graph, until):
    camera.listen()
    processed = []
    graph.nodes[-1]._extractor = processed.append
    large = np.zeros((1600, 2560, 3), np.uint8)
    send_until(camera, until, lambda: camera.said("2560x1600", "at most 4 million px"), rgb=large)
    assert not processed


def test_an_image_of_another_frame_than_its_camera_info_is_named(camera, until):
    camera.listen()
    words = "'camera_color_optical_frame', expected 'infra1'"
    send_until(camera, until, lambda: camera.said(words), info_frame="infra1")
    assert not camera.received


def test_camera_info_that_never_meets_is_named(camera, until):
    camera.listen()
    send_until(camera, until, lambda: camera.said("without a camera_info"), info_delay_ns=500)
    assert not camera.received


def test_pca_picture_on_subscription_only(camera, graph, until):
    graph.node.create_subscription(Image, camera.topics["pca_topic"], camera.pca.append, qos_profile_sensor_data)
    send_until(camera, until, lambda: camera.pca)
    assert (camera.pca[0].encoding, camera.pca[0].width, camera.pca[0].height) == ("rgb8", 16, 12)
    assert not camera.received


def test_nothing_is_computed_while_nobody_listens(camera, graph, until):
    processed = []
    graph.nodes[-1]._process = processed.append
    send_until(camera, until, lambda: camera._stamp > 20_000_000)
    assert not processed
    camera.listen()
    send_until(camera, until, lambda: processed)


def test_newest_frame_wins_and_max_rate_holds(graph, random_model, until):
    camera = Camera(graph)
    graph.start(DescriptorNode, model=str(random_model), max_rate=4.0, backend="torch", **camera.topics)
    camera.listen()
    send_until(camera, until, lambda: camera.received)
    del camera.received[:]
    sent, behind = [], []

    def six():
        sent.append(camera.send())
        time.sleep(0.02)
        for message in camera.received[len(behind) :]:
            behind.append(sum(stamp > stamp_ns(message.header.stamp) for stamp in sent))
        return len(camera.received) >= 6

    began = time.monotonic()
    until(six, 20.0, "six descriptor images")
    assert time.monotonic() - began > 5 * 0.25 - 0.1  # 4 Hz and no more
    stamps = [stamp_ns(message.header.stamp) for message in camera.received]
    assert stamps == sorted(stamps)
    passed = [stamp for stamp in sent if stamps[0] < stamp <= stamps[-1]]
    assert len(passed) > 2 * len(stamps)  # a queue would hand on one after the other
    assert np.median(behind) < 25  # frames: half a second of them


def test_a_new_rate_takes_effect_at_once(graph, random_model, until):
    """At the slowest rate each further image would be due 10 s later; a time-out of 20 s sees two."""
    camera = Camera(graph)
    node = graph.start(DescriptorNode, model=str(random_model), max_rate=0.1, backend="torch", **camera.topics)
    camera.listen()
    send_until(camera, until, lambda: camera.received)
    (refused,) = node.set_parameters([Parameter("max_rate", value=1e-9)])
    assert not refused.successful and "max_rate" in refused.reason
    (taken,) = node.set_parameters([Parameter("max_rate", value=0.0)])
    assert taken.successful, taken.reason
    first = len(camera.received)
    send_until(camera, until, lambda: len(camera.received) > first + 3)
    stamps = [stamp_ns(message.header.stamp) for message in camera.received]
    assert len(set(stamps)) == len(stamps)


def test_model_file_is_required(graph, tmp_path):
    with pytest.raises(DenseGraspError, match="parameter model is '', expected"):
        graph.start(DescriptorNode)
    with pytest.raises(DenseGraspError, match=r"none\.safetensors does not exist"):
        graph.start(DescriptorNode, model=str(tmp_path / "none.safetensors"))


def test_truncated_model_file_ends_the_process_with_one_line(tmp_path, random_model):
    path = tmp_path / "net.safetensors"
    path.write_bytes(random_model.read_bytes()[:50_000])
    command = [sys.executable, "-m", "dense_grasp.nodes.descriptor_node", "--ros-args", "-p", f"model:={path}"]
    environment = dict(os.environ, ROS_DOMAIN_ID=str(private_domain()))
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=environment)
    assert done.returncode == CONFIGURATION_ERROR
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("descriptor_node: ")
    assert "net.safetensors" in lines[0] and "truncated" in lines[0]
