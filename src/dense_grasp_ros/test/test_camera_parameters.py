"""What is left open of a camera is as its record says; what is set stays."""

from __future__ import annotations

import math

import pytest
import rclpy
from dense_grasp_core.cameras.record import CameraRecordError, camera_record
from dense_grasp_ros.camera_parameters import declare_with_camera, with_camera
from dense_grasp_ros.shared_parameters import CAMERA, CAMERA_TOPICS, LENS_MODEL, PREFIX, SYNC_TOLERANCE
from rclpy.node import Node
from rclpy.parameter import Parameter

SPECS = (CAMERA, PREFIX, *CAMERA_TOPICS, LENS_MODEL, SYNC_TOLERANCE)


@pytest.fixture
def declared():
    rclpy.init()
    nodes = []

    def declare(namespace: str = "", **values):
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        nodes.append(Node("camera_user", namespace=namespace, parameter_overrides=overrides))
        return declare_with_camera(nodes[-1], SPECS)

    yield declare
    for node in nodes:
        node.destroy_node()
    rclpy.shutdown()


def test_the_default_is_a_realsense(declared):
    values = declared()
    assert values["color_topic"] == "/camera/camera/color/image_raw"
    assert values["depth_topic"] == "/camera/camera/aligned_depth_to_color/image_raw"
    assert values["camera_info_topic"] == "/camera/camera/color/camera_info"
    assert (values["lens_model"], values["sync_tolerance"]) == ("realsense", 0.0)


def test_one_parameter_names_another_make_and_what_is_set_wins(declared):
    values = declared("left", camera="orbbec_gemini_330", depth_topic="my/depth", sync_tolerance=0.002)
    assert values["color_topic"] == "/left/camera/color/image_raw"
    assert values["depth_topic"] == "/left/my/depth"
    assert (values["lens_model"], values["sync_tolerance"]) == ("camera_info", 0.002)


def test_an_unknown_make_is_refused(declared):
    with pytest.raises(CameraRecordError, match="camera is 'kinect'"):
        declared(camera="kinect")


def test_only_what_is_open_and_asked_for_is_filled():
    camera = camera_record("orbbec_gemini_330")
    assert with_camera({"scan_nearest": math.nan, "other": ""}, camera) == {"scan_nearest": 0.26, "other": ""}
    assert with_camera({"scan_nearest": 0.4}, camera) == {"scan_nearest": 0.4}
