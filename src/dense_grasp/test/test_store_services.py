import sqlite3
from contextlib import closing

import cv2
import numpy as np
import pytest
from dense_grasp.nodes.perception_parameters import QUERY_NODE
from dense_grasp.perception.click_network import ClickNetwork
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.keypoint_networks import KeypointNetworks
from dense_grasp.perception.loaded_scans import LoadedScans
from dense_grasp.perception.messages import camera_from_info
from dense_grasp.perception.picture_teaching import PictureTeaching
from dense_grasp.perception.running_network import RunningNetwork
from dense_grasp.perception.scan_teaching import ScanTeaching
from dense_grasp.perception.scanned_objects import ScannedObjects
from dense_grasp.perception.store_access import StoreAccess
from dense_grasp.perception.store_services import DescriptorServices, row_message
from dense_grasp_core.object_model.find import Acceptance
from dense_grasp_core.result_codes import MatchCode, StoreCode
from dense_grasp_core.store import Row
from dense_grasp_ros.images import byte_array, image_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage
from dense_grasp_interfaces.srv import (
    DeleteDescriptor,
    GetPicture,
    ListDescriptors,
    RegisterDescriptor,
    RenameKeypoint,
    RestoreDescriptor,
)

RGB = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
FEATURES = np.random.default_rng(1).normal(size=(6, 8, 4)).astype("<f2")
Register = RegisterDescriptor.Response


def frame() -> CameraFrame:
    message = DescriptorImage(
        dtype="float16", stride=8.0, model_id="m", network="general", height=6, width=8, channels=4
    )
    message.data = byte_array(FEATURES)
    message.camera_info.width, message.camera_info.height = 64, 48
    message.camera_info.k = [60.0, 0.0, 31.5, 0.0, 60.0, 23.5, 0.0, 0.0, 1.0]
    return CameraFrame(message, Image(), image_message(RGB, "rgb8", Header()))


@pytest.fixture
def store(tmp_path) -> StoreAccess:
    return StoreAccess(f"sqlite:///{tmp_path / 'store.db'}")


#: Objects of this store have no scan; test_scanned_objects.py has those that do.
SCANS = ScanTeaching(ScannedObjects(LoadedScans(None, ""), Acceptance()), 1.0)


#: Images are described by the network m, of which there is no file.
NETWORKS = KeypointNetworks(
    {**{spec.name: spec.default for spec in QUERY_NODE}, "temperature": 0.0, "found_threshold": 0.5}
    | {"ambiguity_ratio": 0.9},
    lambda: "m",
)


def served(store, seen, code=MatchCode.OK, reason="") -> DescriptorServices:
    """Without a network for pictures; test_picture_teaching.py has one."""
    clicks = ClickNetwork(store, NETWORKS, 600.0)
    pictures = PictureTeaching(store, RunningNetwork("", lambda: "m", None), clicks)
    return DescriptorServices(store, lambda: (seen, code, reason), SCANS, pictures, clicks, NETWORKS)


@pytest.fixture
def services(store) -> DescriptorServices:
    return served(store, frame())


def register(services, u=11.5, v=19.5, object_id="cap", keypoint="contact", overwrite=False):
    request = RegisterDescriptor.Request(object_id=object_id, keypoint=keypoint, u=u, v=v, overwrite=overwrite)
    return services.register(request, Register())


