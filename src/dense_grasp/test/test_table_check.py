"""The table that the camera sees against the configured one."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.table_check import TableCheck
from dense_grasp_core.geometry import se3
from dense_grasp_ros.images import image_message
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage

POINT = np.array([0.5, 0.0, 0.08])


def above(height: float) -> np.ndarray:
    """base_from_camera of a camera that looks straight down."""
    return se3.look_at([0.5, 0.0, height], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0])


def table_at(distance: float) -> CameraFrame:
    """A level table, m below the camera, with something on a quarter of the picture."""
    message = DescriptorImage(header=Header(frame_id="optical"))
    message.camera_info.header = message.header
    message.camera_info.width, message.camera_info.height = 160, 120
    message.camera_info.k = [150.0, 0.0, 79.5, 0.0, 150.0, 59.5, 0.0, 0.0, 1.0]
    depth = np.full((120, 160), round(1000 * distance), np.uint16)
    depth[30:90, 40:120] -= 80
    return CameraFrame(message, image_message(depth, "16UC1", message.header), None)


def test_a_table_where_it_is_configured_is_no_news():
    check = TableCheck(0.0)
    assert check.sentence(table_at(0.6), above(0.605), POINT) == ""
    assert check.sentence(table_at(0.6), above(0.9), POINT) == ""  # once is enough


@pytest.mark.parametrize(("height", "offset"), [(0.7, "+100 mm"), (0.56, "-40 mm")])
def test_a_table_elsewhere_is_said_once(height, offset):
    check = TableCheck(0.0)
    sentence = check.sentence(table_at(0.6), above(height), POINT)
    assert offset in sentence and "table_height 0 m" in sentence and "z 0.080 m" in sentence
    assert check.sentence(table_at(0.6), above(height), POINT) == ""


def test_a_picture_without_a_table_waits_for_the_next():
    check = TableCheck(0.0)
    nothing = table_at(0.6)
    nothing.depth[:] = np.nan
    assert check.sentence(nothing, above(0.7), POINT) == ""
    assert "+100 mm" in check.sentence(table_at(0.6), above(0.7), POINT)
