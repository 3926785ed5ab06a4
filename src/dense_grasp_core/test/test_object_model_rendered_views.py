"""A scanned box is rendered from where no picture was taken, and found there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.rendered_views import (
    PicturedSurface,
    rendered_by_others,
    rendered_view,
    rendered_views,
)
from dense_grasp_core.object_model.view_bank import build, descriptions

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box)
CENTRE, RADIUS = np.zeros(3), float(np.linalg.norm(box.HALF))


@pytest.fixture(scope="module")
def four():
    """Pictures from four sides."""
    return box.scan()[::3]


@pytest.fixture(scope="module")
def rendered(four):
    return list(rendered_views(PicturedSurface.of(four, CENTRE, RADIUS)))


def directions(views):
    eyes = np.array([-view.pose[:3, :3].T @ view.pose[:3, 3] for view in views])
    return eyes / np.linalg.norm(eyes, axis=1, keepdims=True)


def angles(views, others):
    return np.degrees(np.arccos(np.clip(directions(views) @ directions(others).T, -1.0, 1.0)))


def test_views_fill_the_gaps_between_pictures(four, rendered):
    assert len(rendered) > 20
    nearest = angles(rendered, four).min(1)
    assert nearest.min() > 18.0 and nearest.max() < 52.0
    apart = angles(rendered, rendered) + 360.0 * np.eye(len(rendered))
    assert apart.min() > 18.0
    assert len(list(rendered_views(PicturedSurface.of(four, CENTRE, RADIUS), 3))) == 3


def test_a_rendered_view_shows_what_a_camera_there_sees(rendered):
    for view in rendered[::5]:
        v, u = np.nonzero(view.mask)
        points = view.points(np.stack([u, v], 1))
        truth = box.picture(view.pose)
        pixels = box.CAMERA.project(transform(view.pose, points))
        nearest, inside = box.CAMERA.nearest_pixels(pixels)
        u_true, v_true = nearest[inside].T
        hit = truth.mask[v_true, u_true]
        assert inside.all() and hit.mean() > 0.97
        off_surface = np.abs(np.abs(points) - box.HALF).min(1)
        assert np.median(off_surface) < 0.0005 and np.quantile(off_surface, 0.9) < 0.002
        colours = view.rgb[v, u].astype(int) - truth.rgb[v_true, u_true]
        assert np.median(np.abs(colours[hit]).max(1)) < 12


def test_a_view_has_the_size_and_the_place_that_its_camera_gives_it(four):
    surface = PicturedSurface.of(four, CENTRE, RADIUS)
    pose = box.pose_from(45, 35, 0.5, turn=20.0, aside=(0.25, -0.1))
    view, truth = rendered_view(surface, box.CAMERA, pose), box.picture(pose)
    assert view.camera == box.CAMERA and view.rgb.shape == (240, 320, 3) and view.depth.shape == (240, 320)
    both = view.mask & truth.mask
    assert both.sum() > 0.97 * view.mask.sum() and both.sum() > 0.85 * truth.mask.sum()
    assert np.median(np.abs(view.depth - truth.depth)[both]) < 0.0005
    assert np.median(np.abs(view.rgb.astype(int) - truth.rgb)[both].max(1)) < 12
    assert rendered_view(surface, box.CAMERA, box.pose_from(45, -80)) is None  # from below, where no picture was taken
    wide = list(rendered_views(surface, 3, box.CAMERA))
    assert len(wide) == 3 and all(made.camera == box.CAMERA and made.mask.any() for made in wide)


def test_what_no_picture_saw_is_not_rendered(rendered):
    for view in rendered:
        v, u = np.nonzero(view.mask)
        inner = view.points(np.stack([u, v], 1)) / box.HALF
        on_the_bottom = (inner[:, 2] < -0.9) & (np.abs(inner[:, :2]) < 0.85).all(1)
        assert on_the_bottom.mean() < 0.01
        assert (view.depth[~view.mask] == 0).all()


def test_a_picture_is_compared_with_what_those_around_it_make_of_it():
    views = box.scan()
    surface = PicturedSurface.of(views, CENTRE, RADIUS)
    view, nearest = rendered_by_others(surface, 0, views[0].pose, 110, 256)
    assert view.rgb.shape == (256, 256, 3) and np.degrees(nearest) == pytest.approx(24.5, abs=0.5)
    alone = PicturedSurface.of(views[:1], CENTRE, RADIUS)
    assert rendered_by_others(alone, 0, views[0].pose, 110, 256) is None
    bank = build(views, box.describe, 2)
    assert len(bank.rendered_likeness) == len(views) and (bank.rendered_likeness[:, 1] > 0.8).all()


def test_what_is_described_is_foretold(four):
    seen = []

    def describe(rgb):
        seen.append(1)
        return box.describe(rgb)

    bank = build(four, describe, 2)
    assert bank.photographs == 4 < len(bank.fine) == len(bank.coarse) == len(bank.virtual_from_object)
    assert len(seen) <= descriptions(len(four), 2)
    assert len(build(four, box.describe, 2, most_rendered=0).fine) == 4


def test_four_pictures_are_enough_to_find_the_box_from_between_them(four):
    poses = [box.pose_from(azimuth, elevation, 0.45, azimuth) for azimuth in (45, 315) for elevation in (5, 65)]

    def found(most_rendered):
        finder = PoseFinder(build(four, box.describe, most_rendered=most_rendered), box.describe)
        pictures = [box.picture(pose, seed=99) for pose in poses]
        best = [finder(picture.rgb, box.CAMERA)[0].camera_from_object for picture in pictures]
        off = [rotation_angle(one @ inverse(pose)) for one, pose in zip(best, poses, strict=True)]
        return int((np.degrees(off) < 8.0).sum())

    assert found(40) == 4 > found(0)
