"""A box is scanned into a folder; from then on it is described once, found by its pose, and taught by a click."""

import importlib.util
import math
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.loaded_scans import LoadedScans, ScannedObjectError, scans_folder
from dense_grasp.perception.posed_matches import FoundObject, object_messages, posed_matches
from dense_grasp.perception.scan_teaching import ScanTeaching
from dense_grasp.perception.scanned_keypoints import ScannedKeypoints
from dense_grasp.perception.scanned_objects import WAITING, ScannedObjects
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.geometry import se3
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import Limits, WorkspaceBox
from dense_grasp_core.object_model.bank_file import frame_digest
from dense_grasp_core.object_model.find import Acceptance
from dense_grasp_core.result_codes import MatchCode, StoreCode
from dense_grasp_core.store import DescriptorStore, Row
from dense_grasp_core.store.scan_folders import ScanFolders, folder_beside
from dense_grasp_ros.images import image_message
from dense_grasp_ros.local_graph import wait_until
from geometry_msgs.msg import Quaternion, TransformStamped, Vector3
from rclpy.clock import Clock, ClockType
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage
from tf2_ros import StaticTransformBroadcaster
from vision_msgs.msg import Detection3DArray

from dense_grasp_interfaces.msg import DescriptorImage, KeypointMatch
from dense_grasp_interfaces.srv import ListDescriptors, LocateKeypoints, RegisterDescriptor

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
CAMERA, HALF, frame, picture = scanned_box.CAMERA, scanned_box.HALF, scanned_box.frame, scanned_box.picture
pose_from, write_scan = scanned_box.pose_from, scanned_box.write_scan

NETWORK = str(Path(__file__).parents[3] / "models" / "general.xml")
LONG = 900.0  # s that a test waits for a bank at most: the machine may be busy
FRONT = np.array([0.02, -HALF[1], 0.03])  # on the face towards a camera at azimuth -90
BACK = np.array([0.02, HALF[1], 0.03])
SEEN = pose_from(-75, 30, 0.45, 20)
BASE_FROM_CAMERA = se3.look_at([0.4, 0.0, 0.7], [0.4, 0.0, 0.0], up=[1.0, 0.0, 0.0])


def opened(folder: Path, notes: list[str], most: int = 1) -> ScannedObjects:
    return ScannedObjects(LoadedScans(folder, NETWORK, notes.append), Acceptance(), most, notes.append)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scans = tmp_path_factory.mktemp("store.db.scans")
    write_scan(scans / "box")
    return scans


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return []


@pytest.fixture(scope="module")
def scanned(folder, notes):
    objects = opened(folder, notes)
    with pytest.raises(ScannedObjectError, match="described for the first time") as refused:
        objects.scans.get("box", 0.0)
    assert refused.value.code == MatchCode.BUSY
    objects.scans.get("box", LONG)
    yield objects
    objects.scans.close()


@pytest.fixture(scope="module")
def seen():
    """A frame in which the box is seen; what it shows is looked for once."""
    return frame(SEEN)


@pytest.fixture(scope="module")
def nothing():
    """A frame without the box."""
    return frame(None)


def two_boxes(pose, other) -> CameraFrame:
    """A frame in which two equal boxes stand side by side."""
    described, _, _ = scanned_box.messages(pose)
    (rgb, depth, _), (rgb_other, depth_other, mask) = picture(pose, 77), picture(other, 77)
    rgb, depth = np.where(mask[..., None], rgb_other, rgb), np.where(mask, depth_other, depth)
    measured = image_message(np.rint(1000.0 * depth).astype(np.uint16), "16UC1", described.header)
    return CameraFrame(described, measured, image_message(rgb, "rgb8", described.header))


def row(point, keypoint: str = "contact") -> Row:
    vector = np.ones(152, np.float32)
    return Row(1, "box", keypoint, vector, "m", 0.0, 0.0, 0.0, b"", CAMERA, object_point=tuple(point))


