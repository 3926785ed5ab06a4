"""The parameters of the operator's page."""

from __future__ import annotations

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    CAMERA,
    CAMERA_INFO_TOPIC,
    COLOR_TOPIC,
    DEPTH_TOPIC,
    GRIPPER,
    POINTS_TOPIC,
    PREFIX,
    ROBOT_DESCRIPTION_TOPIC,
    ROBOT_TYPE,
)

HOST = ParameterSpec(
    "host",
    "127.0.0.1",
    "address that the page is served on; another than this machine's own (127.0.0.1) opens it to the network, and then "
    "a browser needs the token",
)
PORT = ParameterSpec("port", 8080, "TCP port that the page is served on", low=1, high=65535)
TOKEN = ParameterSpec(
    "token", "", "what a browser must know when host is not this machine's own; empty: drawn anew at each start"
)
MODEL = ParameterSpec(
    "model", "", "the network's file, for temperature and threshold of the heatmap; empty: the slider's middle"
)
DESCRIPTORS_TOPIC = ParameterSpec(
    "descriptors_topic", "dense_grasp/descriptors", "descriptors at the network's resolution", text="name"
)
OPERATORS_PAGE = (
    HOST,
    PORT,
    TOKEN,
    MODEL,
    CAMERA,
    COLOR_TOPIC,
    DEPTH_TOPIC,
    CAMERA_INFO_TOPIC,
    DESCRIPTORS_TOPIC,
    POINTS_TOPIC,
    ROBOT_TYPE,
    PREFIX,
    GRIPPER,
    ROBOT_DESCRIPTION_TOPIC,
)
