import threading

import numpy as np
import pytest
from dense_grasp.perception.frames import CameraFrame, FrameSync, features_from_message
from dense_grasp_ros.images import MessageError, byte_array
from dense_grasp_ros.local_graph import PATIENCE
from sensor_msgs.msg import Image

from dense_grasp_interfaces.msg import DescriptorImage


def descriptors(stamp: int = 1, features: np.ndarray | None = None) -> DescriptorImage:
    features = np.zeros((2, 3, 4), "<f2") if features is None else features
    message = DescriptorImage(dtype="float16", stride=8.0, model_id="m")
    message.height, message.width, message.channels = features.shape
    message.data = byte_array(features.astype("<f2"))
    message.header.stamp.nanosec = stamp
    message.camera_info.header = message.header
    message.camera_info.width, message.camera_info.height = 24, 16
    message.camera_info.k = [20.0, 0.0, 12.0, 0.0, 20.0, 8.0, 0.0, 0.0, 1.0]
    return message


def depth(stamp: int = 1, height: int = 16) -> Image:
    message = Image(width=24, height=height, encoding="16UC1", step=48, data=bytes(48 * height))
    message.header.stamp.nanosec = stamp
    return message


def test_features_are_read_back_exactly():
    features = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("<f2")
    np.testing.assert_array_equal(features_from_message(descriptors(features=features)), features.astype(np.float32))


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("dtype", "float32", "float32"),
        ("height", 5, "48 bytes"),
        ("channels", 0, "at least"),
        ("stride", 0.0, "0.0"),
    ],
)
def test_unusable_descriptor_images_are_refused(field, value, text):
    message = descriptors()
    setattr(message, field, value)
    with pytest.raises(MessageError, match=text):
        features_from_message(message)


def test_frame_decodes_its_parts():
    frame = CameraFrame(descriptors(), depth(), None)
    assert frame.grid.image_size == (16, 24)
    assert frame.camera.fx == 20.0
    assert np.isnan(frame.depth).all()
    assert frame.rgb is None


def test_depth_of_another_size_is_refused():
    with pytest.raises(MessageError, match=r"24x8.*24x16"):
        _ = CameraFrame(descriptors(), depth(height=8), None).depth


@pytest.mark.parametrize("depth_first", [True, False])
def test_either_order_completes_a_frame(depth_first):
    sync = FrameSync(4)
    if depth_first:
        assert sync.put_depth(depth(5)) is None
        frame = sync.put_descriptors(descriptors(5))
    else:
        assert sync.put_descriptors(descriptors(5)) is None
        frame = sync.put_depth(depth(5))
    assert frame is sync.newest
    assert frame.stamp == 5


@pytest.mark.parametrize("colour_last", [True, False])
def test_a_frame_keeps_its_colour_image_whenever_that_comes(colour_last):
    sync = FrameSync(4)
    colour = Image(width=24, height=16, encoding="rgb8", step=72, data=bytes([7]) * (72 * 16))
    colour.header.stamp.nanosec = 5
    if not colour_last:
        sync.put_colour(colour)
    sync.put_depth(depth(5))
    frame = sync.put_descriptors(descriptors(5))
    assert frame.has_colour != colour_last
    waiting = threading.Thread(target=lambda: frames.append(sync.wait(lambda f: f.has_colour, PATIENCE)))
    frames: list[CameraFrame | None] = []
    waiting.start()
    if colour_last:
        assert frame.rgb is None  # asked too early
        sync.put_colour(colour)
    waiting.join(PATIENCE)
    assert frames == [frame] and (frame.rgb == 7).all()


def test_different_stamps_never_meet_and_the_reason_says_so():
    sync = FrameSync(4)
    assert "no descriptor image" in sync.why_empty()
    sync.put_descriptors(descriptors(5))
    assert "no depth image" in sync.why_empty()
    sync.put_depth(depth(6))
    assert sync.newest is None
    assert "never meet" in sync.why_empty() and "5" in sync.why_empty() and "6" in sync.why_empty()


@pytest.mark.parametrize("depth_first", [True, False])
def test_stamps_within_the_tolerance_meet_the_nearest_first(depth_first):
    sync = FrameSync(4, tolerance=3)
    if not depth_first:
        sync.put_descriptors(descriptors(5))
    for stamp in (9, 7, 2):
        assert (sync.put_depth(depth(stamp)) is not None) == (not depth_first and stamp != 9)
    frame = sync.put_descriptors(descriptors(5)) if depth_first else sync.newest
    assert frame.stamp == 5
    assert np.isnan(frame.depth).all()  # decoded, though its stamp is another


def test_stamps_beyond_the_tolerance_do_not_meet():
    sync = FrameSync(4, tolerance=3_000_000)
    sync.put_descriptors(descriptors(5))
    assert sync.put_depth(depth(4_000_005)) is None
    assert "expected stamps within 3 ms" in sync.why_empty()


def test_colour_of_the_same_stamp_comes_along():
    sync = FrameSync(4)
    colour = Image(width=24, height=16, encoding="rgb8", step=72, data=bytes(72 * 16))
    colour.header.stamp.nanosec = 5
    sync.put_colour(colour)
    sync.put_depth(depth(5))
    assert sync.put_descriptors(descriptors(5)).rgb.shape == (16, 24, 3)


def test_wait_returns_at_once_when_a_good_frame_arrives():
    sync = FrameSync(4)
    sync.put_depth(depth(5))
    sync.put_depth(depth(9))
    sync.put_descriptors(descriptors(5))
    timer = threading.Timer(0.05, lambda: sync.put_descriptors(descriptors(9)))
    timer.start()
    frame = sync.wait(lambda candidate: candidate.stamp >= 9, timeout=PATIENCE)
    timer.join()
    assert frame is not None and frame.stamp == 9
    assert sync.wait(lambda candidate: candidate.stamp >= 10, timeout=0.01) is None


def test_reset_forgets_everything():
    sync = FrameSync(4)
    sync.put_depth(depth(5))
    sync.put_descriptors(descriptors(5))
    sync.reset()
    assert sync.newest is None
    assert sync.put_descriptors(descriptors(5)) is None


@pytest.mark.parametrize("waited_s", [0.0, 0.4])
def test_how_far_a_stamp_was_ahead_counts_from_when_the_image_came(waited_s):
    """An idle node leaves images in the middleware: one that came with a stamp of 0.6 s ahead is no good one later."""
    arrival = 10 * 10**9
    sync = FrameSync(4, lambda: arrival + round(waited_s * 1e9))
    stamp = arrival + 600_000_000
    sync.put_depth(depth(stamp), waited_s)
    sync.put_descriptors(descriptors(stamp))
    assert sync.newest.ahead == 600_000_000