def test_descriptor_and_picture_of_the_click_are_stored(services, store):
    response = register(services)
    assert response.code == Register.OK and response.taught.id > 0
    assert (response.taught.image_width, response.taught.image_height) == (64, 48)
    row = store.run(lambda opened: opened.get("cap", "contact"))
    np.testing.assert_allclose(row.descriptor, FEATURES[2, 1].astype(np.float32), atol=1e-3)
    assert row.camera == frame().camera
    assert response.taught.has_picture and (row.network, response.taught.network) == ("general", "general")
    answer = picture(services, "cap", "contact")
    assert answer.code == GetPicture.Response.OK and (answer.u, answer.v) == (11.5, 19.5)
    image = cv2.imdecode(np.frombuffer(answer.image.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_array_equal(image, RGB)
    assert camera_from_info(answer.camera_info) == frame().camera
    assert answer.image.format == "png" and answer.image.header.stamp == response.taught.created


def picture(services, *names):
    request = GetPicture.Request(**dict(zip(("object_id", "keypoint"), names, strict=True)))
    return services.picture(request, GetPicture.Response())


def test_a_click_without_its_colour_image_says_that_it_has_no_picture(store):
    without = CameraFrame(frame()._descriptors, Image(), None)
    services = served(store, without)
    response = register(services)
    assert response.code == Register.OK and not response.taught.has_picture and "teach it once more" in response.message
    answer = picture(services, "cap", "contact")
    assert answer.code == GetPicture.Response.NO_PICTURE and "cap/contact" in answer.message
    assert store.is_open and store.error == ""  # the store itself is well


def test_a_picture_of_nothing(services, store):
    assert picture(services, "cap", "contact").code == GetPicture.Response.UNKNOWN_KEYPOINT
    assert picture(services, "a b", "").code == GetPicture.Response.UNKNOWN_KEYPOINT


@pytest.mark.parametrize(("u", "v"), [(64.0, 5.0), (-1.0, 5.0), (5.0, 48.0), (float("nan"), 5.0), (5.0, float("inf"))])
def test_pixel_outside(services, store, u, v):
    assert register(services, u, v).code == Register.PIXEL_OUTSIDE
    assert store.run(lambda opened: opened.list().entries) == []


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä", "a/b"])
def test_names(services, name):
    assert register(services, object_id=name).code == Register.INVALID_NAME
    assert register(services, keypoint=name).code == Register.INVALID_NAME


def test_points_whose_network_is_nowhere_are_named_in_the_list(services, store):
    register(services)
    store.change(lambda rows: rows.add("cap", "rim", np.ones(4), "0123456789abcdef", 1.0, 1.0))
    store.change(lambda rows: rows.add("cap", "top", np.ones(4), "fedcba", 1.0, 1.0, object_point=(0.0, 0.0, 0.1)))
    listed = services.list(ListDescriptors.Request(), ListDescriptors.Response())
    assert listed.message == (
        "3 of 3 descriptors; 1 taught with a network that is nowhere, and not found therefore: cap/rim"
    )


def test_overwriting_has_to_be_asked_for(services):
    register(services)
    assert register(services).code == Register.ALREADY_EXISTS
    assert register(services, u=40.0, overwrite=True).code == Register.OK


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({"source": RegisterDescriptor.Request.SCAN_VIEW, "scan_view": 3}, StoreCode.NO_SCAN, "cap has no scan"),
        ({"source": RegisterDescriptor.Request.STORED_PICTURE}, Register.UNKNOWN_KEYPOINT, "store has no"),
        ({"source": 7}, Register.INVALID_REQUEST, "7"),
        ({"add_sample": True, "overwrite": True}, Register.INVALID_REQUEST, "at most one"),
        ({"add_sample": True}, Register.UNKNOWN_KEYPOINT, "teach it once"),
    ],
)
def test_what_is_not_served_is_refused(services, store, fields, code, word):
    request = RegisterDescriptor.Request(object_id="cap", keypoint="contact", u=11.5, v=19.5, **fields)
    response = services.register(request, Register())
    assert (response.code, word in response.message) == (code, True)
    assert store.run(lambda opened: opened.list().entries) == []


def test_samples_are_added_shown_and_taken_away(services, store):
    first = register(services).taught
    for number in (1, 2):
        request = RegisterDescriptor.Request(object_id="cap", keypoint="contact", u=30.5 + number, v=19.5)
        request.add_sample = True
        added = services.register(request, Register())
        assert added.code == Register.OK and f"as sample {number}" in added.message
        assert added.taught.samples == number + 1
    (row,) = listed(services).taught
    assert (row.id, row.samples, row.u) == (first.id, 3, 11.5)
    answer = services.picture(GetPicture.Request(object_id="cap", keypoint="contact", sample=2), GetPicture.Response())
    assert answer.code == GetPicture.Response.OK and answer.u == 32.5
    answer = services.picture(GetPicture.Request(object_id="cap", keypoint="contact", sample=3), GetPicture.Response())
    assert answer.code == GetPicture.Response.INVALID_REQUEST and "0, 1, 2" in answer.message
    last = DeleteDescriptor.Request(object_id="cap", keypoint="contact", last_sample=True)
    codes = [services.delete(last, DeleteDescriptor.Response()).code for _ in range(3)]
    assert codes == [StoreCode.OK, StoreCode.OK, StoreCode.INVALID_REQUEST]
    assert listed(services).taught[0].samples == 1
    whole = DeleteDescriptor.Request(object_id="cap", last_sample=True)
    assert services.delete(whole, DeleteDescriptor.Response()).code == StoreCode.INVALID_REQUEST


