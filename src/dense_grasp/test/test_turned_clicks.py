"""Keypoints that are found in a picture turned in its plane, described from their stored picture by a real network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.loaded_networks import LoadedNetwork, NetworkError
from dense_grasp.perception.matches import by_the_frame
from dense_grasp.perception.network_files import NetworkFile
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp.perception.turned_clicks import TurnedClicks
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import Limits
from dense_grasp_core.result_codes import MatchCode, StoreCode
from rclpy.logging import get_logger

from dense_grasp_interfaces.srv import RegisterDescriptor

_spec = importlib.util.spec_from_file_location("query_cell", Path(__file__).with_name("query_cell.py"))
query_cell = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(query_cell)

MODEL = str(share_directory() / "models" / "general.safetensors")
MODEL_ID = read_info(MODEL).model_id
SIZE = 320, 320
CAMERA = CameraModel(*SIZE, 300.0, 300.0, 159.5, 159.5)
CLICK = 130.0, 175.0
TAUGHT = {"object_id": "bag", "keypoint": "handle", "u": CLICK[0], "v": CLICK[1]}


@pytest.fixture(scope="module")
def network():
    return LoadedNetwork(NetworkFile(Path(MODEL), read_info(MODEL)))


@pytest.fixture(scope="module")
def picture():
    """Blots of many sizes and colours, none of them round."""
    rng = np.random.default_rng(4)
    image = np.full((*SIZE, 3), 128, np.uint8)
    for _ in range(120):
        centre, axes = tuple(map(int, rng.integers(0, 320, 2))), tuple(map(int, rng.integers(4, 30, 2)))
        colour = tuple(map(int, rng.integers(0, 255, 3)))
        cv2.ellipse(image, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour, -1, cv2.LINE_AA)
    return image


@pytest.fixture
def networks(network):
    """Those that know this one alone."""
    return SimpleNamespace(get=lambda row, size, timeout: network)


@pytest.fixture
def store(tmp_path, picture, network):
    opened = StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")
    png = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    grid = DescriptorGrid.from_array(network.describe(picture), network.stride, SIZE)
    opened.change(
        lambda rows: rows.add("bag", "handle", grid.sample(*CLICK), MODEL_ID, *CLICK, camera=CAMERA, picture=png)
    )
    opened.change(lambda rows: rows.add("bag", "without", np.ones(grid.dimension), MODEL_ID, 1.0, 1.0))
    return opened


def frame(network, image):
    grid = DescriptorGrid.from_array(network.describe(image), network.stride, SIZE)
    return SimpleNamespace(grid=grid, model_id=MODEL_ID)


def shown_in(clicks, rows, shown):
    return clicks.in_frame(rows, shown, {shown.model_id: by_the_frame(shown, Limits())})


def turned(image, degrees):
    """The picture turned about its middle, and where the click is then."""
    motion = cv2.getRotationMatrix2D((159.5, 159.5), degrees, 1.0)
    return cv2.warpAffine(image, motion, SIZE, borderMode=cv2.BORDER_REFLECT), motion @ [*CLICK, 1.0]


def off(row, shown, expected):
    u, v = shown.grid.nearest(row.descriptor)
    return np.hypot(u - expected[0], v - expected[1])


@pytest.mark.parametrize("degrees", [90, 157.5, 230])
def test_a_point_is_found_in_a_turned_picture(degrees, store, network, networks, picture):
    clicks = TurnedClicks(16, store, networks, get_logger("test"))
    image, expected = turned(picture, degrees)
    shown = frame(network, image)
    row = store.run(lambda rows: rows.get("bag", "handle"))
    assert off(row, shown, expected) > 10.0
    assert off(shown_in(clicks, [row], shown)[0], shown, expected) < 6.0
    assert shown_in(TurnedClicks(0, store, networks, get_logger("test")), [row], shown) == [row]


def test_a_picture_is_described_once(store, network, networks, picture):
    clicks = TurnedClicks(4, store, networks, get_logger("test"))
    shown, row = frame(network, picture), store.run(lambda rows: rows.get("bag", "handle"))
    before = network.described
    first, again = shown_in(clicks, [row, row], shown), shown_in(clicks, [row], shown)
    assert network.described == before + 4 and (first[0].descriptor == again[0].descriptor).all()
    assert off(first[0], shown, CLICK) < 3.0


def test_what_cannot_be_described_anew_stays_as_it_was(store, network, networks, picture):
    shown, handle = frame(network, picture), store.run(lambda rows: rows.get("bag", "handle"))
    without = store.run(lambda rows: rows.get("bag", "without"))
    clicks = TurnedClicks(4, store, networks, get_logger("test"))
    assert (shown_in(clicks, [without], shown)[0].descriptor == without.descriptor).all()
    other = SimpleNamespace(grid=shown.grid, model_id="of_another")
    assert (shown_in(clicks, [handle], other)[0].descriptor == handle.descriptor).all()

    def missing(row, size, timeout):
        raise NetworkError(MatchCode.BUSY, "the network is being loaded")

    nothing = TurnedClicks(4, store, SimpleNamespace(get=missing), get_logger("test"))
    assert (shown_in(nothing, [handle], shown)[0].descriptor == handle.descriptor).all()


@pytest.mark.parametrize("turns", [0, 16])
def test_the_node_finds_what_its_camera_sees_turned(turns, graph, tmp_path, network, picture, until):
    scores = {"temperature": 0.0, "found_threshold": 0.1, "ambiguity_ratio": 1.0}
    graph.start(QueryNode, store=f"sqlite:///{tmp_path / 'cell.db'}", model=MODEL, turns=turns, **scores)
    cell = query_cell.Cell(graph)
    cell.publish_transform()

    def stream(image):
        cell.stream(features=np.asarray(network.describe(image)), colour=image, model_id=MODEL_ID)

    stream(picture)
    until(lambda: cell.call(RegisterDescriptor, "register_descriptor", **TAUGHT).code == StoreCode.OK, 30.0)
    image, expected = turned(picture, 135)
    stream(image)
    now = cell.now_ns()
    answer = cell.locate("bag", ["handle"], timeout=30.0, not_before=now)
    assert answer.code != MatchCode.NO_FRAME, answer.message
    match = answer.matches[0]
    assert (np.hypot(match.u - expected[0], match.v - expected[1]) < 6.0) == bool(turns), match