def answers(scanned, seen, *points, limits=None, base_from_camera=BASE_FROM_CAMERA):
    found, poses = scanned.find("box", seen, LONG)
    rows = [row(point, f"point{number}") for number, point in enumerate(points)]
    about = FoundObject("box", scanned.scans.model_id, found.bank, poses)
    return about, posed_matches(about, seen, rows, limits or Limits(), "base", base_from_camera)


def test_the_folder_of_the_scans_lies_beside_the_store(tmp_path):
    assert scans_folder(f"sqlite:///{tmp_path}/a.db") == tmp_path / "a.db.scans"
    assert scans_folder("sqlite://") is None
    assert scans_folder("sqlite://", str(tmp_path)) == tmp_path


def test_a_scan_is_looked_for_where_the_store_keeps_it(tmp_path, folder):
    kept = ScanFolders(folder_beside(tmp_path / "store.db"))
    objects = opened(scans_folder(f"sqlite:///{tmp_path}/store.db"), [])
    for name in ("box", "box.v2", ".box"):
        kept.add(name, folder / "box")
        assert objects.scans.has_scan(name)
    objects.scans.close()


def test_an_object_without_a_scan_has_none(scanned):
    assert not scanned.scans.has_scan("shoe") and not scanned.scans.has_scan("../box") and scanned.scans.has_scan("box")
    with pytest.raises(ScannedObjectError, match="no scan"):
        scanned.scans.get("shoe", 0.0)


def test_a_scan_that_cannot_be_used_says_why_and_is_described_once(tmp_path, folder, scanned, notes):
    assert any("6 views" in note for note in notes)
    shutil.copytree(folder / "box", tmp_path / "box")
    (tmp_path / "box" / "camera.json").rename(tmp_path / "camera")
    told: list[str] = []
    objects = opened(tmp_path, told)
    with pytest.raises(ScannedObjectError, match=r"camera\.json") as refused:
        objects.scans.get("box", LONG)
    assert refused.value.code == MatchCode.STORE_ERROR
    (tmp_path / "camera").rename(tmp_path / "box" / "camera.json")  # repaired while the node runs
    assert objects.scans.get("box", LONG).bank.radius == pytest.approx(scanned.scans.get("box", 0.0).bank.radius)
    assert not any("describing" in note for note in told)  # what was described lies beside the scan
    shutil.rmtree(tmp_path / "box")
    write_scan(tmp_path / "box", range(0, 60, 30))
    assert len(objects.scans.get("box", LONG).views) == 2  # another scan
    assert any("describing" in note for note in told)
    objects.scans.close()


def test_visible_and_hidden_points_are_located(scanned, seen):
    about, (front, back) = answers(scanned, seen, FRONT, BACK)
    assert (front.code, back.code) == (MatchCode.OK, MatchCode.OK), (front.message, back.message)
    assert (front.visibility, back.visibility) == (KeypointMatch.VISIBLE, KeypointMatch.HIDDEN)
    for match, point in ((front, FRONT), (back, BACK)):
        truth = se3.transform(BASE_FROM_CAMERA @ SEEN, point)
        assert np.linalg.norm([match.position.x, match.position.y, match.position.z] - truth) < 0.01
        assert match.header.frame_id == "base" and match.instance == 1 and match.support > 20
    (pose,) = object_messages(about, Header(frame_id="base"), BASE_FROM_CAMERA)
    position = pose.pose.pose.position
    truth = (BASE_FROM_CAMERA @ SEEN)[:3, 3]
    assert np.linalg.norm([position.x, position.y, position.z] - truth) < 0.01


