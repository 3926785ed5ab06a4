"""Every code of KeypointMatch that a frame can give, as the message that is sent."""

import math
from dataclasses import replace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from dense_grasp.perception.frames import CameraFrame
from dense_grasp.perception.matches import by_the_frame, failed_match, locate_rows, matrix_from_transform
from dense_grasp_core.geometry import se3
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.locate import Limits, WorkspaceBox
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import Row
from dense_grasp_ros.images import MessageError, byte_array, image_message
from geometry_msgs.msg import Transform
from std_msgs.msg import Header

from dense_grasp_interfaces.msg import DescriptorImage

BASE_FROM_CAMERA = se3.look_at([0.5, 0.0, 0.6], [0.5, 0.0, 0.0], [1.0, 0.0, 0.0])
LIMITS = Limits(temperature=-1.0, found_threshold=0.5, workspace=WorkspaceBox((0.2, -0.4, -0.1), (0.8, 0.4, 0.4)))


def frame(depth_mm: np.ndarray | None = None, encoding: str = "16UC1") -> CameraFrame:
    """64x48 px at stride 8, every cell its own unit vector, a plane at 0.6 m."""
    features = np.eye(48, dtype=np.float32).reshape(6, 8, 48)
    message = DescriptorImage(dtype="float16", stride=8.0, model_id="m", height=6, width=8, channels=48)
    message.data = byte_array(features.astype("<f2"))
    message.header = Header(frame_id="optical")
    message.header.stamp.sec = 12
    message.camera_info.header = message.header
    message.camera_info.width, message.camera_info.height = 64, 48
    message.camera_info.k = [60.0, 0.0, 31.5, 0.0, 60.0, 23.5, 0.0, 0.0, 1.0]
    plane = np.full((48, 64), 600, np.uint16) if depth_mm is None else depth_mm
    return CameraFrame(message, image_message(plane, encoding, message.header), None)


def row(cell: int = 20, model_id: str = "m", dimension: int = 48) -> Row:
    descriptor = np.zeros(dimension, np.float32)
    descriptor[cell] = 1.0
    return Row(1, "cap", "contact", descriptor, model_id, 0.0, 0.0, 0.0, b"")


def one(frame_, row_, limits=LIMITS, base_from_camera=BASE_FROM_CAMERA, no_transform=""):
    (message,) = locate_rows(frame_, [row_], by_the_frame(frame_, limits), "base", base_from_camera, no_transform)
    return message


