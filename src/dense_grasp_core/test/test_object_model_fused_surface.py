"""The surface of a scan is what its views agree on."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.fused_surface import fuse, second_object
from dense_grasp_core.object_model.scan import ScanError

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


def off_the_box(points):
    """Distances (n,) from the surface of the box."""
    outside = np.abs(points) - scanned_box.HALF
    return np.where((outside > 0).any(1), np.linalg.norm(np.maximum(outside, 0), axis=1), -outside.max(1))


@pytest.fixture(scope="module")
def views():
    return scanned_box.scan()


def test_noise_and_flying_pixels_do_not_reach_the_surface(views):
    rng = np.random.default_rng(0)
    noisy = []
    for view in views:
        depth = view.depth + rng.normal(0, 0.001, view.depth.shape)
        flying = rng.random(depth.shape) < 0.02  # between the object and the camera
        noisy.append(replace(view, depth=np.where(view.mask, np.where(flying, 0.8 * depth, depth), 0.0)))
    surface = fuse(noisy)
    distance = off_the_box(surface.points)
    assert len(surface.points) > 5000 and np.median(distance) < 0.0008 and np.percentile(distance, 99.9) < 0.005
    np.testing.assert_allclose(np.percentile(surface.points, 99.9, axis=0), scanned_box.HALF, atol=0.004)
    top = (surface.points[:, 2] > 0.0695) & (np.abs(surface.points[:, :2]) < 0.025).all(1)
    assert np.median(surface.normals[top, 2]) > 0.8
    header, rows = surface.ply().split(b"end_header\n", 1)
    assert b"element vertex %d" % len(surface.points) in header and len(rows) == 27 * len(surface.points)


def test_poses_that_do_not_fit_leave_no_surface(views):
    rng = np.random.default_rng(1)
    moved = []
    for view in views:
        pose = view.pose.copy()
        pose[:3, 3] += rng.normal(0, 0.3, 3)
        moved.append(replace(view, camera_from_object=pose))
    with pytest.raises(ScanError, match="do the poses fit the depth, and did the object stand still"):
        fuse(moved)


def test_two_objects_in_one_mask_are_told_apart(views):
    surface = fuse(views)
    assert second_object(surface) is None
    beside = surface.points + np.array([0.25, 0.0, 0.0])
    both = replace(
        surface,
        points=np.concatenate([surface.points, beside[::2]]),
        normals=np.concatenate([surface.normals, surface.normals[::2]]),
        colours=np.concatenate([surface.colours, surface.colours[::2]]),
    )
    share, distance = second_object(both)
    assert share == pytest.approx(1 / 3, abs=0.01) and distance == pytest.approx(0.25, abs=0.02)
