"""Node: colour image -> dense descriptors at the network's resolution.

Works and hears images only while somebody listens, and always on the newest frame: a slow machine skips frames, it does
not lag. camera_info is heard all the time: by it the node reports whether the camera streams.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelFileError
from dense_grasp_core.descriptors.provenance import never_tried
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.heatmap import PcaBasis, fit_pca, pca_image
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.camera_parameters import declare_with_camera
from dense_grasp_ros.diagnostics import OK, Diagnostics, Rate, Report, without_publisher
from dense_grasp_ros.images import byte_array, image_message, rgb_from_message
from dense_grasp_ros.node_runner import run_node
from dense_grasp_ros.topic_on_demand import TopicOnDemand, when_matched
from dense_grasp_ros.topic_qos import NEWEST_ONLY
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from dense_grasp.nodes.perception_parameters import DESCRIPTOR_NODE
from dense_grasp.perception.lens_model import meant_info
from dense_grasp.perception.messages import camera_from_info, check_belongs, stamp_ns
from dense_grasp.perception.stamps import LatestSlot, StampCache
from dense_grasp.ros.reports import images_report
from dense_grasp_interfaces.msg import DescriptorImage

DESCRIPTORS_QOS = QoSProfile(depth=2, reliability=ReliabilityPolicy.BEST_EFFORT)
ERROR_PERIOD_S = 2.0
UNPAIRED_LIMIT = 8


class ColourFrame(NamedTuple):
    """A colour image with the camera_info of the same stamp."""

    image: Image
    info: CameraInfo


def _extractor(values: Mapping[str, Any]) -> DescriptorExtractor:
    cache = values["graph_cache"]
    try:
        return DescriptorExtractor(
            values["model"],
            backend=values["backend"],
            threads=values["threads"] or None,
            cache=Path(cache).expanduser() if cache else None,
        )
    except ModelFileError as error:
        raise ParameterError("model", values["model"], f"a network's file: {error}") from error


class DescriptorNode(Node):
    """Publishes descriptors of the newest colour image while somebody subscribes to them.

    Raises ParameterError at construction when the model file is missing, truncated or of another version.
    """

    def __init__(self, **node_arguments):
        super().__init__("descriptor_node", **node_arguments)
        values = declare_with_camera(self, DESCRIPTOR_NODE, self._change)
        self._max_rate = values["max_rate"]
        self._max_pixels = values["max_pixels"]
        self._extractor = _extractor(values)
        self._descriptor_publisher = self.create_publisher(
            DescriptorImage, values["descriptors_topic"], DESCRIPTORS_QOS, event_callbacks=when_matched(self._adapt)
        )
        self._pca = self.create_publisher(
            Image, values["pca_topic"], DESCRIPTORS_QOS, event_callbacks=when_matched(self._adapt)
        )
        self._images: StampCache[Image] = StampCache(4)
        self._infos: StampCache[CameraInfo] = StampCache(16)
        self._slot: LatestSlot[ColourFrame] = LatestSlot()
        self._basis: PcaBasis | None = None
        self._unpaired = 0
        self._camera_rate, self._described_rate = Rate(), Rate()
        self._lens_model = values["lens_model"]
        self._running = True
        self._colour = TopicOnDemand(
            self, Image, values["color_topic"], self._on_image, self._wanted, self._rest, NEWEST_ONLY
        )
        self.create_subscription(CameraInfo, values["camera_info_topic"], self._on_info, NEWEST_ONLY)
        self._worker = threading.Thread(target=self._work, name="descriptors", daemon=True)
        self._worker.start()
        topics = values["color_topic"], values["camera_info_topic"]
        model = self._extractor
        self._network = Path(values["model"]).stem
        about = {"file": values["model"], "backend": model.backend, "stride_px": float(model.stride)}
        self._diagnostics = Diagnostics(
            self,
            "camera",
            {
                "model": lambda: Report(OK, f"model {model.model_id}", about),
                "images": lambda: images_report(
                    without_publisher(self, topics),
                    self._camera_rate.read(),
                    self._described_rate.read()[0],
                    self._wanted(),
                    self._unpaired if self._unpaired > UNPAIRED_LIMIT else 0,
                    self._described_rate.count,
                ),
            },
        )
        self.get_logger().info(
            f"model {self._extractor.model_id} from {values['model']}, {self._extractor.backend}, "
            f"one descriptor per {self._extractor.stride:g} px"
        )
        if not self._extractor.info.tried_on_photographs:
            self.get_logger().warning(never_tried(values["model"]))

    def destroy_node(self) -> None:
        """Stop the worker, then the node."""
        self._running = False
        self._worker.join(timeout=2.0)
        super().destroy_node()

    def _change(self, changes: dict[str, Any]) -> None:
        self._max_rate = changes["max_rate"]

    def _wanted(self) -> bool:
        return self._descriptor_publisher.get_subscription_count() > 0 or self._pca.get_subscription_count() > 0

    def _adapt(self) -> None:
        self._colour.adapt()

    def _rest(self) -> None:
        self._images.clear()
        self._unpaired = 0

    def _on_image(self, message: Image) -> None:
        stamp = stamp_ns(message.header.stamp)
        info = self._infos.get(stamp)
        if info is not None:
            self._pair(message, info)
            return
        self._images.put(stamp, message)
        self._unpaired += 1
        if self._unpaired > UNPAIRED_LIMIT:
            self.get_logger().error(
                f"{self._unpaired} colour images without a camera_info of the same stamp: image {stamp} ns, "
                f"newest camera_info {self._infos.newest or 'none'}, expected equal stamps",
                throttle_duration_sec=ERROR_PERIOD_S,
            )

    def _on_info(self, message: CameraInfo) -> None:
        stamp = stamp_ns(message.header.stamp)
        info = meant_info(message, self._lens_model)
        self._infos.put(stamp, info)
        self._adapt()
        if not self._colour.is_open:
            self._camera_rate.note()
        image = self._images.get(stamp)
        if image is not None:
            self._pair(image, info)

    def _pair(self, image: Image, info: CameraInfo) -> None:
        self._unpaired = 0
        self._camera_rate.note()
        self._slot.put(ColourFrame(image, info))

    def _work(self) -> None:
        last = -math.inf
        while self._running and self.context.ok():
            # Asked anew each time: a new rate takes effect at once.
            rest = last + (1.0 / self._max_rate if self._max_rate else 0.0) - time.monotonic()
            if rest > 0.0:
                time.sleep(min(0.1, rest))
                continue
            frame = self._slot.take(timeout=0.2)
            if frame is None or not self._wanted():
                continue
            last = time.monotonic()
            try:
                self._process(frame)
            except DenseGraspError as error:
                self.get_logger().error(str(error), throttle_duration_sec=ERROR_PERIOD_S)
            except Exception as error:  # an input nobody thought of must not end the node
                if self._running and self.context.ok():
                    self.get_logger().error(f"frame not processed: {error!r}", throttle_duration_sec=ERROR_PERIOD_S)

    def _process(self, frame: ColourFrame) -> None:
        start = time.perf_counter()
        check_belongs(frame.image, frame.info, camera_from_info(frame.info, self._max_pixels))
        rgb = rgb_from_message(frame.image)
        features = self._extractor(rgb)
        self._described_rate.note()
        extracted = time.perf_counter()
        if self._descriptor_publisher.get_subscription_count() > 0:
            self._descriptor_publisher.publish(self._message(frame, features))
        if self._pca.get_subscription_count() > 0:
            self._basis = fit_pca(features, self._basis)
            self._pca.publish(image_message(pca_image(features, self._basis), "rgb8", frame.image.header))
        done = time.perf_counter()
        self.get_logger().debug(
            f"descriptors of stamp {stamp_ns(frame.image.header.stamp)}: "
            f"network {(extracted - start) * 1e3:.1f} ms, messages {(done - extracted) * 1e3:.1f} ms"
        )

    def _message(self, frame: ColourFrame, features: np.ndarray) -> DescriptorImage:
        message = DescriptorImage(header=frame.image.header, camera_info=frame.info, dtype="float16")
        message.model_id, message.network = self._extractor.model_id, self._network
        message.height, message.width, message.channels = features.shape
        message.stride = float(self._extractor.stride)
        message.data = byte_array(features.astype("<f2"))
        return message


def main() -> None:
    """Entry point; CONFIGURATION_ERROR when a parameter or the model file cannot be used."""
    code = run_node("descriptor_node", DescriptorNode)
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed. Unloading the network's libraries would take seconds, and launch kills after five.
    os._exit(code)


if __name__ == "__main__":
    main()