def test_found_point_is_where_the_geometry_says():
    message = one(frame(), row(20))
    assert message.code == MatchCode.OK
    u, v = (20 % 8 + 0.5) * 8 - 0.5, (20 // 8 + 0.5) * 8 - 0.5
    assert math.hypot(message.u - u, message.v - v) < 1.0
    expected = np.array([(message.u - 31.5) / 60.0 * 0.6, (message.v - 23.5) / 60.0 * 0.6, 0.6])
    camera, base = message.position_camera, message.position
    np.testing.assert_allclose([camera.x, camera.y, camera.z], expected, atol=1e-6)
    np.testing.assert_allclose([base.x, base.y, base.z], se3.transform(BASE_FROM_CAMERA, expected), atol=1e-6)
    assert (message.header.frame_id, message.camera_frame, message.header.stamp.sec) == ("base", "optical", 12)
    assert message.model_id == "m" and message.score > 0.8


def test_low_score_has_its_best_pixel_but_no_position():
    nowhere = Row(1, "cap", "contact", -np.ones(48, np.float32), "m", 0.0, 0.0, 0.0, b"")
    message = one(frame(), nowhere)
    assert message.code == MatchCode.LOW_SCORE
    assert message.score < 0.5
    assert math.isfinite(message.u) and math.isnan(message.position.x)


def test_without_a_threshold_every_row_has_its_best_pixel():
    nowhere = Row(1, "cap", "contact", np.full(48, -0.05, np.float32), "m", 0.0, 0.0, 0.0, b"")
    message = one(frame(), nowhere, Limits(temperature=-1.0, found_threshold=0.0, ambiguity_ratio=1.0))
    assert message.code == MatchCode.OK
    assert math.isfinite(message.u) and math.isfinite(message.v)


def test_ambiguous():
    twice = Row(1, "cap", "contact", (np.eye(48)[0] + np.eye(48)[47]).astype(np.float32) / 2, "m", 0.0, 0.0, 0.0, b"")
    message = one(frame(), twice, Limits(temperature=0.0, found_threshold=0.1, suppression_px=16.0))
    assert message.code == MatchCode.AMBIGUOUS


@pytest.mark.parametrize("other", [row(model_id="x"), row(dimension=32)])
def test_descriptor_of_another_model(other):
    assert one(frame(), other).code == MatchCode.MODEL_MISMATCH


def test_all_zero_depth():
    message = one(frame(np.zeros((48, 64), np.uint16)), row())
    assert message.code == MatchCode.NO_DEPTH
    assert math.isnan(message.depth)


def test_nan_depth():
    assert one(frame(np.full((48, 64), np.nan, np.float32), "32FC1"), row()).code == MatchCode.NO_DEPTH


def test_depth_in_an_unknown_encoding_names_it():
    message = one(frame(np.zeros((48, 64), np.uint8), "mono8"), row())
    assert message.code == MatchCode.NO_DEPTH
    assert "mono8" in message.message


def test_depth_of_another_size_names_it():
    message = one(frame(np.full((24, 32), 600, np.uint16)), row())
    assert message.code == MatchCode.NO_DEPTH
    assert "32x24" in message.message


def test_no_transform_gives_the_reason_and_the_point_in_the_camera():
    message = one(frame(), row(), base_from_camera=None, no_transform="frame base does not exist")
    assert message.code == MatchCode.NO_TF
    assert message.message == "frame base does not exist"
    assert math.isfinite(message.position_camera.z) and math.isnan(message.position.z)


def test_out_of_workspace():
    low = BASE_FROM_CAMERA.copy()
    low[2, 3] -= 1.0
    assert one(frame(), row(), base_from_camera=low).code == MatchCode.OUT_OF_WORKSPACE


def test_undecodable_descriptors_are_no_frame():
    broken = frame()
    broken._descriptors.dtype = "float64"
    message = one(broken, row())
    assert message.code == MatchCode.NO_FRAME
    assert "float64" in message.message


def test_failed_match_holds_nothing_but_the_reason():
    message = failed_match("cap", "contact", MatchCode.STALE, "too old", "base")
    assert (message.code, message.message, message.header.frame_id) == (MatchCode.STALE, "too old", "base")
    assert math.isnan(message.u) and math.isnan(message.position.x) and math.isnan(message.depth)


def test_transform_message():
    transform = Transform()
    transform.translation.x = 1.0
    transform.rotation.z = transform.rotation.w = math.sqrt(0.5)
    np.testing.assert_allclose(
        se3.transform(matrix_from_transform(transform), [1.0, 0.0, 0.0]), [1.0, 1.0, 0.0], atol=1e-9
    )


@pytest.mark.parametrize(
    ("taught", "words"),
    [
        (None, ""),
        (CameraModel(64, 48, 61.0, 61.0, 31.5, 23.5), ""),
        (CameraModel(32, 24, 30.0, 30.0, 15.5, 11.5), "taught at 32x24 px, fx 30; this image is 64x48 px, fx 60"),
        (CameraModel(64, 48, 80.0, 80.0, 31.5, 23.5), "taught at 64x48 px, fx 80; this image is 64x48 px, fx 60"),
    ],
)
def test_another_camera_than_the_one_it_was_taught_with_is_named(taught, words):
    for given in (row(), row(model_id="other")):
        message = one(frame(), replace(given, camera=taught))
        assert ("taught at" in message.message) == bool(words) and words in message.message


@pytest.mark.parametrize("field", ["frame_id", "stamp"])
def test_a_stray_camera_info_is_no_frame(field):
    stray = frame()
    stray.info.header = Header(frame_id="optical", stamp=Time(sec=12))
    setattr(stray.info.header, field, "infra1" if field == "frame_id" else Time(sec=11))
    message = one(stray, row())
    assert message.code == MatchCode.NO_FRAME
    assert ("infra1" if field == "frame_id" else "11000000000") in message.message


def test_depth_of_another_frame_is_no_depth():
    stray = frame()
    stray._depth.header = Header(frame_id="depth_optical", stamp=stray.header.stamp)
    message = one(stray, row())
    assert message.code == MatchCode.NO_DEPTH and "'depth_optical', expected 'optical'" in message.message


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e300])
def test_a_transform_that_is_no_rigid_motion_is_refused(value):
    for part, field in (("translation", "y"), ("rotation", "w")):
        transform = Transform()
        setattr(getattr(transform, part), field, value)
        if (part, value) == ("translation", 1e300):
            continue  # far away, and so outside of the workspace
        with pytest.raises(MessageError, match="expected finite numbers and a unit quaternion"):
            matrix_from_transform(transform)
