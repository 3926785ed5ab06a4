"""A camera that sits elsewhere on the hand than TF says is found out by the pictures of a scan."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import exp, inverse, log
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_core.scanning.dome import camera_pose, dome_directions
from dense_grasp_core.scanning.hand_eye_refinement import RefinementError, refine_hand_eye
from dense_grasp_core.scanning.object_masks import scan_views
from dense_grasp_core.scanning.table_object import find_table_object

_spec = importlib.util.spec_from_file_location("box_on_table", Path(__file__).with_name("box_on_table.py"))
box_on_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box_on_table)
HALF, box_at, look_at_box = box_on_table.HALF, box_on_table.box_at, box_on_table.look_at_box

BOX = box_at(0.5, 0.05, 0.4)
CENTRE = np.array([0.5, 0.05, 0.07])
LOW, HIGH = np.array([0.25, -0.38, -0.01]), np.array([0.75, 0.38, 0.40])
POSES = [camera_pose(CENTRE + 0.45 * d, d, 0.3) for d in dome_directions(10, np.radians(25.0))]


@pytest.fixture(scope="module")
def pictures():
    return [look_at_box(pose, BOX, noise=0.001, seed=seed)[0] for seed, pose in enumerate(POSES)]


def error(seed, millimetres, degrees):
    """published_from_true of a mount that is off by so much, some way."""
    parts = np.random.default_rng(seed).standard_normal((2, 3))
    parts *= np.array([[0.001 * millimetres], [np.radians(degrees)]]) / np.linalg.norm(parts, axis=1, keepdims=True)
    return exp(parts.ravel())


def published(pictures, off):
    """The pictures as TF says that they were taken, with the camera at `off` from there."""
    return [replace(picture, base_from_camera=picture.base_from_camera @ inverse(off)) for picture in pictures]


def seen(pictures):
    return find_table_object(pictures[0].points_base(2), 0.0, LOW, HIGH)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("millimetres", "degrees"), [(5.0, 1.0), (15.0, 3.0)])
def test_a_mount_that_is_off_is_found_to_a_fraction_of_that(pictures, millimetres, degrees, seed):
    off = error(seed, millimetres, degrees)
    wrong = published(pictures, off)
    found = refine_hand_eye(wrong, seen(wrong))
    left = log(inverse(off) @ found.published_from_true)
    assert np.linalg.norm(left[:3]) < 0.0005 and np.degrees(np.linalg.norm(left[3:])) < 0.1
    assert found.is_off and found.after < 0.4 * found.before
    assert found.shift == pytest.approx(0.001 * millimetres, abs=0.0005)
    assert np.degrees(found.turn) == pytest.approx(degrees, abs=0.1)


def test_a_mount_that_is_right_is_left_alone(pictures):
    found = refine_hand_eye(pictures, seen(pictures))
    assert not found.is_off and found.shift < 0.0005 and found.after < 0.001


def test_the_scan_of_a_corrected_mount_is_the_boxs_where_it_stands(pictures):
    wrong = published(pictures, error(1, 8.0, 2.0))
    table_object = seen(wrong)
    found = refine_hand_eye(wrong, table_object)
    right = [found.applied(picture) for picture in wrong]
    views, surface, base_from_object = scan_views(right, found.moved(table_object, wrong[0]))
    assert check_scan(views).good
    inside = (surface.points + base_from_object[:3, 3] - BOX[:3, 3]) @ BOX[:3, :3]
    off = np.abs(np.abs(inside) - HALF).min(axis=1)
    assert np.median(off) < 0.001
    before = scan_views(wrong, table_object)
    inside = (before[1].points + before[2][:3, 3] - BOX[:3, 3]) @ BOX[:3, :3]
    assert np.median(np.abs(np.abs(inside) - HALF).min(axis=1)) > 2.0 * np.median(off)


def test_an_object_that_is_moved_half_way_says_nothing_of_the_mount(pictures):
    off = error(2, 5.0, 1.0)
    moved = [look_at_box(pose, box_at(0.53, 0.05, 0.6), noise=0.001, seed=9)[0] for pose in POSES[5:]]
    wrong = published([*pictures[:5], *moved], off)
    left = log(inverse(off) @ refine_hand_eye(wrong, seen(wrong)).published_from_true)
    assert np.linalg.norm(left[:3]) < 0.001


def test_pictures_that_have_nothing_in_common_are_refused(pictures):
    with pytest.raises(RefinementError, match="no two of 3 pictures look from directions"):
        refine_hand_eye([pictures[0]] * 3, seen(pictures))
    blind = [replace(picture, depth=np.zeros_like(picture.depth)) for picture in pictures]
    with pytest.raises(RefinementError, match="0 points in common, expected 200"):
        refine_hand_eye(blind, seen(pictures))
