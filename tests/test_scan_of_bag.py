"""`scan --from BAG`: a bag with ROS's own serialised messages, as `ros2 bag record` writes them, becomes a scan."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from dense_grasp_core.geometry.se3 import exp, inverse, rotation_angle
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_core.scanning.dome import camera_pose, dome_directions
from dense_grasp_train.scanning import scan
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

CORE_TESTS = Path(__file__).resolve().parents[1] / "src" / "dense_grasp_core" / "test"
_spec = importlib.util.spec_from_file_location("box_on_table", CORE_TESTS / "box_on_table.py")
box_on_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box_on_table)
CAMERA, HALF, box_at, look_at_box = (
    box_on_table.CAMERA,
    box_on_table.HALF,
    box_on_table.box_at,
    box_on_table.look_at_box,
)
BOX = box_at(0.48, 0.05, 0.4)
COLOR, DEPTH = "/camera/camera/color/image_raw", "/camera/camera/aligned_depth_to_color/image_raw"
INFO = "/camera/camera/color/camera_info"
BASE, HAND, FRAME = "fr3_link0", "fr3_hand", "camera_color_optical_frame"
HAND_FROM_CAMERA = np.eye(4)
HAND_FROM_CAMERA[:3, :3] = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
HAND_FROM_CAMERA[:3, 3] = 0.065, 0.0, 0.035
STAY, GO = 0.7, 0.8  # s at each view, and on the way to the next
VIEWS = 8


def time_of(seconds: float) -> Time:
    nanoseconds = round(seconds * 1e9) + 1_700_000_000 * 10**9
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def stamped(parent: str, child: str, pose: np.ndarray, seconds: float) -> TransformStamped:
    x, y, z, w = Rotation.from_matrix(pose[:3, :3]).as_quat()
    message = TransformStamped(header=Header(stamp=time_of(seconds), frame_id=parent), child_frame_id=child)
    translation = Vector3(**dict(zip("xyz", map(float, pose[:3, 3]), strict=True)))
    message.transform = Transform(translation=translation, rotation=Quaternion(x=x, y=y, z=z, w=w))
    return message


def camera_poses() -> list[np.ndarray]:
    directions = dome_directions(VIEWS, 0.5)
    return [camera_pose(BOX[:3, 3] + 0.45 * each, each, 0.3) for each in directions]


def pose_at(seconds: float) -> np.ndarray:
    """base_from_camera of an arm that stays at each view and then goes straight to the next."""
    poses = camera_poses()
    index, along = divmod(seconds, STAY + GO)
    index = min(int(index), len(poses) - 1)
    start, end = poses[index], poses[min(index + 1, len(poses) - 1)]
    share = float(np.clip((along - STAY) / GO, 0.0, 1.0))
    turn = Rotation.from_matrix(start[:3, :3].T @ end[:3, :3]).as_rotvec()
    pose = np.eye(4)
    pose[:3, :3] = start[:3, :3] @ Rotation.from_rotvec(share * turn).as_matrix()
    pose[:3, 3] = (1.0 - share) * start[:3, 3] + share * end[:3, 3]
    return pose


def image_messages(seconds: float, compressed: bool):
    picture, _ = look_at_box(pose_at(seconds), BOX, noise=0.0005, seed=round(10 * seconds))
    header = Header(stamp=time_of(seconds), frame_id=FRAME)
    millimetres = np.round(1000.0 * picture.depth).astype(np.uint16)
    shape = {"header": header, "height": CAMERA.height, "width": CAMERA.width}
    depth = Image(encoding="16UC1", step=2 * CAMERA.width, data=millimetres.tobytes(), **shape)
    color = Image(encoding="rgb8", step=3 * CAMERA.width, data=picture.rgb.tobytes(), **shape)
    if compressed:
        png = cv2.imencode(".png", millimetres)[1].tobytes()
        jpeg = cv2.imencode(".jpg", picture.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        depth = CompressedImage(header=header, format="16UC1; compressedDepth png", data=bytes(12) + png)
        color = CompressedImage(header=header, format="rgb8; jpeg compressed bgr8", data=jpeg)
    info = CameraInfo(header=header, width=CAMERA.width, height=CAMERA.height, distortion_model="plumb_bob")
    info.d = [0.0] * 5
    info.k = [CAMERA.fx, 0.0, CAMERA.cx, 0.0, CAMERA.fy, CAMERA.cy, 0.0, 0.0, 1.0]
    info.r, info.p = np.eye(3).ravel().tolist(), [*info.k[:3], 0.0, *info.k[3:6], 0.0, *info.k[6:], 0.0]
    return color, depth, info


def record(
    path: Path, *, compressed=False, plugin=StoragePlugin.MCAP, mount=HAND_FROM_CAMERA, rate=4.0, transforms=True
):
    """A bag of the arm's whole way. mount: what the bag says of the camera's place on the hand."""
    types = get_typestore(Stores.ROS2_JAZZY)
    suffix, kind = ("/compressed", "CompressedImage") if compressed else ("", "Image")
    topics = {
        COLOR + suffix: f"sensor_msgs/msg/{kind}",
        DEPTH + ("/compressedDepth" if compressed else ""): f"sensor_msgs/msg/{kind}",
        INFO: "sensor_msgs/msg/CameraInfo",
        "/tf": "tf2_msgs/msg/TFMessage",
        "/tf_static": "tf2_msgs/msg/TFMessage",
    }
    with Writer(path, version=9, storage_plugin=plugin) as writer:
        made = {name: writer.add_connection(name, kind, typestore=types) for name, kind in topics.items()}

        def write(topic, message, seconds):
            writer.write(made[topic], 1_700_000_000 * 10**9 + round(seconds * 1e9), bytes(serialize_message(message)))

        color, depth, *_ = topics
        if transforms:
            write("/tf_static", TFMessage(transforms=[stamped(HAND, FRAME, mount, 0.0)]), 0.0)
        end = VIEWS * (STAY + GO) - GO
        for seconds in np.arange(0.0, end, 1.0 / 50.0):
            hand = pose_at(seconds) @ inverse(HAND_FROM_CAMERA)
            if transforms:
                write("/tf", TFMessage(transforms=[stamped(BASE, HAND, hand, seconds)]), seconds)
        # between two transforms, so that they are interpolated
        for seconds in np.arange(0.013, end, 1.0 / rate):
            for topic, message in zip((color, depth, INFO), image_messages(seconds, compressed), strict=True):
                write(topic, message, seconds)
    return path


def check(folder: Path, millimetres: float) -> None:
    """The scan's poses are those of the truth, but for one motion of the object's frame."""
    views = read_scan(folder)
    assert VIEWS - 1 <= len(views) <= VIEWS + 2
    frame = np.array(read_json(folder / "scan.json")["base_from_object"])
    truths = camera_poses()
    for view in views:
        base_from_camera = frame @ inverse(view.pose)
        nearest = min(truths, key=lambda truth: np.linalg.norm(truth[:3, 3] - base_from_camera[:3, 3]))
        assert np.linalg.norm(nearest[:3, 3] - base_from_camera[:3, 3]) < millimetres / 1000.0
        assert rotation_angle(inverse(nearest) @ base_from_camera) < np.radians(0.5)
    assert frame[:2, 3] == pytest.approx(BOX[:2, 3], abs=0.008)


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    return record(tmp_path_factory.mktemp("good") / "bag")


@pytest.mark.parametrize("compressed", [False, True], ids=["mcap", "sqlite3, compressed"])
def test_the_stills_of_a_recording_become_a_scan(good, tmp_path, capsys, compressed):
    bag = record(tmp_path / "bag", compressed=True, plugin=StoragePlugin.SQLITE3) if compressed else good
    assert scan.main(["--from", str(bag), "--to", str(tmp_path / "scan"), "--object", "box"]) == 0
    told = capsys.readouterr().out
    assert f"pictures with depth and pose in {BASE}" in told and "hand-eye is corrected" not in told
    check(tmp_path / "scan", 3.0)
    size = read_json(tmp_path / "scan" / "scan.json")["size_m"]
    assert size[2] == pytest.approx(2 * HALF[2], abs=0.006)
    assert (tmp_path / "scan" / "sheet.png").is_file()


def test_a_mount_that_is_off_is_corrected(tmp_path, capsys):
    off = HAND_FROM_CAMERA @ exp(np.array([0.003, -0.002, 0.003, 0.01, -0.008, 0.006]))
    bag = record(tmp_path / "bag", mount=off)
    assert scan.main(["--from", str(bag), "--to", str(tmp_path / "scan")]) == 0
    assert "hand-eye is corrected by" in capsys.readouterr().out
    check(tmp_path / "scan", 3.0)
    about = read_json(tmp_path / "scan" / "scan.json")
    published_from_true = np.array(about["published_from_true_camera"])
    assert np.linalg.norm((inverse(off) @ HAND_FROM_CAMERA)[:3, 3] - published_from_true[:3, 3]) < 0.0015


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--depth-topic", "/depth"], f"no aligned depth on /depth, and of such topics {DEPTH}"),
        (["--recorded-by", "kinect"], "kinect"),
        (["--base", "map"], "--base is 'map', expected a frame above"),
        (["--workspace", "0.2,0.1"], "expected X,Y,X,Y"),
        (["--workspace", "0.6,-0.3,0.75,0.3"], "--workspace says where the object stands"),
        (["--table-height", "0.2"], "is --table-height right"),
        (["--frames", "1"], "--frames is 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(good, tmp_path, capsys, arguments, sentence):
    assert scan.main(["--from", str(good), "--to", str(tmp_path / "scan"), *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "scan").exists()


def test_without_transforms_there_is_no_scan(tmp_path, capsys):
    bag = record(tmp_path / "bag", rate=0.5, transforms=False)
    assert scan.main(["--from", str(bag), "--to", str(tmp_path / "scan")]) == 2
    assert "has no transforms: record /tf and /tf_static" in capsys.readouterr().err


def test_a_file_that_is_no_bag_is_one_sentence(tmp_path, capsys):
    (tmp_path / "broken.mcap").write_bytes(b"no bag" * 100)
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: {}\n")
    assert scan.main(["--from", str(tmp_path), "--to", str(tmp_path / "scan")]) == 2
    assert "cannot be read as a ROS 2 bag" in capsys.readouterr().err
