"""A further point on a stored picture, described by the network that runs: with the shipped network."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.nodes.perception_parameters import QUERY_NODE
from dense_grasp.perception.click_network import ClickNetwork
from dense_grasp.perception.keypoint_networks import KeypointNetworks
from dense_grasp.perception.loaded_scans import LoadedScans
from dense_grasp.perception.picture_teaching import PictureTeaching
from dense_grasp.perception.running_network import RunningNetwork
from dense_grasp.perception.scan_teaching import ScanTeaching
from dense_grasp.perception.scanned_objects import ScannedObjects
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp.perception.store_services import DescriptorServices
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.object_model.find import Acceptance
from dense_grasp_core.result_codes import StoreCode
from rclpy.logging import get_logger

from dense_grasp_interfaces.srv import RegisterDescriptor

MODEL = str(share_directory() / "models" / "general.safetensors")
CAPS = str(share_directory() / "models" / "compact_caps.safetensors")
MODEL_ID = read_info(MODEL).model_id
CAMERA = CameraModel(160, 128, 150.0, 150.0, 79.5, 63.5)


def no_frame():
    raise AssertionError("a click on a stored picture must not wait for the camera")


@pytest.fixture
def store(tmp_path, blobs):
    opened = StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")
    png = cv2.imencode(".png", blobs[..., ::-1])[1].tobytes()
    opened.change(
        lambda rows: rows.add("cap", "contact", np.ones(4), "of_before", 60.0, 70.0, camera=CAMERA, picture=png)
    )
    return opened


def services(store, model=MODEL, running=MODEL_ID):
    scans = ScanTeaching(ScannedObjects(LoadedScans(None, ""), Acceptance()), 1.0)
    network = RunningNetwork(model, lambda: running, get_logger("test"))
    values = {spec.name: spec.default for spec in QUERY_NODE}
    scores = {"temperature": 0.0, "found_threshold": 0.5, "ambiguity_ratio": 0.9}
    networks = KeypointNetworks({**values, **scores}, lambda: running)
    clicks = ClickNetwork(store, networks, 600.0)
    return DescriptorServices(store, no_frame, scans, PictureTeaching(store, network, clicks), clicks, networks)


def teach(served, keypoint="axis_a", u=90.5, v=40.25, source="contact"):
    request = RegisterDescriptor.Request(object_id="cap", keypoint=keypoint, u=u, v=v, source_keypoint=source)
    request.source = RegisterDescriptor.Request.STORED_PICTURE
    return served.register(request, RegisterDescriptor.Response())


def test_the_point_has_the_descriptor_of_that_pixel_by_the_network_that_runs(store, blobs):
    answer = teach(services(store))
    assert answer.code == StoreCode.OK, answer.message
    assert (answer.taught.keypoint, answer.taught.model_id, answer.taught.has_picture) == ("axis_a", MODEL_ID, True)
    network = RunningNetwork(MODEL, lambda: "", get_logger("test")).get()
    grid = DescriptorGrid.from_array(network.describe(blobs), network.stride, (128, 160))
    row, png = store.run(lambda rows: rows.picture("cap", "axis_a"))
    np.testing.assert_allclose(row.descriptor, grid.sample(90.5, 40.25), atol=1e-5)
    np.testing.assert_array_equal(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], blobs)
    assert row.camera == CAMERA and row.network == "general"
    # and on this picture goes a third one
    assert teach(services(store), "axis_b", 20.0, 100.0, source="axis_a").code == StoreCode.OK


def test_an_object_of_another_network_is_described_by_that_one(store, blobs):
    """Its points come from one network; the one that runs describes new objects."""
    png = cv2.imencode(".png", blobs[..., ::-1])[1].tobytes()
    caps = read_info(CAPS)
    vector = np.ones(caps.config.dimension)
    store.change(
        lambda rows: rows.add(
            "cap", "rim", vector, caps.model_id, 60.0, 70.0, camera=CAMERA, picture=png, network="caps"
        )
    )
    answer = teach(services(store), source="rim")
    assert answer.code == StoreCode.OK, answer.message
    assert (answer.taught.model_id, answer.taught.network) == (caps.model_id, "compact_caps")
    assert "the network that cap/rim was taught with" in answer.message
    row = store.run(lambda rows: rows.get("cap", "axis_a"))
    extractor = DescriptorExtractor(CAPS)
    grid = DescriptorGrid.from_array(extractor(blobs), extractor.stride, (128, 160))
    np.testing.assert_allclose(row.descriptor, grid.sample(90.5, 40.25), atol=1e-5)


@pytest.mark.parametrize(("u", "v"), [(160.0, 5.0), (-1.0, 5.0), (math.nan, 5.0)])
def test_a_pixel_outside_the_picture_is_refused(store, u, v):
    answer = teach(services(store), u=u, v=v)
    assert answer.code == StoreCode.PIXEL_OUTSIDE and "160x128" in answer.message


def test_without_the_picture_or_its_network_it_says_why(store):
    unknown = teach(services(store), source="rim")
    assert unknown.code == StoreCode.UNKNOWN_KEYPOINT and "rim" in unknown.message
    other = teach(services(store, running="another"))
    assert other.code == StoreCode.INVALID_REQUEST and "another" in other.message and MODEL_ID in other.message
    none = teach(services(store, model=""))
    assert none.code == StoreCode.NOT_SUPPORTED and "parameter model is empty" in none.message
    store.change(lambda rows: rows.add("cap", "bare", np.ones(4), MODEL_ID, 60.0, 70.0, camera=CAMERA))
    assert teach(services(store), source="bare").code == StoreCode.NO_PICTURE
    torn = b"\x89PNG torn"
    store.change(lambda rows: rows.add("cap", "torn", np.ones(4), MODEL_ID, 1.0, 2.0, camera=CAMERA, picture=torn))
    answer = teach(services(store), source="torn")
    assert answer.code == StoreCode.NO_PICTURE and "cap/torn is no image" in answer.message
    assert {entry.keypoint for entry in store.run(lambda rows: rows.list("cap").entries)} == {"contact", "bare", "torn"}
