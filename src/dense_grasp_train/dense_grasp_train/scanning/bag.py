"""What a ROS 2 bag holds of a camera that moves: pictures by their stamps, the camera, and transforms over time. No ROS
is needed: rosbags reads the files (MCAP and SQLite).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from dense_grasp_core.cameras.camera_info import LensFields, camera_of, meant_lens
from dense_grasp_core.cameras.record import CameraRecord
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.depth import depth_to_metres
from dense_grasp_core.object_model.scan import ScanError
from numpy.typing import NDArray
from pytransform3d.transformations import transform_from_pq
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.image import message_to_cvimage
from rosbags.typesys import Stores, get_typestore

from dense_grasp_train.scanning.bag_transforms import NANOSECONDS, Transforms

Array = NDArray[np.float64]
IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
INFO, TRANSFORMS = "sensor_msgs/msg/CameraInfo", "tf2_msgs/msg/TFMessage"
_COMPRESSED_DEPTH = 12  # bytes of compressed_depth_image_transport's header before the PNG


@dataclass(frozen=True)
class Topics:
    """Names in the bag of colour, of the depth aligned to it, and of colour's camera_info; "": as the record says."""

    color: str = ""
    depth: str = ""
    info: str = ""


class Bag:
    """An open bag; a context manager. record: of the camera. Raises ScanError where the bag cannot be read, or lacks
    what a scan needs.
    """

    def __init__(self, path: Path, record: CameraRecord, topics: Topics):
        self.path, self.record = path, record
        folder = path.parent if path.is_file() else path
        try:
            self._reader = AnyReader([folder], default_typestore=get_typestore(Stores.ROS2_JAZZY))
            self._reader.open()
        except (AnyReaderError, OSError, ValueError, KeyError) as error:
            raise ScanError(f"{path} cannot be read as a ROS 2 bag: {error}") from error
        self.color = self._topic("colour images", topics.color, record.color_topic, IMAGES, "--color-topic")
        self.depth = self._topic("aligned depth", topics.depth, record.depth_topic, IMAGES, "--depth-topic")
        self.info = self._topic("camera_info", topics.info, record.camera_info_topic, (INFO,), "--info-topic")

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, *error: object) -> None:
        self._reader.close()

    def stamps(self, topic: str) -> list[int]:
        """Stamps (ns) of the images of a topic, in order, each once."""
        return sorted({_stamp(message) for message in self._messages(topic)})

    def camera(self) -> tuple[CameraModel, str]:
        """The camera of the colour images, and its frame. Raises ScanError where it changes, or says what cannot be."""
        first: Any = None
        for message in self._messages(self.info):
            if first is None:
                first = message
            elif not np.array_equal(first.k, message.k) or (first.width, first.height) != (
                message.width,
                message.height,
            ):
                raise ScanError(
                    f"{self.info} in {self.path} changes on the way, expected one camera of one picture size"
                )
        if first is None:
            raise ScanError(f"{self.info} in {self.path} has no message")
        try:
            camera = camera_of(first, meant_lens(LensFields.of(first), self.record.lens_model))
        except DenseGraspError as error:
            raise ScanError(f"{self.info} in {self.path}: {error}") from error
        return camera, first.header.frame_id

    def images(self, topic: str, wanted: set[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Stamp (ns) and picture of each image whose stamp is wanted: RGB (H, W, 3) uint8 of `color`, metres (H, W)
        of `depth`, 0 where unknown. Raises ScanError for an image that cannot be decoded.
        """
        decode = _metres if topic == self.depth else _rgb
        for message in self._messages(topic):
            stamp = _stamp(message)
            if stamp in wanted:
                try:
                    yield stamp, decode(message)
                except Exception as error:  # of whatever decodes it
                    raise ScanError(f"the image of stamp {stamp} ns on {topic} in {self.path}: {error}") from error

    def transforms(self) -> Transforms:
        """Every transform in the bag. Raises ScanError where it has none."""
        moving: dict[tuple[str, str], dict[int, Array]] = {}
        fixed: dict[tuple[str, str], Array] = {}
        for connection in self._reader.connections:
            if connection.msgtype != TRANSFORMS:
                continue
            is_static = connection.topic.rsplit("/", 1)[-1] == "tf_static"
            for _, _, raw in self._reader.messages(connections=[connection]):
                message: Any = self._reader.deserialize(raw, connection.msgtype)
                for one in message.transforms:
                    frames = one.child_frame_id.lstrip("/"), one.header.frame_id.lstrip("/")
                    place, turn = one.transform.translation, one.transform.rotation
                    pose = transform_from_pq([place.x, place.y, place.z, turn.w, turn.x, turn.y, turn.z])
                    if is_static:
                        fixed[frames] = pose
                    else:
                        moving.setdefault(frames, {})[_stamp(one)] = pose
        if not moving and not fixed:
            raise ScanError(f"{self.path} has no transforms: record /tf and /tf_static, too")
        return Transforms(moving, fixed)

    def _messages(self, topic: str) -> Iterator[Any]:
        connections = [one for one in self._reader.connections if one.topic == topic]
        for connection, _, raw in self._reader.messages(connections=connections):
            yield self._reader.deserialize(raw, connection.msgtype)

    def _topic(self, what: str, given: str, usual: str, types: Sequence[str], option: str) -> str:
        there = sorted({one.topic for one in self._reader.connections if one.msgtype in types})
        if given:
            if given in there:
                return given
        else:
            names = (usual, f"{usual}/compressed", f"{usual}/compressedDepth")
            for name in names:
                fitting = [topic for topic in there if topic.strip("/") == name or topic.endswith(f"/{name}")]
                if len(fitting) == 1:
                    return fitting[0]
        raise ScanError(
            f"{self.path} has no {what} on {given or f'/{usual}'}, and of such topics {', '.join(there) or 'none'}: "
            f"name one with {option}, or record it"
        )


def _stamp(message: Any) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def _rgb(message: Any) -> NDArray[np.uint8]:
    image = message_to_cvimage(message, "rgb8")
    return np.ascontiguousarray(image, np.uint8)


def _metres(message: Any) -> Array:
    if hasattr(message, "format"):
        encoding = message.format.split(";")[0].strip() or "16UC1"
        start = _COMPRESSED_DEPTH if "compressedDepth" in message.format else 0
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8)[start:], cv2.IMREAD_UNCHANGED)
        if image is None:
            raise ScanError(f"its format is {message.format!r}, expected a PNG of 16 bit")
        encoding = "16UC1" if image.dtype == np.uint16 else encoding
    else:
        encoding, image = message.encoding, message_to_cvimage(message)
    return np.nan_to_num(depth_to_metres(image, encoding).astype(float))
