"""What the page knows of the cell and does in it: topics while somebody looks, the facade's calls at any time."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from action_msgs.srv import CancelGoal
from dense_grasp_client.connection import GraphError, NodeCalls
from dense_grasp_core.matching.descriptor_grid import MatchingError, features_from_bytes
from dense_grasp_ros.demand import Demand
from dense_grasp_ros.diagnostics import TOPIC
from dense_grasp_ros.images import MessageError, depth_from_message, rgb_from_message
from dense_grasp_ros.service_qos import EVERY_CALL
from dense_grasp_ros.topic_on_demand import TopicOnDemand
from diagnostic_msgs.msg import DiagnosticArray
from numpy.typing import NDArray
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp_client import GraspClient
from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_ui.health import Health
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.fit import Opening, opening_at
from dense_grasp_ui.pictures.heat import Described
from dense_grasp_ui.pictures.kept import Pictures
from dense_grasp_ui.pictures.layers import COLOUR, DEPTH, DESCRIPTORS, DescriptorColours, depth_colours
from dense_grasp_ui.pictures.newest import NewestFrame

#: s between two looks whether somebody still looks.
LOOK_S = 1.0
#: s without a question of a browser after which nobody looks any more.
LASTS_S = 3.0
TURN_S = 2.0
CANCEL_S = 5.0
PARAMETERS_S = 5.0
DESCRIBED_S = 5.0
#: Images that wait for their descriptors: half a second of a fast camera.
RECENT = 16


class Cell:
    """The graph from the page's side. Its callbacks run in the node's thread; everything else in any thread."""

    def __init__(self, node: Node, values: Mapping[str, Any]):
        """values: of the page's parameters."""
        self.calls = NodeCalls(node)
        self.client = GraspClient(connection=self.calls)
        self._cancels = [
            node.create_client(CancelGoal, f"dense_grasp/{action}/_action/cancel_goal", qos_profile=EVERY_CALL)
            for action in ("grasp_object", "scan_object")
        ]
        self._parameters = node.create_client(GetParameters, "grasp_executor/get_parameters", qos_profile=EVERY_CALL)
        self.health = Health(node.get_namespace())
        self.live = NewestFrame()
        #: what the live picture can show, by the layer's name
        self.layers = {COLOUR: self.live, DEPTH: NewestFrame(), DESCRIPTORS: NewestFrame()}
        self.picture_error = ""
        self._guard = node.create_guard_condition(self._woken)
        self.looked_at, self.described_for, self.measured_for = (Demand(self._guard.trigger, LASTS_S) for _ in range(3))
        self._descriptor_colours = DescriptorColours()
        self._recent: dict[tuple[int, int], NDArray[np.uint8]] = {}
        self._described: Described | None = None
        self._depth: NDArray[np.float32] | None = None
        self._intrinsics: NDArray[np.float64] | None = None
        described, measured = (lambda: self.described_for.is_wanted), (lambda: self.measured_for.is_wanted)
        self._watched = (
            # Descriptors before images: an image is kept for its descriptors only while these are listened to.
            TopicOnDemand(
                node, DescriptorImage, values["descriptors_topic"], self._on_descriptors, described, self._not_described
            ),
            TopicOnDemand(
                node, Image, values["color_topic"], self._on_image, lambda: described() or self.looked_at.is_wanted
            ),
            TopicOnDemand(node, Image, values["depth_topic"], self._on_depth, measured, self._not_measured),
            TopicOnDemand(node, CameraInfo, values["camera_info_topic"], self._on_info, measured),
        )
        self.pictures = Pictures(lambda: self._described)
        self._turns: list[Callable[[], None]] = []
        node.create_subscription(DiagnosticArray, TOPIC, self._on_diagnostics, 100)
        self._idle_check = node.create_timer(LOOK_S, self._adapt)

    def fresh_clock(self) -> None:
        """Returns when the node has taken the newest time: while it idles, a simulated clock is half a second behind.

        Raises GraphError when the node does not answer.
        """
        self.in_node(lambda: None)

    def in_node(self, work: Callable[[], object]) -> None:
        """Run `work` in the node's thread, and return at its end. Raises what it raises, and GraphError when the node
        does not answer: then it is not run any more.
        """
        done, wrong = threading.Event(), list[Exception]()

        def turn() -> None:
            try:
                work()
            except Exception as error:  # the caller's, and no reason to end the node
                wrong.append(error)
            done.set()

        self._turns.append(turn)
        self._guard.trigger()
        if not done.wait(TURN_S):
            with contextlib.suppress(ValueError):  # it has just begun
                self._turns.remove(turn)
            raise GraphError(f"the page's node did not answer within {TURN_S:g} s, expected it to spin: start it again")
        if wrong:
            raise wrong[0]

    def keep_live(self) -> str:
        """Keep what the camera shows, once it is described; its key. Raises GraphError when no description comes."""
        self.calls.wait(lambda: self._described is not None, DESCRIBED_S, "a described image")
        return self.pictures.keep_live()

    def show_layer(self, layer: str) -> None:
        """Somebody looks at a layer of the live picture."""
        {COLOUR: self.looked_at, DEPTH: self.measured_for, DESCRIPTORS: self.described_for}[layer].want()

    def opening_at(self, u: float, v: float, metres: float) -> Opening:
        """What an opening of the fingers is in the live picture, at the depth at a pixel. Raises PictureError."""
        self.measured_for.want()
        depth, intrinsics = self._depth, self._intrinsics
        if depth is None or intrinsics is None or not intrinsics[0, 0] > 0.0:
            raise PictureError("no depth and camera_info have come yet")
        return opening_at(depth, float(intrinsics[0, 0]), u, v, metres)

    def intrinsics(self) -> NDArray[np.float64]:
        """(3, 3), px, of the colour image's camera, waited for. Raises GraphError when no camera_info comes."""
        self.measured_for.want()
        self.calls.wait(lambda: self._intrinsics is not None, DESCRIBED_S, "a camera_info")
        assert self._intrinsics is not None
        return self._intrinsics

    def cancel(self) -> int:
        """Cancel every grasp and scan, whoever sent it; how many are being cancelled. Raises GraphError."""
        self.calls.wait(lambda: all(one.service_is_ready() for one in self._cancels), CANCEL_S, "the executor's cancel")
        sent = [one.call_async(CancelGoal.Request()) for one in self._cancels]  # zeros mean all, see CancelGoal.srv
        return sum(len(self.calls.result(one, CANCEL_S, "answer to the cancel").goals_canceling) for one in sent)

    def scan_speed(self) -> float:
        """m/s of the tool centre point that no motion of a scan exceeds; NaN where the executor does not say it.

        Raises GraphError when the executor is not there now, or does not answer.
        """
        self.calls.wait(self._parameters.service_is_ready, 0.0, "the executor's start")
        request = GetParameters.Request(names=["scan_speed", "tcp_speed"])
        answer = self.calls.call(self._parameters, request, PARAMETERS_S)
        return min((value.double_value for value in answer.values), default=math.nan)

    def _woken(self) -> None:
        while self._turns:
            self._turns.pop(0)()
        self._adapt()

    def _adapt(self) -> None:
        """Subscribe to what is looked at, and to nothing else."""
        for topic in self._watched:
            topic.adapt()

    def _not_described(self) -> None:
        self._recent.clear()
        self._described = None  # what the camera showed then is not what it shows now

    def _not_measured(self) -> None:
        self._depth = None

    def _on_image(self, message: Image) -> None:
        try:
            rgb = rgb_from_message(message)
        except MessageError as error:
            self.picture_error = str(error)
            return
        self.picture_error = ""
        self.live.put(rgb)
        if self._watched[0].is_open:
            self._recent[message.header.stamp.sec, message.header.stamp.nanosec] = rgb
            while len(self._recent) > RECENT:
                del self._recent[next(iter(self._recent))]

    def _on_descriptors(self, message: DescriptorImage) -> None:
        """Descriptors come some images after the one that they describe."""
        rgb = self._recent.get((message.header.stamp.sec, message.header.stamp.nanosec))
        if rgb is None:
            return
        try:
            shape = message.height, message.width, message.channels
            features = features_from_bytes(message.data, shape, message.dtype)
        except MatchingError as error:
            self.picture_error = str(error)
            return
        self._described = Described("the live image", rgb, features, message.stride, message.model_id)
        colours, size = self._descriptor_colours.colours, (rgb.shape[1], rgb.shape[0])
        self.layers[DESCRIPTORS].put_unpainted(lambda: colours(features, message.model_id, size))

    def _on_depth(self, message: Image) -> None:
        try:
            depth = depth_from_message(message)
        except MessageError as error:
            self.picture_error = str(error)
            return
        self._depth = depth
        self.layers[DEPTH].put_unpainted(lambda: depth_colours(depth))

    def _on_info(self, message: CameraInfo) -> None:
        self._intrinsics = np.array(message.k, float).reshape(3, 3)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            level: Any = status.level
            number = level[0] if isinstance(level, bytes) else int(level)
            self.health.take(status.name, number, status.message, {value.key: value.value for value in status.values})