def test_a_point_that_another_pose_puts_elsewhere_is_ambiguous(scanned, seen):
    """Of a pose that is as good, only what it says of the point matters: the axis of the turn stays."""
    about, _ = answers(scanned, seen, FRONT)
    (pose,) = about.poses
    half_turn = pose.camera_from_object @ np.diag([-1.0, -1.0, 1.0, 1.0])
    beside = pose.camera_from_object @ se3.exp([0.0, 0.002, 0.0, 0.0, 0.0, 0.0])
    on_axis = [0.0, 0.0, FRONT[2]]
    told = replace(about, poses=[replace(pose, alternatives=(beside, half_turn))])
    rows = [row(FRONT), row(on_axis, "on_axis")]
    front, axis = posed_matches(told, seen, rows, Limits(), "base", BASE_FROM_CAMERA)
    assert front.code == MatchCode.AMBIGUOUS and axis.code != MatchCode.AMBIGUOUS, (front.message, axis.message)
    assert f"{2000 * np.linalg.norm(FRONT[:2]):.0f} mm away" in front.message
    assert object_messages(told, Header(frame_id="base"), BASE_FROM_CAMERA)[0].two_poses


def test_a_pose_that_is_the_same_to_the_scan_leaves_the_point_found_and_is_told(scanned, seen):
    about, _ = answers(scanned, seen, FRONT)
    (pose,) = about.poses
    half_turn = pose.camera_from_object @ np.diag([-1.0, -1.0, 1.0, 1.0])
    told = replace(about, poses=[replace(pose, equals=(half_turn,))])
    (front,) = posed_matches(told, seen, [row(FRONT)], Limits(), "base", BASE_FROM_CAMERA)
    assert front.code == MatchCode.OK and "looks the same in 2 poses" in front.message
    assert not object_messages(told, Header(frame_id="base"), BASE_FROM_CAMERA)[0].two_poses


def test_each_of_two_boxes_has_matches_of_its_own(scanned):
    """And as many are looked for as a call says, the first of them only where it says nothing."""
    left, right = (pose_from(azimuth, 35, 0.55) for azimuth in (-75, 130))
    left[0, 3], right[0, 3] = -0.13, 0.13
    both = two_boxes(left, right)
    published = SimpleNamespace(publish=lambda *given: None)
    keypoints = ScannedKeypoints(scanned, Limits(), "base", published)
    rows = [row(FRONT), row(BACK, "back")]
    first, objects = keypoints.locate(both, rows, BASE_FROM_CAMERA)
    assert len(first) == len(objects) == 1
    matches, objects = keypoints.locate(both, rows, BASE_FROM_CAMERA, instances=5)
    assert [pose.instance for pose in objects] == [1, 2]
    assert [[match.instance for match in each] for each in matches] == [[1, 1], [2, 2]]
    for each in matches:
        assert {match.code for match in each} == {MatchCode.OK}
    places = np.array([[each[0].position.x, each[0].position.y, each[0].position.z] for each in matches])
    for pose in (left, right):
        truth = se3.transform(BASE_FROM_CAMERA @ pose, FRONT)
        assert np.linalg.norm(places - truth, axis=1).min() < 0.01
    assert len(keypoints.locate(both, rows, BASE_FROM_CAMERA, instances=1)[0]) == 1
    assert len(keypoints.locate(both, rows, None, "no transform", instances=5)[0]) == 1


def test_nothing_is_found_where_the_box_is_not(scanned, nothing):
    about, (match,) = answers(scanned, nothing, FRONT)
    assert match.code == MatchCode.LOW_SCORE and not about.poses and np.isnan(match.position.x)


def test_workspace_and_missing_transform_have_their_codes(scanned, seen):
    far = Limits(workspace=WorkspaceBox((5.0, 5.0, 5.0), (6.0, 6.0, 6.0)))
    assert answers(scanned, seen, FRONT, limits=far)[1][0].code == MatchCode.OUT_OF_WORKSPACE
    assert answers(scanned, seen, FRONT, base_from_camera=None)[1][0].code == MatchCode.NO_TF