def test_what_was_deleted_or_replaced_is_restored(services, store):
    before = register(services).taught
    restore = RestoreDescriptor.Request(object_id="cap", keypoint="contact")

    def restored():
        answer = services.restore(restore, RestoreDescriptor.Response())
        return answer.code, answer.restored

    assert restored() == (StoreCode.UNKNOWN_KEYPOINT, 0)
    services.delete(DeleteDescriptor.Request(object_id="cap", keypoint="contact"), DeleteDescriptor.Response())
    assert restored() == (StoreCode.OK, 1)
    assert listed(services).taught[0].id == before.id
    register(services, u=40.0, overwrite=True)
    assert restored() == (StoreCode.ALREADY_EXISTS, 0)
    restore.overwrite = True
    assert restored() == (StoreCode.OK, 1) and listed(services).taught[0].u == 11.5
    assert store.changes == 5  # what was refused changed nothing


def rename(services, *names):
    request = RenameKeypoint.Request(**dict(zip(("object_id", "keypoint", "new_name"), names, strict=True)))
    return services.rename(request, RenameKeypoint.Response())


def test_a_keypoint_and_an_object_are_renamed(services, store):
    before = register(services).taught
    register(services, keypoint="axis_a")
    assert rename(services, "cap", "contact", "rim").renamed == 1
    assert rename(services, "cap", "", "hat").renamed == 2
    taught = listed(services).taught
    assert [(row.object_id, row.keypoint) for row in taught] == [("hat", "axis_a"), ("hat", "rim")]
    assert (taught[1].id, taught[1].created, taught[1].u) == (before.id, before.created, before.u)


def test_renaming_is_refused_with_a_code(services):
    register(services)
    register(services, keypoint="rim")
    register(services, object_id="hat")
    codes = RenameKeypoint.Response
    for names, code in (
        (("cap", "contact", "rim"), codes.ALREADY_EXISTS),
        (("cap", "", "hat"), codes.ALREADY_EXISTS),
        (("cap", "contact", "a b"), codes.INVALID_NAME),
        (("cap", "nobody", "x"), codes.UNKNOWN_KEYPOINT),
        (("nobody", "", "x"), codes.UNKNOWN_KEYPOINT),
        (("a b", "", "x"), codes.UNKNOWN_KEYPOINT),
    ):
        answer = rename(services, *names)
        assert (answer.code, answer.renamed) == (code, 0) and answer.message, names
    assert listed(services).total == 3


@pytest.mark.parametrize("code", [MatchCode.NO_FRAME, MatchCode.STALE])
def test_no_fresh_frame(store, code):
    response = register(served(store, None, code, "why"))
    assert (response.code, response.message, response.taught.id) == (code, "why", 0)


def test_list_and_delete(services):
    register(services)
    register(services, keypoint="axis_a")
    rows = services.list(ListDescriptors.Request(), ListDescriptors.Response()).taught
    assert [row.keypoint for row in rows] == ["axis_a", "contact"]
    assert services.list(ListDescriptors.Request(object_id="x"), ListDescriptors.Response()).taught == []
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
    assert ([row.keypoint for row in page.taught], page.total) == (["kp2", "kp3"], 5)
    for limit in (0, 10**9):
        assert len(listed(services, limit=limit).taught) == 5
    past = listed(services, offset=2**32 - 1)
    assert (past.code, list(past.taught), past.total) == (ListDescriptors.Response.OK, [], 5)
    assert listed(services, object_id="no name").total == 0


def test_a_damaged_row_is_named_beside_the_good_ones(services, store, tmp_path):
    for keypoint in ("a", "b", "c"):
        register(services, keypoint=keypoint)
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE descriptors SET descriptor = x'00' WHERE keypoint = 'b'")
    answer = listed(services)
    assert answer.code == ListDescriptors.Response.OK and [row.keypoint for row in answer.taught] == ["a", "c"]
    assert "1 left out: cap/b (row 2) is damaged" in answer.message and "teach these again" in answer.message
    assert register(services, keypoint="b", overwrite=True).code == Register.OK
    assert len(listed(services).taught) == 3


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
    assert len(listed(services).taught) == 2


def test_corrupt_store_is_an_answer_of_every_service(tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"no database" * 500)
    services = served(StoreAccess(f"sqlite:///{path}"), frame())
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
    assert (message.u, message.v, message.scan_view, message.has_picture) == (1.5, 2.5, -1, False)
    assert np.isnan([message.object_point.x, message.object_point.y, message.object_point.z]).all()
    scanned = Row(
        7,
        "cap",
        "contact",
        np.zeros(16, np.float32),
        "m",
        12.25,
        1.5,
        2.5,
        b"",
        object_point=(0.1, 0.2, 0.3),
        scan_view=4,
    )
    message = row_message(scanned)
    assert (message.object_point.x, message.object_point.z, message.scan_view) == (0.1, 0.3, 4)
