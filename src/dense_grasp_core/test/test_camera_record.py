"""Records of cameras: what they say, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from dense_grasp_core.cameras import record as module
from dense_grasp_core.cameras.record import CameraRecordError, camera_record, shipped_cameras

SHIPPED = Path(module.__file__).parent


@pytest.mark.parametrize("name", shipped_cameras())
def test_a_shipped_record_is_whole(name: str) -> None:
    camera, left = camera_record(name), camera_record(name, "left_")
    assert camera.name == name
    assert (left.link, left.optical_frame) == (f"left_{camera.link}", f"left_{camera.optical_frame}")
    topics = {camera.color_topic, camera.camera_info_topic, camera.depth_topic, camera.depth_info_topic}
    assert len(topics) == 4 and topics == {moved for _, moved in camera.moved_topics}


def test_realsenses_driver_takes_its_serial_number_as_a_text() -> None:
    camera = camera_record("realsense")
    assert camera.driver_arguments() == camera.launch_arguments
    for serial in ("0123", "_0123"):
        assert camera.driver_arguments(serial)["serial_no"] == "_0123"
    assert camera.driver_arguments(prefix="left_")["camera_name"] == "left_camera"


def test_orbbecs_serial_number_stays_as_it_is() -> None:
    assert camera_record("orbbec_gemini_330").driver_arguments("CP02")["serial_number"] == "CP02"


def changed(folder: Path, **changes: object) -> str:
    values = yaml.safe_load((SHIPPED / "realsense.yaml").read_text())
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump({**values, **changes}))
    return str(path)


def test_a_file_of_ones_own_may_be_like_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("like: realsense\nnearest: 0.07\n")
    mine = camera_record(str(tmp_path / "mine.yaml"))
    assert (mine.name, mine.nearest, mine.package) == ("mine", 0.07, "realsense2_camera")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shutter": 1}, r"mine\.yaml has unknown shutter, expected color_topic"),
        ({"lens_model": "pinhole"}, r"lens_model is 'pinhole', expected one of camera_info, realsense, rectified"),
        ({"color_encoding": "nv21"}, r"color_encoding is 'nv21', expected one of rgb8"),
        ({"depth_encoding": "mono8"}, r"depth_encoding is 'mono8', expected one of 16UC1"),
        ({"sync_tolerance": 1.0}, r"sync_tolerance is 1\.0, expected a number from 0 to 0\.015 s"),
        ({"nearest": 0.0}, r"nearest is 0\.0, expected a number above 0 m"),
        ({"color_topic": ""}, r"color_topic is empty"),
        ({"launch_arguments": {"enable_sync": True}}, r'enable_sync: True, expected texts: write enable_sync: "true"'),
        ({"link": "{arm}_link"}, r"a frame has a placeholder that is not \{prefix\}"),
        ({"moved_topics": [["a"]]}, r"moved_topics is \['a'\], expected 2 texts"),
    ],
)
def test_a_record_that_cannot_be_is_refused(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(CameraRecordError, match=message):
        camera_record(changed(tmp_path, **changes))


def test_a_camera_that_nobody_knows() -> None:
    with pytest.raises(
        CameraRecordError, match=r"camera is 'kinect', expected one of orbbec_gemini_330, realsense, or the path"
    ):
        camera_record("kinect")