def test_a_frame_without_its_colour_image_is_refused(scanned):
    with pytest.raises(ScannedObjectError, match="colour image") as refused:
        scanned.find("box", frame(SEEN, with_colour=False), LONG)
    assert refused.value.code == MatchCode.NO_FRAME


def test_too_many_searches_are_busy(scanned, seen):
    scanned.find("box", seen, LONG)  # from now on that takes no time
    ended = []
    with scanned._searching:
        waiting = [
            threading.Thread(target=lambda: ended.append(scanned.find("box", seen, LONG))) for _ in range(1 + WAITING)
        ]
        for thread in waiting:
            thread.start()
        while scanned._room._value:  # until all have come in
            threading.Event().wait(0.001)
        with pytest.raises(ScannedObjectError, match="one too many") as refused:
            scanned.find("box", seen, LONG)
    assert refused.value.code == MatchCode.BUSY
    for thread in waiting:
        thread.join(LONG)
    assert len(ended) == 1 + WAITING


def click(u: float, v: float, **more) -> RegisterDescriptor.Request:
    return RegisterDescriptor.Request(object_id="box", keypoint="contact", u=float(u), v=float(v), **more)


def test_a_click_on_the_image_is_a_point_of_the_box(scanned, seen, nothing):
    teaching = ScanTeaching(scanned, LONG)
    pixel = CAMERA.project(se3.transform(SEEN, FRONT)[None])[0]
    code, reason, values = teaching.in_frame(click(*pixel), seen)
    assert code == StoreCode.OK, reason
    assert np.linalg.norm(np.array(values["object_point"]) - FRONT) < 0.01
    assert values["model_id"] == scanned.scans.model_id and values["network"] == "general"
    assert len(values["descriptor"]) == 152
    code, reason, _ = teaching.in_frame(click(5, 5), seen)
    assert code == StoreCode.PIXEL_OUTSIDE and "not on the object" in reason
    code, reason, _ = teaching.in_frame(click(*pixel), nothing)
    assert code == StoreCode.LOW_SCORE and "not found" in reason


def test_a_click_in_a_picture_of_the_scan_is_a_point_of_the_box(scanned):
    teaching = ScanTeaching(scanned, LONG)
    view = scanned.scans.get("box", 0.0).views[5]  # from azimuth 300
    pixel = CAMERA.project(se3.transform(view.pose, FRONT)[None])[0]
    code, reason, values = teaching.in_view(click(*pixel, source=RegisterDescriptor.Request.SCAN_VIEW, scan_view=5))
    assert code == StoreCode.OK, reason
    assert np.linalg.norm(np.array(values["object_point"]) - FRONT) < 0.003 and values["scan_view"] == 5
    assert teaching.in_view(click(2, 2, scan_view=5))[0] == StoreCode.PIXEL_OUTSIDE
    code, reason, _ = teaching.in_view(click(*pixel, scan_view=6))
    assert code == StoreCode.NO_SCAN and "0..5" in reason


class Camera:
    """Sends pictures of the box ten times a second, and where the camera is."""

    def __init__(self, graph):
        node, best_effort = graph.node, qos_profile_sensor_data
        self._descriptors = node.create_publisher(DescriptorImage, "/dense_grasp/descriptors", best_effort)
        self._depth = node.create_publisher(Image, "/camera/camera/aligned_depth_to_color/image_raw", 2)
        self._colour = node.create_publisher(Image, "/camera/camera/color/image_raw", 2)
        self._clock = Clock(clock_type=ClockType.SYSTEM_TIME)
        self.look(SEEN)
        place = TransformStamped(child_frame_id="optical")
        place.header.frame_id = "fr3_link0"
        position, turn = BASE_FROM_CAMERA[:3, 3], se3.to_quaternion(BASE_FROM_CAMERA)
        place.transform.translation = Vector3(**dict(zip("xyz", map(float, position), strict=True)))
        place.transform.rotation = Quaternion(**dict(zip("xyzw", map(float, turn), strict=True)))
        self._transforms = StaticTransformBroadcaster(node)
        self._transforms.sendTransform(place)
        self._timer = node.create_timer(0.1, self._send, clock=self._clock)

    def look(self, camera_from_object: np.ndarray | None) -> None:
        """The box lies there from now on, or nowhere."""
        self._messages = scanned_box.messages(camera_from_object)

    def _send(self):
        described, depth, colour = self._messages
        stamp = self._clock.now().to_msg()
        headers = [described.header, described.camera_info.header, depth.header, colour.header]
        for header in headers:
            header.stamp = stamp
        for publisher, message in ((self._colour, colour), (self._depth, depth), (self._descriptors, described)):
            publisher.publish(message)


