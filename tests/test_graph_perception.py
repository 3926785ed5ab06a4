"""Bad input to the perception of the running graph: each gets its code or message, nothing hangs, all goes on."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.perception.redescribe_command import main as redescribe
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_client.connection import GraphError
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_core.store import DescriptorStore

from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.srv import RegisterDescriptor
from tests.patience import PATIENCE

pytestmark = pytest.mark.graph


@pytest.fixture(autouse=True)
def healthy(cell):
    """Every test starts and ends with a cell in which the taught point is found."""
    cell.fault("")
    cell.client.wait(lambda: cell.locate().code == MatchCode.OK, 60.0, "a healthy cell")
    yield
    cell.fault("")


def becomes(cell, code: MatchCode, *words: str) -> None:
    """A request is answered with the code, in a sentence with the words, within its time-out."""

    def answered() -> bool:
        answer = cell.locate(timeout=4.0)  # which fails when none comes
        return answer.code == code and all(word in answer.message for word in words)

    cell.client.wait(answered, 180.0, f"answer {code.name} with {words}")


def test_taught_point_is_found_where_it_is(cell):
    truth = cell.session.truth([CAP.clicks["contact"]]).positions[0]
    (match,) = cell.locate().matches
    assert np.hypot(match.position.x - truth.x, match.position.y - truth.y) < 0.01
    assert match.header.frame_id == "fr3_link0"


@pytest.mark.parametrize(
    "topic",
    [
        "/camera/camera/color/image_raw",
        "/camera/camera/aligned_depth_to_color/image_raw",
        "/dense_grasp_sim/overview/image_raw",
    ],
)
def test_no_picture_is_asked_for_between_two_questions(cell, topic):
    """A simulated camera renders, and a real one's driver sends, only what somebody subscribes to."""
    node = cell.client.node
    assert cell.locate().code == MatchCode.OK
    cell.client.wait(lambda: not node.count_subscribers(topic), PATIENCE, "that nobody listens")
    assert cell.locate().code == MatchCode.OK


def test_wrong_encoding_of_colour(cell):
    cell.fault("wrong_encoding")
    becomes(cell, MatchCode.STALE, "no descriptor image")
    assert "'bogus8', expected one of rgb8, bgr8" in cell.log.read_text()


def test_wrong_size_of_depth(cell):
    cell.fault("wrong_size")
    becomes(cell, MatchCode.NO_DEPTH, "320x240", "640x480")


@pytest.mark.parametrize("fault", ["zero_depth", "nan_depth"])
def test_depth_without_a_measurement(cell, fault):
    cell.fault(fault)
    becomes(cell, MatchCode.NO_DEPTH)


def test_stamps_that_never_meet(cell):
    cell.fault("stamps_apart")
    becomes(cell, MatchCode.STALE, "never meet")


def test_silent_depth(cell):
    cell.fault("no_depth")
    becomes(cell, MatchCode.STALE, "no depth image")


def test_unplugged_camera(cell):
    cell.fault("camera_unplugged")
    becomes(cell, MatchCode.STALE, "no descriptor image")
    answer = cell.client.call("register", object_id="cap", keypoint="late", u=5.0, v=5.0)
    assert answer.code == RegisterDescriptor.Response.STALE


def test_no_transform(cell):
    cell.fault("no_tf")
    becomes(cell, MatchCode.NO_TF, "fr3_link0")


def test_unknown_object_and_keypoint(cell):
    assert cell.locate(object_id="shoe").code == MatchCode.UNKNOWN_KEYPOINT
    assert cell.locate(("contact", "nose")).code == MatchCode.UNKNOWN_KEYPOINT
    result = cell.client.grasp(GraspObject.Goal(object_id="shoe"), 60.0)
    assert result.code == GraspCode.PERCEPTION + MatchCode.UNKNOWN_KEYPOINT
    assert "shoe" in result.message


def test_parameters_that_are_read_once_are_refused(cell):
    with pytest.raises(GraphError, match="found_threshold is read at the start only"):
        cell.client.set_parameter("query_node", "found_threshold", 0.1)
    with pytest.raises(GraphError, match="while it runs: max_rate"):
        cell.client.set_parameter("descriptor_node", "model", "other.safetensors")


def test_pixel_outside_the_image(cell):
    answer = cell.client.call("register", object_id="cap", keypoint="x", u=640.0, v=10.0)
    assert answer.code == RegisterDescriptor.Response.PIXEL_OUTSIDE
    assert "640x480" in answer.message


def test_descriptor_of_another_model(cell):
    store = DescriptorStore(cell.store)
    store.add("foreign", "contact", np.ones(16, np.float32), "0123456789abcdef", 1.0, 1.0)
    store.close()
    answer = cell.locate(object_id="foreign")
    assert answer.code == MatchCode.MODEL_MISMATCH and "0123456789abcdef" in answer.message
    result = cell.client.grasp(GraspObject.Goal(object_id="foreign"), 60.0)
    assert result.code == GraspCode.PERCEPTION + MatchCode.MODEL_MISMATCH


def described_by(cell, name: str) -> str:
    """Describes the store of the running cell by a shipped network; the network's id."""
    model = share_directory() / "models" / f"{name}.safetensors"
    assert redescribe(["--store", cell.store, "--model", str(model), "--skip-without-picture"]) == 0
    return read_info(model).model_id


def test_a_store_in_use_is_described_for_another_network_and_back(cell):
    """The cap is found, and its grasp planned, by the network that describes it, which is not that of the images."""
    cell.session.set_cap(0)
    (own,) = cell.locate().matches
    other = described_by(cell, "compact_caps")
    try:
        cell.client.wait(lambda: cell.locate().code == MatchCode.OK, 60.0, "the cap by another network")
        (match,) = cell.locate().matches
        assert match.model_id == other != own.model_id
        assert np.hypot(match.position.x - own.position.x, match.position.y - own.position.y) < 0.01
        result = cell.client.grasp(GraspObject.Goal(object_id="cap", plan_only=True), 120.0)
        assert result.code == GraspCode.SUCCESS, result.message
    finally:
        assert redescribe(["--store", cell.store, "--undo"]) == 0
    assert cell.locate().matches[0].model_id == own.model_id


def test_a_network_without_calibration_finds_nothing_unless_allowed(cell):
    described_by(cell, "general")
    try:
        answer = cell.locate()
        assert answer.code == MatchCode.MODEL_MISMATCH
        assert "general.xml was not calibrated" in answer.message and "redescribe" in answer.message
    finally:
        assert redescribe(["--store", cell.store, "--undo"]) == 0
    assert cell.locate().code == MatchCode.OK


def test_empty_table_is_not_found(cell):
    cell.session.clear()
    try:
        assert cell.locate().code == MatchCode.LOW_SCORE
        result = cell.client.grasp(GraspObject.Goal(object_id="cap", plan_only=True), 90.0)
        assert result.code == GraspCode.PERCEPTION + MatchCode.LOW_SCORE
    finally:
        cell.session.set_cap(0)
