"""A box is scanned, and found where it stands: pose, keypoints, and the bank of a clicked point."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.scores import match_score
from dense_grasp_core.object_model.pose import ObjectPose, PoseError, PoseFinder
from dense_grasp_core.object_model.pose_keypoints import posed_keypoints
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_core.result_codes import Visibility

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
CAMERA, HALF = scanned_box.CAMERA, scanned_box.HALF
describe, picture, pose_from, scan = (
    scanned_box.describe,
    scanned_box.picture,
    scanned_box.pose_from,
    scanned_box.scan,
)


@pytest.fixture(scope="module")
def bank():
    return build(scan(), describe)


@pytest.fixture(scope="module")
def finder(bank):
    return PoseFinder(bank, describe)


def angle_between(a, b):
    return np.degrees(np.arccos(np.clip((np.sum(a[:3, :3] * b[:3, :3]) - 1.0) / 2.0, -1.0, 1.0)))


def test_the_bank_knows_where_its_cells_lie(bank):
    assert np.abs(bank.centre).max() < 0.005 and bank.radius == pytest.approx(np.linalg.norm(HALF), rel=0.08)
    for cells in (bank.fine[3][0], bank.fine[3][5], bank.coarse[10][7]):
        off_surface = np.abs(np.abs(cells.points_object) / HALF - 1.0).min(1)
        assert len(cells.index) > 20 and off_surface.max() < 0.02


@pytest.mark.parametrize(
    "pose",
    [
        pose_from(44, 30, turn=25, aside=(0.25, -0.15)),
        pose_from(165, 25, distance=0.6, turn=-160),
        pose_from(290, 50, distance=0.3, turn=70, aside=(-0.1, 0.05)),
    ],
    ids=["aside", "small, upside down", "large"],
)
def test_the_box_is_found_at_any_turn_and_size(finder, pose):
    view = picture(pose, seed=99)
    found = finder(view.rgb, CAMERA)[0]
    assert angle_between(found.camera_from_object, pose) < 5.0
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * HALF
    there, expected = (CAMERA.project(corners @ p[:3, :3].T + p[:3, 3]) for p in (found.camera_from_object, pose))
    assert np.median(np.linalg.norm(there - expected, axis=1)) < 3.0
    assert found.supporting > 50 and found.share > 0.5


def test_a_picture_of_another_size_than_its_camera_is_refused(finder):
    with pytest.raises(PoseError, match="320x120 px, expected 320x240"):
        finder(np.zeros((120, 320, 3), np.uint8), CAMERA)


def test_keypoints_of_a_pose_are_visible_hidden_or_not_found(bank):
    pose = pose_from(0, 20)
    deviations = np.array([0.001, 0.001, 0.002, 0.01, 0.01, 0.01])
    supported = ObjectPose(pose, 0.9, 200, 0.8, 0.1, np.diag(deviations**2))

    def turned(point):
        """What an uncertain turn of 0.01 rad about every axis moves a point by."""
        arm = pose[:3, :3] @ point
        return 1e-4 * (arm @ arm * np.eye(3) - np.outer(arm, arm))

    front, back = [HALF[0], 0.01, 0.02], [-HALF[0], 0.01, 0.02]
    seen, hidden = posed_keypoints(bank, supported, CAMERA, [front, back])
    assert (seen.visibility, hidden.visibility) == (Visibility.VISIBLE, Visibility.HIDDEN)
    np.testing.assert_allclose(hidden.point_camera, pose[:3, :3] @ back + pose[:3, 3])
    np.testing.assert_allclose(seen.covariance, np.diag([1e-6, 1e-6, 4e-6]) + turned(front), rtol=1e-6)
    lost = posed_keypoints(bank, None, CAMERA, [front])[0]
    assert lost.visibility is Visibility.UNKNOWN and np.isnan(lost.point_camera).all()
    outside = ObjectPose(pose_from(0, 20, aside=(2.0, 0.0)), 0.9, 200, 0.8, 0.1)
    assert posed_keypoints(bank, outside, CAMERA, [front])[0].visibility is Visibility.UNKNOWN


def test_a_clicked_point_has_a_descriptor_of_each_view_that_sees_it(bank):
    point = np.array([HALF[0], 0.01, 0.02])
    descriptors = bank.keypoint(point)
    towards = -bank.virtual_from_object[:, 2, 0]  # cosine between the face's normal and the way to the camera
    assert (towards > 0.25).sum() <= len(descriptors) <= (towards > 0.0).sum()
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1.0, atol=1e-5)
    view = picture(pose_from(12, 25), seed=50)
    grid = DescriptorGrid.from_array(describe(view.rgb), 8, view.rgb.shape[:2])
    kernel = match_score("gaussian").image(grid, descriptors, 0.0)
    np.testing.assert_allclose(kernel, grid.kernels(descriptors, 0.0).max(0), atol=1e-6)
    with pytest.raises(ScanError, match="no view of the scan sees the point"):
        bank.keypoint([0.0, 0.0, 0.3])


def test_one_view_is_no_bank():
    with pytest.raises(ScanError, match="1 view, expected 2 or more"):
        build(scan()[:1], describe)
