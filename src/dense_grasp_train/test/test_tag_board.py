"""The board of tags under an object, found in pictures of a table with tags."""

from __future__ import annotations

import boxed_table as table
import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.object_model.scan import ScanView
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.tag_board import BLANK, board_of, without_board

POSES = [table.pose_from(azimuth, 60, distance=0.55) for azimuth in range(0, 360, 60)]


@pytest.fixture(scope="module")
def views():
    found = []
    for index, pose in enumerate(POSES):
        rgb, depth = table.look(pose)
        found.append(ScanView(str(index), rgb, depth, depth > 0, table.CAMERA, pose))
    return found


def _on_the_table(view):
    """Where (H, W, 2) the pixels of a view meet the table's plane, z = 0; all of them do."""
    camera = view.camera
    u, v = np.meshgrid(np.arange(camera.width), np.arange(camera.height))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], 1)) @ view.pose[:3, :3]
    eye = inverse(view.pose)[:3, 3]
    return (eye - eye[2] / rays[:, 2:] * rays)[:, :2].reshape(camera.height, camera.width, 2)


def test_the_board_reaches_a_tag_beyond_its_tags(views):
    board = board_of(views)
    assert board.tags == 6
    assert abs(abs(board.axes[2, 2]) - 1.0) < 1e-4 and abs(board.centre[2]) < 1e-3
    for view in views:
        # The tags reach 0.22 m from the middle, and each is 0.04 m wide.
        beyond = np.linalg.norm(np.maximum(np.abs(_on_the_table(view)) - 0.22, 0.0), axis=2)
        covered = board.covers(view)
        assert covered[beyond < 0.037].all() and not covered[beyond > 0.043].any()


def test_all_but_the_object_is_painted_on_the_board(views):
    board = board_of(views)
    for before, after in zip(views, without_board(views), strict=True):
        covered = board.covers(before) & ~before.mask
        assert (after.rgb[covered] == BLANK).all() and covered.mean() > 0.2
        assert (after.rgb[~covered] == before.rgb[~covered]).all() and before.mask.any()


def test_pictures_without_tags_are_refused(views):
    grey = [ScanView(v.name, np.full_like(v.rgb, 90), v.depth, v.mask, v.camera, v.camera_from_object) for v in views]
    for pictures in (grey, views[:2]):  # two sights of a tag are too few
        with pytest.raises(EvaluationError, match="0 tags of the family"):
            board_of(pictures)
