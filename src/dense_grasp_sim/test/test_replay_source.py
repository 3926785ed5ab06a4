import json

import cv2
import numpy as np
import pytest
from dense_grasp_sim.devices.replay_source import (
    MOTORCYCLE_BASELINE_M,
    MOTORCYCLE_FOCAL_PX,
    ReplayError,
    disparity_to_depth_mm,
    load_folder,
    load_motorcycle,
    motorcycle_recording,
    warp_to_right,
)


@pytest.fixture(scope="module")
def pair():
    return load_motorcycle()


@pytest.fixture
def folder(tmp_path):
    """Two frames of 8x6 px."""
    for name in ("color", "depth"):
        (tmp_path / name).mkdir()
    for index in range(2):
        colour = np.full((6, 8, 3), (10 * index, 20, 30), np.uint8)
        cv2.imwrite(str(tmp_path / "color" / f"{index:03d}.png"), colour[..., ::-1])
        cv2.imwrite(str(tmp_path / "depth" / f"{index:03d}.png"), np.full((6, 8), 500 + index, np.uint16))
    values = {"width": 8, "height": 6, "fx": 10.0, "fy": 11.0, "cx": 3.5, "cy": 2.5}
    (tmp_path / "intrinsics.json").write_text(json.dumps(values))
    return tmp_path


def test_disparity_leads_from_left_to_right(pair):
    rows, columns = np.nonzero(np.isfinite(pair.disparity))
    targets = np.rint(columns - pair.disparity[rows, columns]).astype(int)
    inside = targets >= 0
    left = pair.left[rows[inside], columns[inside]].mean(axis=1)
    right = pair.right[rows[inside], targets[inside]].mean(axis=1)
    assert np.corrcoef(left, right)[0, 1] > 0.9


def test_depth_and_calibration_agree_between_the_two_sides(pair):
    """A left pixel and its partner, each deprojected by its own camera, are one baseline apart."""
    left, right = (motorcycle_recording(side, pair) for side in ("left", "right"))
    u, v = 300, 250
    disparity = float(pair.disparity[v, u])
    z = left.frames[0].depth_mm[v, u] / 1000.0
    point_left = left.camera.deproject([[u, v]], [z])[0]
    point_right = right.camera.deproject([[u - disparity, v]], [z])[0]
    np.testing.assert_allclose(point_left - point_right, [MOTORCYCLE_BASELINE_M, 0.0, 0.0], atol=2e-3)
    assert 1.0 < z < 6.0


def test_unknown_disparity_is_no_depth():
    depth = disparity_to_depth_mm(np.array([[np.nan, 50.0, np.inf, -40.0]], np.float32))
    assert depth[0, 0] == 0 and depth[0, 3] == 0
    assert depth[0, 1] == round(MOTORCYCLE_FOCAL_PX * MOTORCYCLE_BASELINE_M * 1e3 / (50.0 + 31.086))


def test_nearer_surface_covers_the_other_in_the_right_image():
    disparity = np.full((1, 10), np.nan, np.float32)
    disparity[0, 5], disparity[0, 8] = 2.0, 5.0
    right = warp_to_right(disparity)
    assert right[0, 3] == 5.0
    assert np.isfinite(right).sum() == 1


def test_folder_in_order_of_names(folder):
    recording = load_folder(folder)
    assert [int(frame.depth_mm[0, 0]) for frame in recording.frames] == [500, 501]
    np.testing.assert_array_equal(recording.frames[1].rgb[0, 0], [10, 20, 30])
    assert (recording.camera.fx, recording.camera.width) == (10.0, 8)


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda folder: (folder / "intrinsics.json").unlink(), "intrinsics.json"),
        (lambda folder: (folder / "intrinsics.json").write_text('{"width": 8}'), "height"),
        (lambda folder: (folder / "depth" / "001.png").unlink(), "001.png"),
        (lambda folder: cv2.imwrite(str(folder / "depth" / "000.png"), np.zeros((6, 8), np.uint8)), "uint16"),
        (lambda folder: cv2.imwrite(str(folder / "color" / "000.png"), np.zeros((3, 8, 3), np.uint8)), "8x3"),
        (lambda folder: [path.unlink() for path in (folder / "color").iterdir()], "at least one"),
    ],
)
def test_damaged_folder_is_named(folder, damage, text):
    damage(folder)
    with pytest.raises(ReplayError, match=text):
        load_folder(folder)


def test_other_side():
    with pytest.raises(ReplayError, match=r"'middle'.*left, right"):
        motorcycle_recording("middle")
