"""Which pictures of a recording are taken, and where the camera was; tests/test_scan_of_bag.py reads whole bags."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rosbags")
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_train.scanning.bag_source import base_frame, nearest_stamps, still_and_apart
from dense_grasp_train.scanning.bag_transforms import LONGEST_GAP, Transforms
from scipy.spatial.transform import Rotation

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND


def pose(x: float = 0.0, turn: float = 0.0) -> np.ndarray:
    made = np.eye(4)
    made[:3, :3] = Rotation.from_rotvec([0.0, 0.0, turn]).as_matrix()
    made[0, 3] = x
    return made


def moving(seconds, xs, turns=None) -> dict[int, np.ndarray]:
    turns = turns or [0.0] * len(seconds)
    return {BEGIN + round(s * SECOND): pose(x, t) for s, x, t in zip(seconds, xs, turns, strict=True)}


def test_a_moving_frame_is_between_its_transforms_and_turns_evenly():
    found = Transforms({("hand", "base"): moving([0.0, 0.2], [0.0, 0.0], [0.0, 0.4])}, {("camera", "hand"): pose(0.05)})
    assert found.chain("camera") == ["camera", "hand", "base"]
    np.testing.assert_allclose(found.at("camera", "base", BEGIN), pose(0.05), atol=1e-9)
    half = found.at("camera", "base", BEGIN + SECOND // 10)
    np.testing.assert_allclose(half, pose(0.0, 0.2) @ pose(0.05), atol=1e-6)
    np.testing.assert_allclose(found.at("camera", "hand", BEGIN), pose(0.05), atol=1e-9)


def test_where_transforms_stop_the_place_is_unknown():
    gap = LONGEST_GAP + 0.01
    found = Transforms({("camera", "base"): moving([0.0, 0.1, 0.1 + gap, 0.2 + gap], [0.0, 0.1, 0.2, 0.3])}, {})
    assert found.at("camera", "base", BEGIN - 1) is None
    assert found.at("camera", "base", BEGIN + round(0.15 * SECOND)) is None, "within the gap"
    assert found.at("camera", "base", BEGIN + round((0.15 + gap) * SECOND)) is not None
    assert found.at("camera", "base", BEGIN + round((0.2 + gap) * SECOND)) is not None
    assert found.at("camera", "base", BEGIN + round((0.2 + gap) * SECOND) + 1) is None


def test_the_base_is_that_of_the_robot_unless_another_is_named():
    fixed = {("camera", "hand"): pose(), ("hand", "fr3_link0"): pose(), ("fr3_link0", "world"): pose()}
    assert base_frame(Transforms({}, fixed), "camera", "") == "fr3_link0"
    assert base_frame(Transforms({}, fixed), "camera", "world") == "world"
    del fixed["fr3_link0", "world"], fixed["hand", "fr3_link0"]
    assert base_frame(Transforms({}, fixed), "camera", "") == "hand"
    with pytest.raises(ScanError, match="expected a frame above camera: hand"):
        base_frame(Transforms({}, fixed), "camera", "map")
    with pytest.raises(ScanError, match=r"do not reach optical.*camera, hand"):
        base_frame(Transforms({}, fixed), "optical", "")


def test_of_near_pictures_the_slowest_is_taken_and_of_many_the_farthest_apart():
    poses = np.array([pose(x) for x in (0.0, 0.01, 0.02, 0.2, 0.3, 0.31)])
    speeds = np.array([0.05, 0.0, 0.02, 0.01, 0.09, 0.2])
    assert still_and_apart(poses, speeds, 10) == [1, 3, 4]
    assert still_and_apart(poses, speeds, 2) == [1, 4]
    turned = np.array([pose(0.0, turn) for turn in (0.0, 0.05, 0.2)])
    assert still_and_apart(turned, np.zeros(3), 10) == [0, 2]
    with pytest.raises(ScanError, match=r"slower than 0\.10 m/s at 0 places.*slowest was 0\.20 m/s"):
        still_and_apart(poses, np.full(6, 0.2), 10)


def test_depth_of_about_the_same_stamp_is_a_partner():
    assert nearest_stamps([100, 200, 300], [101, 199, 290], 2) == {100: 101, 200: 199}
    assert nearest_stamps([100, 200], [100], 0) == {100: 100}
    assert nearest_stamps([100], [], 5) == {}
