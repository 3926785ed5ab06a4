import numpy as np
import pytest
from builtin_interfaces.msg import Time
from dense_grasp.perception.messages import camera_from_info, check_belongs, stamp_ns
from dense_grasp_core.geometry.camera import CameraError
from dense_grasp_ros.images import MessageError, depth_from_message, image_message
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

RNG = np.random.default_rng(0)


def padded(pixels: np.ndarray, encoding: str, padding: int) -> Image:
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    rows = np.concatenate([rows, np.full((len(rows), padding), 7, np.uint8)], axis=1)
    return Image(
        height=pixels.shape[0], width=pixels.shape[1], encoding=encoding, step=rows.shape[1], data=rows.tobytes()
    )


def test_row_padding_is_skipped():
    depth = RNG.integers(1, 4000, (3, 4)).astype("<u2")
    np.testing.assert_allclose(depth_from_message(padded(depth, "16UC1", 6)), depth / 1000.0, rtol=1e-6)


def test_depth_in_millimetres_and_metres():
    raw = np.array([[0, 500], [1500, 65535]], np.uint16)
    depth = depth_from_message(image_message(raw, "16UC1", Header()))
    assert np.isnan(depth[0, 0])
    np.testing.assert_allclose(depth[[0, 1, 1], [1, 0, 1]], [0.5, 1.5, 65.535], rtol=1e-6)
    metres = np.array([[np.nan, 0.0, 0.7]], np.float32)
    depth = depth_from_message(image_message(metres, "32FC1", Header()))
    assert np.isnan(depth[0, :2]).all() and depth[0, 2] == np.float32(0.7)


def test_big_endian_depth():
    message = padded(np.array([[1000]], ">u2"), "16UC1", 0)
    message.is_bigendian = 1
    assert depth_from_message(message)[0, 0] == np.float32(1.0)


def test_other_depth_encodings_are_refused():
    with pytest.raises(MessageError, match=r"'mono8'.*16UC1, mono16, 32FC1"):
        depth_from_message(Image(height=1, width=1, encoding="mono8", step=1, data=b"1"))


def test_camera_info():
    info = CameraInfo(width=640, height=480, distortion_model="plumb_bob", d=[0.1, 0.0, 0.0, 0.0, 0.0])
    info.k = [600.0, 0.0, 320.0, 0.0, 610.0, 240.0, 0.0, 0.0, 1.0]
    camera = camera_from_info(info)
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (600.0, 610.0, 320.0, 240.0)
    assert camera.distortion[0] == pytest.approx(0.1)
    with pytest.raises(CameraError):
        camera_from_info(CameraInfo(width=640, height=480))


@pytest.fixture
def small():
    header = Header(frame_id="optical", stamp=Time(sec=3))
    info = CameraInfo(header=header, width=4, height=3, k=[10.0, 0.0, 1.5, 0.0, 10.0, 1.0, 0.0, 0.0, 1.0])
    return Image(header=Header(frame_id="optical", stamp=Time(sec=3)), width=4, height=3), info


def test_an_image_and_its_camera_info_belong_together(small):
    image, info = small
    check_belongs(image, info, camera_from_info(info))


@pytest.mark.parametrize(
    ("part", "field", "value", "text"),
    [
        ("", "width", 8, "8x3 px, expected 4x3"),
        ("header", "frame_id", "infra1", "'infra1', expected 'optical'"),
        ("header", "stamp", Time(sec=2), "2000000000 ns.* 3000000000 ns"),
    ],
)
def test_a_stray_image_is_refused(small, part, field, value, text):
    image, info = small
    setattr(getattr(image, part) if part else image, field, value)
    with pytest.raises(MessageError, match=text):
        check_belongs(image, info, camera_from_info(info))


def test_the_camera_is_that_of_the_part_that_was_read_out_and_binned():
    info = CameraInfo(width=8, height=6, binning_x=2, binning_y=3, k=[8.0, 0.0, 3.5, 0.0, 9.0, 2.5, 0.0, 0.0, 1.0])
    info.roi.x_offset, info.roi.width, info.roi.height = 2, 4, 6
    camera = camera_from_info(info)
    assert (camera.width, camera.height, camera.fx, camera.fy) == (2, 2, 4.0, 3.0)
    assert (camera.cx, camera.cy) == pytest.approx(((3.5 - 2 + 0.5) / 2 - 0.5, (2.5 + 0.5) / 3 - 0.5))


def test_an_image_that_is_too_large_is_refused():
    with pytest.raises(MessageError, match=r"7680x4320 px, expected at most 4 million"):
        camera_from_info(CameraInfo(width=7680, height=4320))


def test_stamp():
    header = Header()
    header.stamp.sec, header.stamp.nanosec = 3, 5
    assert stamp_ns(header.stamp) == 3_000_000_005
