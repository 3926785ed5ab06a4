"""Masks of what stands on the table, fused over posed pictures of a box."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.geometry.lens import Lens
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_check import check_scan
from dense_grasp_core.scanning.dome import camera_pose, dome_directions
from dense_grasp_core.scanning.object_masks import scan_views, table_under
from dense_grasp_core.scanning.posed_picture import PosedPicture, undistorted
from dense_grasp_core.scanning.table_object import find_table_object

_spec = importlib.util.spec_from_file_location("box_on_table", Path(__file__).with_name("box_on_table.py"))
box_on_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box_on_table)
HALF, box_at, look_at_box = box_on_table.HALF, box_on_table.box_at, box_on_table.look_at_box

BOX = box_at(0.5, 0.05, 0.4)
LOW, HIGH = np.array([0.25, -0.38, -0.01]), np.array([0.75, 0.38, 0.40])


def walk(count=10, noise=0.001, box=BOX):
    """Looks from all sides, and the true masks."""
    centre = np.array([0.5, 0.05, 0.07])
    poses = [camera_pose(centre + 0.45 * d, d, 0.3) for d in dome_directions(count, np.radians(25.0))]
    pairs = [look_at_box(pose, box, noise, seed) for seed, pose in enumerate(poses)]
    return [picture for picture, _ in pairs], [mask for _, mask in pairs]


def table_object_of(pictures):
    return find_table_object(pictures[0].points_base(2), 0.0, LOW, HIGH)


def overlaps(views, masks):
    pairs = [(view.mask, masks[int(view.name)]) for view in views]
    return np.array([(a & b).sum() / (a | b).sum() for a, b in pairs])


@pytest.fixture(scope="module")
def walked():
    return walk()


def test_masks_surface_and_frame_are_the_boxs(walked):
    pictures, masks = walked
    views, surface, base_from_object = scan_views(pictures, table_object_of(pictures))
    assert len(views) == len(pictures)
    shares = overlaps(views, masks)
    assert shares.mean() > 0.95 and shares.min() > 0.90
    assert check_scan(views).good
    assert base_from_object[2, 3] == pytest.approx(0.0, abs=0.001), "its origin is on the table"
    inside_box = transform(inverse(BOX) @ base_from_object, surface.points)
    off = np.abs(np.abs(inside_box) - HALF).min(axis=1)
    assert np.median(off) < 0.002 and np.percentile(off, 90) < 0.004


def test_what_depth_misses_in_one_picture_the_others_add(walked):
    pictures, masks = walked
    depth = pictures[3].depth.copy()
    columns = np.nonzero(masks[3])[1]
    lost = masks[3] & (np.arange(depth.shape[1]) > np.percentile(columns, 60))
    depth[lost] = 0.0
    holed = [replace(picture, depth=depth) if number == 3 else picture for number, picture in enumerate(pictures)]
    views, *_ = scan_views(holed, table_object_of(pictures))
    (share,) = overlaps([view for view in views if view.name == "003"], masks)
    assert share > 0.90
    assert lost.sum() > 0.3 * masks[3].sum(), "much of it was lost"


def test_a_table_that_is_some_millimetres_off_is_found_by_the_pictures(walked):
    pictures, masks = walked
    lifted = np.eye(4)
    lifted[2, 3] = 0.006
    raised = [replace(picture, base_from_camera=lifted @ picture.base_from_camera) for picture in pictures]
    table_object = table_object_of(raised)
    table = table_under(raised, table_object)
    assert table.height == pytest.approx(0.006, abs=0.001) and np.abs(table.slope).max() < 0.002
    views, *_ = scan_views(raised, table_object)
    assert overlaps(views, masks).mean() > 0.95


def test_pictures_that_do_not_show_it_are_left_out_and_too_few_are_none(walked):
    pictures, _ = walked
    elsewhere = look_at_box(camera_pose(np.array([0.5, 0.9, 0.5]), np.array([0.0, 0.0, 1.0]), 0.0), BOX)[0]
    views, *_ = scan_views([*pictures, elsewhere], table_object_of(pictures))
    assert len(views) == len(pictures)
    with pytest.raises(ScanError, match="1 of 2 pictures show the object"):
        scan_views([pictures[0], elsewhere], table_object_of(pictures))


def test_an_object_that_moved_half_way_makes_no_scan(walked):
    pictures, _ = walked
    moved = walk(box=box_at(0.5, 0.11, 1.2))[0]
    mixed = [moved[i] if i % 2 else pictures[i] for i in range(len(pictures))]
    try:
        views, *_ = scan_views(mixed, table_object_of(pictures))
    except ScanError:
        return
    assert not check_scan(views).good


@pytest.mark.parametrize("lens", Lens)
def test_a_distorted_picture_becomes_one_of_a_pinhole(lens):
    coefficients = (0.2, -0.1, 0.001, 0.001)
    camera = CameraModel(160, 120, 150.0, 150.0, 79.5, 59.5, coefficients, lens)
    u, v = np.meshgrid(np.arange(160), np.arange(120))
    rays = camera.rays(np.stack([u.ravel(), v.ravel()], 1))
    pattern = (40.0 * (rays[:, :2] + 2.0)).reshape(120, 160, 2)  # what a picture shows says from which ray
    rgb = np.concatenate([pattern, pattern[..., :1]], axis=-1).round().astype(np.uint8)
    picture = undistorted(PosedPicture(rgb, np.ones((120, 160)), camera, np.eye(4)))
    assert not any(picture.camera.distortion)
    straight = picture.camera.rays(np.stack([u.ravel(), v.ravel()], 1))[:, :2].reshape(120, 160, 2)
    middle = np.s_[20:100, 20:140]
    assert np.abs(picture.rgb[middle][..., :2] - 40.0 * (straight[middle] + 2.0)).max() < 1.6
