"""Which network describes a click: the points of an object come from one network."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp.perception.click_network import ClickNetwork, taught_by
from dense_grasp.perception.keypoint_networks import KeypointNetworks
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store import Entry

from dense_grasp_interfaces.srv import RegisterDescriptor

_spec = importlib.util.spec_from_file_location("described_frame", Path(__file__).with_name("described_frame.py"))
described = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(described)
CAPS, CAPS_ID, GENERAL, GENERAL_ID = described.CAPS, described.CAPS_ID, described.GENERAL, described.GENERAL_ID
LONG = 600.0


def entry(keypoint: str, model_id: str, created: float = 0.0, point=None) -> Entry:
    return Entry(1, "cap", keypoint, 4, model_id, created, 0.0, 0.0, object_point=point)


@pytest.mark.parametrize(
    ("entries", "keypoint", "is_sample", "by"),
    [
        ([], "contact", False, None),  # a new object
        ([entry("contact", "old")], "axis_a", False, "old"),
        ([entry("contact", "old")], "contact", False, None),  # its only point, taught again
        ([entry("contact", "old"), entry("axis_a", "old")], "contact", False, "old"),
        ([entry("contact", "old"), entry("axis_a", "now")], "axis_b", False, None),
        ([entry("contact", "old", 1.0), entry("axis_a", "older", 0.0)], "axis_b", False, "old"),
        ([entry("contact", "general", point=(0.0, 0.0, 0.0))], "axis_a", False, None),  # a point of a scan
        ([entry("contact", "old"), entry("axis_a", "now")], "contact", True, "old"),
        ([entry("contact", "now"), entry("axis_a", "old")], "contact", True, None),
        ([entry("axis_a", "old")], "contact", True, None),  # which the store refuses
    ],
)
def test_the_rule(entries, keypoint, is_sample, by):
    found = taught_by(entries, keypoint, is_sample, "now")
    assert (None if found is None else found.model_id) == by


@pytest.fixture
def store(tmp_path) -> StoreAccess:
    return StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")


@pytest.fixture
def networks():
    """Images are described by compact_caps."""
    opened = KeypointNetworks(described.query_values(model=CAPS), lambda: CAPS_ID)
    yield opened
    opened.close()


def click(store, networks, blobs, keypoint="axis_a", timeout=LONG, **fields):
    u, v = described.CLICK
    request = RegisterDescriptor.Request(object_id="cap", keypoint=keypoint, u=u, v=v, **fields)
    return ClickNetwork(store, networks, timeout).in_frame(request, described.frame(blobs, CAPS_ID))


def taught(store, model_id: str, keypoint: str = "contact", dimension: int = 152) -> None:
    store.change(lambda rows: rows.add("cap", keypoint, np.ones(dimension), model_id, 1.0, 1.0, network="before"))


def test_a_new_object_is_described_by_the_network_of_the_images(store, networks, blobs):
    code, note, values = click(store, networks, blobs)
    assert (code, note, values["model_id"], values["network"]) == (StoreCode.OK, "", CAPS_ID, "running")
    np.testing.assert_array_equal(values["descriptor"], np.ones(4))
    assert networks.loaded == []


def test_a_further_point_is_described_by_the_network_of_its_object(store, networks, blobs):
    taught(store, GENERAL_ID)
    code, note, values = click(store, networks, blobs)
    assert (code, values["model_id"], values["network"]) == (StoreCode.OK, GENERAL_ID, "general")
    assert note == ", the network that cap/contact was taught with"
    np.testing.assert_allclose(values["descriptor"], described.descriptor(GENERAL, blobs), atol=1e-5)
    np.testing.assert_array_equal(values["rgb"], blobs)
    assert click(store, networks, blobs, "contact", add_sample=True)[2]["model_id"] == GENERAL_ID
    assert click(store, networks, blobs, "contact", overwrite=True)[2]["model_id"] == CAPS_ID


def test_while_that_network_is_loaded_the_click_is_told_to_wait(store, networks, blobs):
    taught(store, GENERAL_ID)
    code, reason, values = click(store, networks, blobs, timeout=0.0)
    assert code == StoreCode.BUSY and "general is being loaded" in reason and not values


def test_where_that_network_is_nowhere_a_sample_is_refused_and_a_point_is_new(store, networks, blobs):
    taught(store, "0123456789abcdef")
    code, reason, _ = click(store, networks, blobs, "contact", add_sample=True)
    assert code == StoreCode.INVALID_REQUEST and "before (0123456789abcdef)" in reason and "redescribe" in reason
    code, note, values = click(store, networks, blobs)
    assert (code, values["model_id"]) == (StoreCode.OK, CAPS_ID)
    assert "cap/contact was taught with network before (0123456789abcdef)" in note and "no file" in note
