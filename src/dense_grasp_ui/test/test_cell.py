"""The graph from the page's side: work in the node's thread, and topics that are listened to while somebody looks."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from dense_grasp_client.connection import Connection, wait_for
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.images import image_message
from dense_grasp_ros.local_graph import PATIENCE
from dense_grasp_ui.cell import Cell
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.pictures.layers import DEPTH
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

TOPICS = {"color_topic": "rgb", "depth_topic": "depth", "camera_info_topic": "info", "descriptors_topic": "descriptors"}


@pytest.fixture(scope="module")
def connection():
    with Connection("page_cell", domain=private_domain("page_cell")) as made:
        yield made


@pytest.fixture(scope="module")
def cell(connection):
    return Cell(connection.node, TOPICS)


def test_work_is_done_in_the_nodes_thread_and_what_it_raises_is_the_callers(cell):
    ran = []
    cell.in_node(lambda: ran.append(threading.get_ident()))
    cell.in_node(lambda: ran.append(threading.get_ident()))
    assert ran[0] == ran[1] != threading.get_ident()

    def wrong() -> None:
        raise PictureError("no such picture")

    with pytest.raises(PictureError, match="no such picture"):
        cell.in_node(wrong)
    cell.fresh_clock()  # the node goes on


def test_depth_is_listened_to_while_somebody_looks_at_it(cell, connection):
    depth, info = (
        connection.node.create_publisher(kind, name, 1) for kind, name in ((Image, "depth"), (CameraInfo, "info"))
    )
    assert depth.get_subscription_count() == 0
    with pytest.raises(PictureError, match="no depth and camera_info have come yet"):
        cell.opening_at(30.0, 20.0, 0.08)
    millimetres = np.full((48, 64), 500, np.uint16)
    millimetres[:, 32:] = 700
    message, camera = image_message(millimetres, "16UC1", Header()), CameraInfo()
    camera.k = [600.0, 0.0, 32.0, 0.0, 600.0, 24.0, 0.0, 0.0, 1.0]

    def shown():
        cell.show_layer(DEPTH)
        depth.publish(message)
        info.publish(camera)
        return cell.layers[DEPTH].frame

    frame = wait_for(shown, PATIENCE, "a picture of depth", period=0.05)
    rgb, told = frame.painted()
    assert rgb.shape == (48, 64, 3) and "500 mm" in told and "700 mm" in told
    assert cell.intrinsics()[0, 0] == 600.0
    assert cell.opening_at(10.0, 20.0, 0.08).pixels == pytest.approx(96.0)
    wait_for(lambda: depth.get_subscription_count() == 0, PATIENCE, "the end of the subscription", period=0.05)