def test_a_click_in_the_running_node_finds_the_box_from_then_on(graph, scanned, folder, tmp_path):
    store = f"sqlite:///{tmp_path / 'store.db'}"
    scores = {"temperature": -1.0, "found_threshold": 0.5, "ambiguity_ratio": 0.9}
    graph.start(QueryNode, store=store, scans=str(folder), scan_model=NETWORK, max_frame_age=LONG, prefix="", **scores)
    camera, detections, frames = Camera(graph), [], []
    graph.node.create_subscription(Detection3DArray, "/dense_grasp/objects", detections.append, 2)
    graph.node.create_subscription(TFMessage, "/tf", lambda message: frames.extend(message.transforms), 10)

    def call(kind, name, **fields):
        return graph.call(kind, f"/dense_grasp/{name}", patience=LONG, **fields)

    def told(kind, name, **fields):
        """The answer as soon as there is a picture and the scan is loaded."""
        answers = []

        def answered():
            answers.append(call(kind, name, object_id="box", **fields))
            return answers[-1].code not in (StoreCode.NO_FRAME, StoreCode.STALE, StoreCode.BUSY)

        wait_until(answered, LONG, f"answer of {name}")
        return answers[-1]

    u, v = CAMERA.project(se3.transform(SEEN, FRONT)[None])[0]
    answer = told(RegisterDescriptor, "register_descriptor", keypoint="contact", u=u, v=v)
    assert answer.code == StoreCode.OK, answer.message
    taught = answer.taught
    assert taught.network == "general" and np.isfinite(taught.object_point.x)
    moved = pose_from(-110, 40, 0.5, -100)
    camera.look(moved)
    now = {"not_before": Clock(clock_type=ClockType.SYSTEM_TIME).now().to_msg(), "timeout": Duration(sec=60)}
    answer = told(LocateKeypoints, "locate_keypoints", **now)
    (match,), (pose,) = answer.matches, answer.objects
    assert (match.code, match.visibility) == (MatchCode.OK, KeypointMatch.VISIBLE), match.message
    truth = se3.transform(BASE_FROM_CAMERA @ moved, FRONT)
    assert np.linalg.norm([match.position.x, match.position.y, match.position.z] - truth) < 0.01
    assert pose.header.frame_id == "fr3_link0" and pose.header.stamp == match.header.stamp
    wait_until(lambda: detections and frames, LONG, "the box on topics")
    assert frames[-1].child_frame_id == "box" and frames[-1].header.frame_id == "fr3_link0"
    (detection,) = detections[-1].detections
    assert detection.results[0].hypothesis.class_id == "box" and detection.bbox.size.z == pytest.approx(0.12, abs=0.02)

    row = DescriptorStore(store).get("box", "contact")
    (listed,) = call(ListDescriptors, "list_descriptors", object_id="box").taught
    assert listed.object_point == taught.object_point
    assert row.scan == frame_digest(folder / "box")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        connection.execute("UPDATE descriptors SET scan = ?", ("0" * 64,))
    (listed,) = call(ListDescriptors, "list_descriptors", object_id="box").taught
    assert math.isnan(listed.object_point.x)
    (match,) = told(LocateKeypoints, "locate_keypoints", **now).matches
    assert match.code == MatchCode.MODEL_MISMATCH and math.isnan(match.position.x), match.message
    assert match.message.startswith("box/contact was taught on another scan of box")


