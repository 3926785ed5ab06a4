"""A scan is read as it lies on disk, whatever a camera, a copy or an archive made of its names."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from dense_grasp_core.object_model.scan import ScanError, read_scan, read_views

SHAPE = (60, 80)


@pytest.fixture
def folder(tmp_path):
    """Two pictures of a patch 0.5 and 0.6 m away."""
    root = tmp_path / "scan" / "mug"
    for kind in ("rgb", "depth", "mask"):
        (root / kind).mkdir(parents=True)
    mask = np.zeros(SHAPE, np.uint8)
    mask[10:50, 20:60] = 255
    poses = {}
    for index in range(2):
        colour = np.full((*SHAPE, 3), (10 * index, 100, 200), np.uint8)
        cv2.imwrite(str(root / "rgb" / f"{index}.png"), colour)
        cv2.imwrite(str(root / "mask" / f"{index}.png"), mask)
        cv2.imwrite(str(root / "depth" / f"{index}.png"), np.full(SHAPE, 5000 + 1000 * index, np.uint16))
        pose = np.eye(4)
        pose[2, 3] = 0.5 + 0.1 * index
        poses[str(index)] = pose.tolist()
    (root / "poses.json").write_text(json.dumps(poses))
    camera = {"fx": 70.0, "fy": 70.0, "cx": 39.5, "cy": 29.5, "depth_scale": 0.1}
    (root.parent / "camera.json").write_text(json.dumps(camera))
    return root


def test_views_carry_points_into_the_frame_of_the_object(folder):
    first, second = read_scan(folder)
    assert (first.name, second.name) == ("0", "1") and tuple(second.rgb[0, 0]) == (200, 100, 10)
    assert first.camera.width == 80 and second.depth[20, 30] == pytest.approx(0.6)
    pixels = first.surface_pixels()
    assert len(pixels) == 1600
    assert np.abs(first.points(pixels)[:, 2]).max() < 1e-9 and np.abs(second.points(pixels)[:, 2]).max() < 1e-9


def test_names_that_other_systems_write_are_read(folder):
    (folder / "rgb" / "0.png").rename(folder / "rgb" / "0.PNG")
    (folder / "rgb" / "._0.png").write_bytes(b"\x00\x05\x16\x07 a resource fork")
    real = folder.parent / "elsewhere.png"
    (folder / "rgb" / "1.png").rename(real)
    (folder / "rgb" / "1.png").write_text("../../elsewhere.png\n")
    (folder / "poses.json").write_bytes(b"\xef\xbb\xbf" + (folder / "poses.json").read_bytes())
    first, second = read_scan(folder)
    assert tuple(first.rgb[0, 0]) == (200, 100, 0) and tuple(second.rgb[0, 0]) == (200, 100, 10)


def test_a_folder_without_poses_is_no_scan_but_can_be_read(folder):
    (folder / "poses.json").unlink()
    with pytest.raises(ScanError, match=r"has no poses\.json"):
        read_scan(folder)
    view = read_views(folder)[0]
    assert view.camera_from_object is None
    with pytest.raises(ScanError, match="picture 0 has no pose"):
        view.points(view.surface_pixels())


def test_a_camera_of_another_picture_size_is_refused_with_what_would_fit(folder):
    path = folder.parent / "camera.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"width": 160, "height": 120}))
    with pytest.raises(ScanError, match=r"80x60 px and its camera\.json is for 160x120.*by 0\.5"):
        read_scan(folder)
