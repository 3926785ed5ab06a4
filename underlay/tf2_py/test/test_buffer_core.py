"""The buffer against the documentation of tf2: http://docs.ros.org/en/jazzy/p/tf2/."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from tf2_py import (
    BufferCore,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)


def stamped(parent, child, seconds, xyz=(0.0, 0.0, 0.0), quaternion=(0.0, 0.0, 0.0, 1.0)):
    message = TransformStamped()
    message.header.frame_id, message.child_frame_id = parent, child
    message.header.stamp = Time(nanoseconds=round(seconds * 1e9)).to_msg()
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = map(float, xyz)
    r.x, r.y, r.z, r.w = map(float, quaternion)
    return message


def at(seconds):
    return Time(nanoseconds=round(seconds * 1e9))


def about_z(angle):
    return (0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2))


def xyz(message):
    t = message.transform.translation
    return [t.x, t.y, t.z]


def quaternion(message):
    r = message.transform.rotation
    return [r.x, r.y, r.z, r.w]


def matrix(message):
    x, y, z, w = quaternion(message)
    result = np.eye(4)
    result[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    result[:3, 3] = xyz(message)
    return result


@pytest.fixture
def moving():
    buffer = BufferCore()
    buffer.set_transform(stamped("base", "hand", 1.0, (0, 0, 0)), "test")
    buffer.set_transform(stamped("base", "hand", 2.0, (4, 2, 0), about_z(math.pi / 2)), "test")
    return buffer


def test_interpolates_between_stamps(moving):
    found = moving.lookup_transform_core("base", "hand", at(1.25))
    np.testing.assert_allclose(xyz(found), [1.0, 0.5, 0.0], atol=1e-12)
    np.testing.assert_allclose(quaternion(found), about_z(math.pi / 8), atol=1e-12)
    assert found.header.frame_id == "base" and found.child_frame_id == "hand"
    assert Time.from_msg(found.header.stamp).nanoseconds == 1_250_000_000


def test_interpolation_takes_the_shorter_arc():
    buffer = BufferCore()
    buffer.set_transform(stamped("a", "b", 1.0), "test")
    buffer.set_transform(stamped("a", "b", 2.0, (0, 0, 0), [-q for q in about_z(1.0)]), "test")
    found = np.array(quaternion(buffer.lookup_transform_core("a", "b", at(1.5))))
    np.testing.assert_allclose(np.abs(found @ about_z(0.5)), 1.0, atol=1e-12)


def test_latest_is_time_zero(moving):
    found = moving.lookup_transform_core("base", "hand", Time())
    assert xyz(found) == [4.0, 2.0, 0.0] and found.header.stamp.sec == 2


def test_future_is_refused(moving):
    with pytest.raises(ExtrapolationException, match="extrapolation into the future") as error:
        moving.lookup_transform_core("base", "hand", at(2.5))
    assert "Requested time 2.500000 but the latest data is at time 2.000000" in str(error.value)
    assert "when looking up transform from frame [hand] to frame [base]" in str(error.value)


def test_past_is_refused(moving):
    with pytest.raises(ExtrapolationException, match="into the past") as error:
        moving.lookup_transform_core("hand", "base", at(0.5))
    assert "Requested time 0.500000 but the earliest data is at time 1.000000" in str(error.value)
    assert "when looking up transform from frame [base] to frame [hand]" in str(error.value)


def test_one_sample_holds_only_at_its_time():
    buffer = BufferCore()
    buffer.set_transform(stamped("a", "b", 1.0, (1, 0, 0)), "test")
    assert xyz(buffer.lookup_transform_core("a", "b", at(1.0))) == [1.0, 0.0, 0.0]
    with pytest.raises(ExtrapolationException, match=r"but only time 1\.000000 is in the buffer"):
        buffer.lookup_transform_core("a", "b", at(1.1))


def test_static_holds_at_all_times(moving):
    moving.set_transform_static(stamped("hand", "camera", 0.0, (0, 0, 1)), "test")
    assert xyz(moving.lookup_transform_core("hand", "camera", at(99.0))) == [0.0, 0.0, 1.0]
    found = moving.lookup_transform_core("base", "camera", Time())
    assert xyz(found) == [4.0, 2.0, 1.0] and found.header.stamp.sec == 2


def test_unknown_frame_is_named(moving):
    with pytest.raises(LookupException, match='"tool" passed to lookupTransform argument source_frame'):
        moving.lookup_transform_core("base", "tool", Time())
    possible, reason = moving.can_transform_core("tool", "base", Time())
    assert not possible and "tool" in reason and "does not exist" in reason


def test_two_trees_are_not_connected(moving):
    moving.set_transform(stamped("map", "car", 1.0), "test")
    with pytest.raises(ConnectivityException, match="not part of the same tree"):
        moving.lookup_transform_core("base", "car", at(1.0))
    assert issubclass(ConnectivityException, TransformException)


def test_frame_names_are_checked(moving):
    for name in ("", "/base"):
        with pytest.raises(InvalidArgumentException):
            moving.lookup_transform_core(name, "hand", Time())


def test_a_frame_from_itself_is_the_identity(moving):
    found = moving.lookup_transform_core("anything", "anything", at(5.0))
    assert xyz(found) == [0.0, 0.0, 0.0] and quaternion(found) == [0.0, 0.0, 0.0, 1.0]
    assert found.header.stamp.sec == 5


def test_bad_transforms_are_ignored():
    buffer = BufferCore()
    buffer.set_transform(stamped("a", "b", 1.0, (math.nan, 0, 0)), "test")
    buffer.set_transform(stamped("a", "b", 1.0, (0, 0, 0), (0, 0, 0, 0)), "test")
    buffer.set_transform(stamped("a", "b", 1.0, (0, 0, 0), (0, 0, math.nan, 1)), "test")
    buffer.set_transform(stamped("a", "a", 1.0), "test")
    buffer.set_transform(stamped("", "b", 1.0), "test")
    assert not buffer.can_transform_core("a", "b", Time())[0]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((0.0, 0.0, 0.0, 0.5), (0.0, 0.0, 0.0, 1.0)),
        ((0.0, 0.0, 3.0, 4.0), (0.0, 0.0, 0.6, 0.8)),
        ((0.0, 0.0, -0.6, -0.8), (0.0, 0.0, 0.6, 0.8)),
        ((-0.8, 0.48, 0.0, 0.36), (0.8, -0.48, 0.0, -0.36)),
    ],
)
def test_rotations_are_kept_at_unit_length(given, kept):
    """The buffer keeps a rotation, not the numbers: it refuses none but what has no direction."""
    buffer = BufferCore()
    buffer.set_transform(stamped("a", "b", 1.0, (1, 2, 3), given), "test")
    found = buffer.lookup_transform_core("a", "b", at(1.0))
    np.testing.assert_allclose(quaternion(found), kept, atol=1e-12)
    assert xyz(found) == [1.0, 2.0, 3.0]


def test_history_is_limited():
    buffer = BufferCore(Duration(seconds=2.0))
    for second in range(1, 11):
        buffer.set_transform(stamped("a", "b", second, (second, 0, 0)), "test")
    assert buffer.can_transform_core("a", "b", at(8.5))[0]
    assert not buffer.can_transform_core("a", "b", at(6.0))[0]
    buffer.set_transform(stamped("a", "b", 3.0), "late")
    assert not buffer.can_transform_core("a", "b", at(3.0))[0]


def test_late_samples_are_sorted_in():
    buffer = BufferCore()
    for second in (1.0, 3.0, 2.0):
        buffer.set_transform(stamped("a", "b", second, (second**2, 0, 0)), "test")
    assert xyz(buffer.lookup_transform_core("a", "b", at(2.0)))[0] == 4.0
    assert xyz(buffer.lookup_transform_core("a", "b", at(2.5)))[0] == pytest.approx(6.5)


def test_latest_common_time():
    buffer = BufferCore()
    for second in (1.0, 2.0, 3.0):
        buffer.set_transform(stamped("base", "left", second), "test")
    for second in (1.0, 2.0):
        buffer.set_transform(stamped("base", "right", second), "test")
    assert buffer.get_latest_common_time("left", "right").nanoseconds == 2_000_000_000
    assert buffer.lookup_transform_core("left", "right", Time()).header.stamp.sec == 2


def test_fixed_frame_connects_two_times(moving):
    # Where was the hand's place of t=1 as seen from the hand at t=2?
    found = moving.lookup_transform_full_core("hand", at(2.0), "hand", at(1.0), "base")
    np.testing.assert_allclose(xyz(found), [-2.0, 4.0, 0.0], atol=1e-12)
    assert moving.can_transform_full_core("hand", at(2.0), "hand", at(1.0), "base")[0]
    assert not moving.can_transform_full_core("hand", at(9.0), "hand", at(1.0), "base")[0]


def test_chains_multiply_like_matrices():
    random = np.random.default_rng(7)
    buffer = BufferCore()
    parents = {"l1": "root", "l2": "l1", "l3": "l2", "r1": "root", "r2": "r1"}
    root_from = {"root": np.eye(4)}
    for child, parent in parents.items():
        q = random.normal(size=4)
        message = stamped(parent, child, 1.0, random.normal(size=3), q / np.linalg.norm(q))
        buffer.set_transform(message, "test")
        root_from[child] = root_from[parent] @ matrix(message)
    for target in root_from:
        for source in root_from:
            found = matrix(buffer.lookup_transform_core(target, source, at(1.0)))
            np.testing.assert_allclose(found, np.linalg.inv(root_from[target]) @ root_from[source], atol=1e-9)


def test_frames_are_told(moving):
    assert "Frame hand exists with parent base." in moving.all_frames_as_string()
    assert "hand" in moving.all_frames_as_yaml() and "parent: 'base'" in moving.all_frames_as_yaml()


def test_clear_forgets_what_moves_and_keeps_what_is_static(moving):
    moving.set_transform_static(stamped("hand", "camera", 0.0), "test")
    moving.clear()
    assert not moving.can_transform_core("base", "hand", Time())[0]
    assert moving.can_transform_core("hand", "camera", Time())[0]


def test_many_threads():
    buffer = BufferCore()
    buffer.set_transform(stamped("a", "b", 1.0), "test")
    failures = []

    def write(offset):
        for step in range(300):
            buffer.set_transform(stamped("a", "b", 1.0 + offset + step * 0.01, (1, 2, 3)), "test")

    def read():
        for _ in range(300):
            try:
                buffer.lookup_transform_core("b", "a", Time())
            except TransformException as error:
                failures.append(error)

    threads = [threading.Thread(target=write, args=(i * 0.001,)) for i in range(2)]
    threads += [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
