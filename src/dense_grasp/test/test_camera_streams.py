"""descriptor_node and query_node with a camera: the network runs while somebody asks, and at no other time."""

from itertools import count

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from builtin_interfaces.msg import Time as TimeMessage
from dense_grasp.nodes.descriptor_node import DescriptorNode
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.messages import stamp_ns
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_ros.images import image_message
from dense_grasp_ros.local_graph import PATIENCE
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, ClockType
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import Header
from tf2_ros import StaticTransformBroadcaster

from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_interfaces.srv import LocateKeypoints, RegisterDescriptor

COLOUR = "/camera/camera/color/image_raw"
FRAMES = 20  # in which nothing is to be described, or something is
NUMBERS = count()
PIXEL = (63.0, 47.0)
SCORES = {"temperature": -3.0, "found_threshold": 0.5, "ambiguity_ratio": 1.0}  # of a network that is random
WALL = Clock(clock_type=ClockType.SYSTEM_TIME)


class Camera:
    """Shows the same picture ten times a second; and asks the two nodes."""

    def __init__(self, graph, rgb):
        node, self._graph = graph.node, graph
        self._rgb, self.frames = rgb, 0
        self._colour = node.create_publisher(Image, COLOUR, 2)
        self._depth = node.create_publisher(Image, "/camera/camera/aligned_depth_to_color/image_raw", 2)
        self._info = node.create_publisher(CameraInfo, "/camera/camera/color/camera_info", 2)
        self.said = {}
        node.create_subscription(DiagnosticArray, "/diagnostics", self._take, 50)
        transforms = StaticTransformBroadcaster(node)
        placed = TransformStamped(child_frame_id="optical")
        placed.header.frame_id = "fr3_link0"
        translation, rotation = placed.transform.translation, placed.transform.rotation
        translation.x, translation.z, rotation.x, rotation.w = 0.5, 0.6, 1.0, 0.0  # it looks straight down
        transforms.sendTransform(placed)
        self._kept = transforms, node.create_timer(0.1, self._send, clock=WALL)

    def _send(self):
        self.frames += 1
        now = WALL.now().to_msg()
        header = Header(frame_id="optical", stamp=now)
        rows, columns = self._rgb.shape[:2]
        info = CameraInfo(header=header, width=columns, height=rows, distortion_model="plumb_bob")
        info.k = [100.0, 0.0, (columns - 1) / 2, 0.0, 100.0, (rows - 1) / 2, 0.0, 0.0, 1.0]
        self._info.publish(info)
        self._colour.publish(image_message(self._rgb, "rgb8", header))
        self._depth.publish(image_message(np.full((rows, columns), 500, np.uint16), "16UC1", header))

    def _take(self, message):
        for status in message.status:
            self.said[status.name] = status, {value.key: value.value for value in status.values}

    def call(self, kind, name, **fields):
        return self._graph.call(kind, f"/dense_grasp/{name}", **fields)

    def register(self):
        u, v = PIXEL
        return self.call(RegisterDescriptor, "register_descriptor", object_id="cap", keypoint="contact", u=u, v=v)

    def locate(self):
        """The answer for an image taken from now on, and when it was asked for."""
        now = WALL.now().nanoseconds
        asked = {"not_before": TimeMessage(sec=now // 10**9, nanosec=now % 10**9), "timeout": Duration(sec=60)}
        return self.call(LocateKeypoints, "locate_keypoints", object_id="cap", keypoints=["contact"], **asked), now


@pytest.fixture
def cell(graph, random_model, tmp_path, blobs, until):
    """start(**parameters of query_node): camera, the two nodes, and `described()`, which counts images."""

    def start(**parameters):
        topic = f"/test{next(NUMBERS)}/descriptors"
        shared = {"model": str(random_model), "descriptors_topic": topic}
        describer = graph.start(DescriptorNode, backend="torch", graph_cache="", **shared)
        store = f"sqlite:///{tmp_path / 'store.db'}"
        graph.start(QueryNode, store=store, max_frame_age=60.0, frame_timeout=60.0, **shared, **SCORES, **parameters)
        camera = Camera(graph, blobs)
        camera.described = lambda: describer._described_rate.count
        camera.listeners = lambda: graph.node.count_subscribers(topic)
        camera.colour_listeners = lambda: graph.node.count_subscribers(COLOUR)
        camera.passes = lambda frames: until(lambda end=camera.frames + frames: camera.frames >= end, PATIENCE)
        return camera

    return start


def rests(camera, until):
    """Nobody listens, to the camera's pictures neither, and while so many frames go by no image is described."""
    until(lambda: camera.listeners() == 0, PATIENCE, "the end of the subscription")
    until(lambda: camera.colour_listeners() == 0, PATIENCE, "the end of the subscriptions to colour")
    camera.passes(2)  # the image that was being described
    before = camera.described()
    camera.passes(FRAMES)
    return camera.described() == before


def test_nothing_is_described_while_nobody_asks(cell, until):
    camera = cell(idle_after=0.5)
    until(camera.described, PATIENCE, "one image, by which query_node knows the network")
    assert rests(camera, until)
    assert camera.register().code == MatchCode.OK
    assert rests(camera, until)
    answer, asked = camera.locate()
    assert answer.code == MatchCode.OK, answer.message
    (match,) = answer.matches
    assert np.hypot(match.u - PIXEL[0], match.v - PIXEL[1]) < 2.0
    assert stamp_ns(match.header.stamp) >= asked
    assert rests(camera, until)


def test_the_idle_state_is_reported_as_what_it_is(cell, until):
    camera = cell(idle_after=0.5)
    assert camera.register().code == MatchCode.OK
    until(lambda: camera.listeners() == 0, PATIENCE, "the end of the subscription")

    def frames():
        status, values = camera.said.get("query_node: frames", (None, {}))
        return status if values.get("listening") == "false" else None

    status = until(frames, PATIENCE, "the report of query_node")
    assert status.level == status.OK and status.message.startswith("idle: the newest frame that was asked for is")

    def images():
        status, values = camera.said.get("descriptor_node: images", (None, {}))
        return (status, values) if values.get("subscribed") == "false" else None

    status, values = until(images, PATIENCE, "the report of descriptor_node")
    assert status.level == status.OK and "idle" in status.message and float(values["camera_rate_hz"]) > 0.0
    assert int(values["described_images"]) == camera.described()


def test_images_are_described_while_a_cloud_of_them_is_shown(cell, graph, until):
    camera = cell(idle_after=0.5)
    assert rests(camera, until)
    clouds = []
    shown = graph.node.create_subscription(PointCloud2, "/dense_grasp/points", clouds.append, qos_profile_sensor_data)
    until(lambda: len(clouds) >= 3, PATIENCE, "clouds, which nobody had to ask for")
    graph.node.destroy_subscription(shown)
    assert rests(camera, until)


def test_idle_after_0_always_listens(cell, until):
    camera = cell(idle_after=0.0)
    until(camera.described, PATIENCE, "an image")
    before = camera.described()
    camera.passes(FRAMES)
    assert camera.described() > before and camera.listeners() == 1


def test_the_network_of_a_new_describer_is_known_before_anybody_asks(graph, tmp_path, until):
    """What is described anew, and clicks on stored pictures, go by the network that runs now."""
    topic, said = f"/test{next(NUMBERS)}/descriptors", {}

    def take(message):
        said.update({status.name: {value.key: value.value for value in status.values} for status in message.status})

    graph.node.create_subscription(DiagnosticArray, "/diagnostics", take, 50)
    graph.start(
        QueryNode, store=f"sqlite:///{tmp_path / 'store.db'}", descriptors_topic=topic, idle_after=0.5, **SCORES
    )
    for model_id in ("first", "second"):
        publisher = graph.node.create_publisher(DescriptorImage, topic, qos_profile_sensor_data)
        message = DescriptorImage(model_id=model_id)
        timer = graph.node.create_timer(0.1, lambda of=publisher, what=message: of.publish(what), clock=WALL)
        until(lambda name=model_id: said.get("query_node: networks", {}).get("running") == name, PATIENCE, model_id)
        until(lambda: graph.node.count_subscribers(topic) == 0, PATIENCE, "rest")
        graph.node.destroy_timer(timer)
        graph.node.destroy_publisher(publisher)