def test_of_an_object_with_both_each_point_is_found_as_it_was_taught_and_the_scan_goes_first(
    graph, scanned, folder, tmp_path
):
    """A point of the scan by the pose, a click from before the scan by the network that described it: both in one
    image, neither in the other's place. A click from now on is a point of the scan.
    """
    store = DescriptorStore(f"sqlite:///{tmp_path / 'store.db'}")
    caps = DescriptorExtractor(str(Path(NETWORK).with_name("compact_caps.xml")))
    rgb = picture(SEEN, 77)[0]
    corner = np.array([-0.02, -HALF[1], -0.02])
    u, v = CAMERA.project(se3.transform(SEEN, corner)[None])[0]
    vector = DescriptorGrid.from_array(caps(rgb), caps.stride, rgb.shape[:2]).sample(u, v)
    store.add("box", "before", vector, caps.model_id, u, v, camera=CAMERA, network="compact_caps")
    of_scan = {"object_point": tuple(FRONT), "scan": frame_digest(folder / "box")}
    store.add("box", "contact", np.ones(152), scanned.scans.model_id, 1.0, 1.0, network="general", **of_scan)
    scores = {"temperature": -1.0, "found_threshold": 0.5, "ambiguity_ratio": 0.9}
    given = {"store": f"sqlite:///{tmp_path / 'store.db'}", "scans": str(folder), "scan_model": NETWORK}
    graph.start(QueryNode, max_frame_age=LONG, prefix="", **given, **scores)
    camera = Camera(graph)

    def told(kind, name, **fields):
        answers = []

        def answered():
            answers.append(graph.call(kind, f"/dense_grasp/{name}", patience=LONG, object_id="box", **fields))
            return answers[-1].code not in (StoreCode.NO_FRAME, StoreCode.STALE, StoreCode.BUSY)

        wait_until(answered, LONG, f"answer of {name}")
        return answers[-1]

    def located(*keypoints):
        now = Clock(clock_type=ClockType.SYSTEM_TIME).now().to_msg()
        wanted = {"keypoints": list(keypoints), "not_before": now, "timeout": Duration(sec=60)}
        return told(LocateKeypoints, "locate_keypoints", **wanted)

    before, contact = located("before", "contact").matches
    assert (contact.code, contact.visibility) == (MatchCode.OK, KeypointMatch.VISIBLE), contact.message
    assert contact.support > 20 and contact.model_id == scanned.scans.model_id
    assert (before.model_id, before.visibility, before.support) == (caps.model_id, KeypointMatch.VISIBILITY_UNKNOWN, 0)
    assert math.hypot(before.u - u, before.v - v) < 2.0, before.message
    camera.look(None)
    before, contact = located("before", "contact").matches
    assert contact.code == MatchCode.LOW_SCORE and before.code != MatchCode.OK, "neither stands in for the other"
    camera.look(SEEN)
    located("contact")  # pictures of the box have come again
    answer = told(RegisterDescriptor, "register_descriptor", keypoint="before", u=u, v=v, overwrite=True)
    assert answer.code == StoreCode.OK and answer.taught.network == "general", answer.message
    assert np.linalg.norm(np.array(store.get("box", "before").object_point) - corner) < 0.01
    store.close()


def test_the_pictures_of_the_box_are_what_they_should_be():
    rgb, depth, mask = picture(SEEN, 1)
    u, v = np.rint(CAMERA.project(se3.transform(SEEN, FRONT)[None])[0]).astype(int)
    assert mask[v, u] and depth[v, u] == pytest.approx(se3.transform(SEEN, FRONT)[2], abs=1e-3)
    assert rgb.shape == (240, 320, 3)
