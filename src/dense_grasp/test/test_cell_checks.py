"""The table of check_cell: every mistake gets its line."""

from __future__ import annotations

import numpy as np
import pytest
from dense_grasp.cell.checks import Check, Stream, check_camera, check_hand_eye, check_joints, rate_of, table
from dense_grasp.cell.observer import CellObserver
from dense_grasp.nodes.check_cell import with_config
from dense_grasp_core.cameras.record import camera_record
from dense_grasp_core.geometry.se3 import from_quaternion, inverse
from sensor_msgs.msg import CameraInfo, Image

MS = 1_000_000


def image(encoding="rgb8", width=640, height=480, frame="optical") -> Image:
    message = Image(encoding=encoding, width=width, height=height)
    message.header.frame_id = frame
    return message


def info() -> CameraInfo:
    k = [600.0, 0.0, 320.0, 0.0, 600.0, 240.0, 0.0, 0.0, 1.0]
    return CameraInfo(width=640, height=480, k=k, d=[0.0] * 5, distortion_model="plumb_bob")


def stream(message, stamps=range(0, 400 * MS, 100 * MS)) -> Stream:
    made = Stream("/topic")
    for stamp in stamps:
        made.add(stamp, message)
    return made


def by_name(checks) -> dict[str, Check]:
    return {check.name: check for check in checks}


def camera(**changes) -> dict[str, Check]:
    streams = {"colour": stream(image()), "depth": stream(image("16UC1")), "info": stream(info())}
    return by_name(check_camera(*{**streams, **changes}.values(), camera_record("realsense")))


@pytest.mark.parametrize(
    ("make", "align", "sync"),
    [
        ("realsense", "align_depth.enable:=true", "enable_sync:=true"),
        ("orbbec_gemini_330", "depth_registration:=true", "enable_frame_sync:=true"),
    ],
)
def test_remedies_are_the_makes_own(make, align, sync):
    record = camera_record(make)
    apart = stream(image("16UC1"), range(50 * MS, 450 * MS, 100 * MS))
    found = by_name(check_camera(stream(image()), apart, stream(info()), record))
    assert found["equal stamps"].remedy == f"start {record.package} with {sync}"
    small = by_name(check_camera(stream(image()), stream(image("16UC1", 320, 240)), stream(info()), record))
    assert align in small["depth aligned"].remedy
    silent = by_name(check_camera(stream(image()), Stream("/d"), stream(info()), record))["aligned depth"]
    assert f"start {record.package} with {align} {sync}" in silent.remedy and make in silent.remedy


def test_a_good_camera():
    checks = camera()
    assert list(checks) == ["colour image", "aligned depth", "camera_info", "depth aligned", "equal stamps"]
    assert all(check.ok for check in checks.values())
    assert "10.0 Hz" in checks["colour image"].seen


@pytest.mark.parametrize(
    ("changes", "failing", "words"),
    [
        ({"colour": Stream("/colour")}, "colour image", "nothing on /colour"),
        ({"colour": stream(image("nv21"))}, "colour image", "nv21"),
        ({"depth": stream(image("8UC1"))}, "aligned depth", "8UC1"),
        ({"info": Stream("/info")}, "camera_info", "nothing on /info"),
        ({"info": stream(CameraInfo(width=640, height=480))}, "camera_info", ""),
        ({"depth": stream(image("16UC1", width=848))}, "depth aligned", "848x480"),
        ({"depth": stream(image("16UC1", frame="depth_optical"))}, "depth aligned", "depth_optical"),
        ({"depth": stream(image("16UC1"), range(5, 400 * MS, 100 * MS))}, "equal stamps", "0 of 4"),
    ],
)
def test_each_mistake_of_the_camera_has_its_line(changes, failing, words):
    check = camera(**changes)[failing]
    assert not check.ok
    assert words in check.seen
    assert check.remedy


def test_stamps_that_are_a_little_apart_need_a_tolerance():
    depth = stream(image("16UC1"), range(2 * MS, 400 * MS, 100 * MS))
    check = camera(depth=depth)["equal stamps"]
    assert not check.ok and "2 ms away" in check.remedy and "sync_tolerance" in check.remedy
    streams = stream(image()), depth, stream(info())
    assert by_name(check_camera(*streams, camera_record("realsense"), 3 * MS))["equal stamps"].seen.startswith("4 of 4")


def test_rate():
    assert rate_of([0, 500 * MS, 1000 * MS]) == pytest.approx(2.0)
    assert rate_of([5]) == rate_of([7, 7]) == 0.0


def test_joints():
    joints = Stream("/joint_states", [0, 10 * MS])
    assert check_joints(joints, {"a1", "a2", "f1"}, ("a1", "a2"), ("f1",)).ok
    missing = check_joints(joints, {"a1", "a2"}, ("a1", "a2"), ("f1",))
    assert not missing.ok
    assert "no f1" in missing.seen
    assert not check_joints(joints, set(), ("a1",), ()).ok


def test_an_inverted_hand_eye_transform_is_suspected():
    good = from_quaternion([0.0, 0.0, 0.7071068, 0.7071068], [0.065, -0.03, 0.035])
    assert check_hand_eye(good).ok
    far = good.copy()
    far[:3, 3] *= 10
    assert not check_hand_eye(far).ok
    tilted = from_quaternion([0.0, 0.7071068, 0.0, 0.7071068], [0.1, 0.0, 0.0])
    assert not check_hand_eye(tilted).ok
    assert not check_hand_eye(inverse(tilted)).ok


def test_the_table_names_remedies_of_failures_only():
    text = table([Check("a", True, "fine", "nothing"), Check("long name", False, "broken", "mend it")])
    assert text.splitlines() == [
        "OK    a          fine",
        "FAIL  long name  broken",
        "                 -> mend it",
    ]


def test_an_empty_cell_fails_every_check_but_ends(graph, tmp_path):
    node = graph.start(CellObserver, model=str(tmp_path / "none.safetensors"), store=f"sqlite:///{tmp_path}/s.db")
    checks = by_name(node.checks())
    assert not any(checks[n].ok for n in ("colour image", "joint states", "robot description", "transforms"))
    assert not any(checks[n].ok for n in ("arm controller", "gripper", "model"))
    assert checks["descriptor store"].ok
    assert np.all([check.remedy for check in checks.values() if not check.ok])


def test_arguments_come_after_the_configuration_files():
    arguments = with_config(["--ros-args", "-p", "duration:=1.0"])
    assert arguments.index("--params-file") < arguments.index("duration:=1.0")
    assert sum(a.endswith("robot.yaml") for a in arguments) == 1
