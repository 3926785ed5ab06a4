import sqlite3
from contextlib import closing

import cv2
import numpy as np
import pytest
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.messages import byte_array, image_message
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp.perception.store_services import DescriptorServices, patch_png, row_message
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_interfaces.srv import DeleteDescriptor, ListDescriptors, RegisterDescriptor

RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
FEATURES = np.random.default_rng(1).normal(size=(6, 8, 4)).astype("<f2")
Register = RegisterDescriptor.Response


def frame() -> CameraFrame:
    message = DescriptorImage(dtype="float16", stride=8.0, model_id="m", height=6, width=8, channels=4)
    message.data = byte_array(FEATURES)
    message.camera_info.width, message.camera_info.height = 64, 48
    message.camera_info.k = [60.0, 0.0, 31.5, 0.0, 60.0, 23.5, 0.0, 0.0, 1.0]
    return CameraFrame(message, Image(), image_message(RGB, "rgb8", Header()))


@pytest.fixture
def store(tmp_path) -> StoreAccess:
    return StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")


@pytest.fixture
def services(store) -> DescriptorServices:
    return DescriptorServices(store, lambda: (frame(), MatchCode.OK, ""))


def register(services, u=11.5, v=19.5, object_id="cap", keypoint="contact", overwrite=False):
    request = RegisterDescriptor.Request(object_id=object_id, keypoint=keypoint, u=u, v=v, overwrite=overwrite)
    return services.register(request, Register())


def test_descriptor_and_patch_of_the_clicked_pixel_are_stored(services, store):
    response = register(services)
    assert response.code == Register.OK and response.descriptor.id > 0
    assert (response.descriptor.image_width, response.descriptor.image_height) == (64, 48)
    row = store.run(lambda opened: opened.get("cap", "contact"))
    np.testing.assert_allclose(row.descriptor, FEATURES[2, 1].astype(np.float32), atol=1e-3)
    assert row.camera == frame().camera
    patch = cv2.imdecode(np.frombuffer(row.patch, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(patch, RGB[: 20 + 32, : 12 + 32])


@pytest.mark.parametrize(("u", "v"), [(64.0, 5.0), (-1.0, 5.0), (5.0, 48.0), (float("nan"), 5.0), (5.0, float("inf"))])
def test_pixel_outside(services, store, u, v):
    assert register(services, u, v).code == Register.PIXEL_OUTSIDE
    assert store.run(lambda opened: opened.list().entries) == []


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä", "a/b"])
def test_names(services, name):
    assert register(services, object_id=name).code == Register.INVALID_NAME
    assert register(services, keypoint=name).code == Register.INVALID_NAME


def test_overwriting_has_to_be_asked_for(services):
    register(services)
    assert register(services).code == Register.ALREADY_EXISTS
    assert register(services, u=40.0, overwrite=True).code == Register.OK


@pytest.mark.parametrize("code", [MatchCode.NO_FRAME, MatchCode.STALE])
def test_no_fresh_frame(store, code):
    response = register(DescriptorServices(store, lambda: (None, code, "why")))
    assert (response.code, response.message, response.descriptor.id) == (code, "why", 0)


def test_list_and_delete(services):
    register(services)
    register(services, keypoint="axis_a")
    rows = services.list(ListDescriptors.Request(), ListDescriptors.Response()).descriptors
    assert [row.keypoint for row in rows] == ["axis_a", "contact"]
    assert services.list(ListDescriptors.Request(object_id="x"), ListDescriptors.Response()).descriptors == []
    one = DeleteDescriptor.Request(object_id="cap", keypoint="contact")
    assert services.delete(one, DeleteDescriptor.Response()).deleted == 1
    assert services.delete(one, DeleteDescriptor.Response()).code == DeleteDescriptor.Response.UNKNOWN_KEYPOINT
    assert services.delete(DeleteDescriptor.Request(object_id="cap"), DeleteDescriptor.Response()).deleted == 1


def listed(services, **fields):
    return services.list(ListDescriptors.Request(**fields), ListDescriptors.Response())


def test_a_list_comes_in_pages(services, store):
    for index in range(5):
        register(services, keypoint=f"kp{index}")
    page = listed(services, offset=2, limit=2)
    assert ([row.keypoint for row in page.descriptors], page.total) == (["kp2", "kp3"], 5)
    for limit in (0, 10**9):
        assert len(listed(services, limit=limit).descriptors) == 5
    past = listed(services, offset=2**32 - 1)
    assert (past.code, list(past.descriptors), past.total) == (ListDescriptors.Response.OK, [], 5)
    assert listed(services, object_id="no name").total == 0


def test_a_damaged_row_is_named_beside_the_good_ones(services, store, tmp_path):
    for keypoint in ("a", "b", "c"):
        register(services, keypoint=keypoint)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE descriptors SET descriptor = x'00' WHERE keypoint = 'b'")
    answer = listed(services)
    assert answer.code == ListDescriptors.Response.OK and [row.keypoint for row in answer.descriptors] == ["a", "c"]
    assert "1 left out: cap/b (row 2) is damaged" in answer.message and "teach these again" in answer.message
    assert register(services, keypoint="b", overwrite=True).code == Register.OK
    assert len(listed(services).descriptors) == 3


def test_a_removed_store_is_said_by_every_call_until_it_is_back(services, store, tmp_path):
    register(services)
    (tmp_path / "store.db").rename(tmp_path / "away")
    for _ in range(2):
        answer = register(services, keypoint="b")
        assert answer.code == Register.STORE_ERROR and "is not there any more" in answer.message
        assert listed(services).code == ListDescriptors.Response.STORE_ERROR
    assert not (tmp_path / "store.db").exists()
    (tmp_path / "away").rename(tmp_path / "store.db")
    assert register(services, keypoint="b").code == Register.OK
    assert len(listed(services).descriptors) == 2


def test_corrupt_store_is_an_answer_of_every_service(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"no database" * 500)
    services = DescriptorServices(StoreAccess(f"sqlite:///{path}"), lambda: (frame(), MatchCode.OK, ""))
    assert register(services).code == Register.STORE_ERROR
    listed = services.list(ListDescriptors.Request(), ListDescriptors.Response())
    assert listed.code == ListDescriptors.Response.STORE_ERROR and "store.db" in listed.message
    deleted = services.delete(DeleteDescriptor.Request(object_id="cap"), DeleteDescriptor.Response())
    assert deleted.code == DeleteDescriptor.Response.STORE_ERROR
    assert path.read_bytes() == b"no database" * 500


def test_row_message():
    message = row_message(Row(7, "cap", "contact", np.zeros(16, np.float32), "m", 12.25, 1.5, 2.5, b""))
    assert (message.id, message.dimension, message.model_id) == (7, 16, "m")
    assert (message.created.sec, message.created.nanosec) == (12, 250_000_000)
    assert (message.u, message.v) == (1.5, 2.5)


def test_patch_is_cut_at_the_border_and_empty_without_an_image():
    patch = cv2.imdecode(np.frombuffer(patch_png(np.zeros((480, 640, 3), np.uint8), 320.0, 240.0), np.uint8), 1)
    assert patch.shape == (64, 64, 3)
    assert patch_png(None, 1.0, 1.0) == b""
