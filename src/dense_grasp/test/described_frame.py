"""A frame of the camera over a plane at 0.5 m, described by a network, for tests of several networks."""

from __future__ import annotations

import math

import numpy as np
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.nodes.perception_parameters import QUERY_NODE
from dense_grasp.perception.frames import CameraFrame
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.store import Row
from dense_grasp_ros.images import byte_array, image_message
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage

MODELS = share_directory() / "models"
CAPS, GENERAL = str(MODELS / "compact_caps.safetensors"), str(MODELS / "general.safetensors")
CAPS_ID, GENERAL_ID = read_info(CAPS).model_id, read_info(GENERAL).model_id
CAMERA = CameraModel(160, 128, 150.0, 150.0, 79.5, 63.5)
SIZE = CAMERA.height, CAMERA.width
CLICK = 90.0, 40.0


def query_values(**changes) -> dict:
    """query_node's parameters: the defaults, with these changes."""
    return {**{spec.name: spec.default for spec in QUERY_NODE}, **changes}


def frame(rgb: np.ndarray, model_id: str, with_colour: bool = True) -> CameraFrame:
    """A frame whose descriptors, of the network `model_id`, are all alike: nothing is found by them."""
    header = Header(frame_id="optical")
    header.stamp.sec = 12
    described = DescriptorImage(header=header, dtype="float16", stride=8.0, model_id=model_id, network="running")
    described.height, described.width, described.channels = 16, 20, 4
    described.data = byte_array(np.ones((16, 20, 4), "<f2"))
    described.camera_info.header = header
    described.camera_info.width, described.camera_info.height = CAMERA.width, CAMERA.height
    described.camera_info.k = CAMERA.matrix.ravel().tolist()
    depth = image_message(np.full(SIZE, 500, np.uint16), "16UC1", header)
    return CameraFrame(described, depth, image_message(rgb, "rgb8", header) if with_colour else None)


def descriptor(model: str, rgb: np.ndarray, u: float = CLICK[0], v: float = CLICK[1]) -> np.ndarray:
    """(D,) of a pixel of a picture by the network of a file."""
    extractor = DescriptorExtractor(model)
    return DescriptorGrid.from_array(extractor(rgb), extractor.stride, rgb.shape[:2]).sample(u, v)


def row(model: str, rgb: np.ndarray, keypoint: str = "contact", network: str = "") -> Row:
    """What is taught by a click on the picture with the network of a file."""
    return Row(1, "cap", keypoint, descriptor(model, rgb), read_info(model).model_id, 0.0, *CLICK, b"", CAMERA, network)


def away(match) -> float:
    """px between a match and the click."""
    return math.hypot(match.u - CLICK[0], match.v - CLICK[1])
