"""A scan that contradicts itself is refused with the mistake that explains it."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.geometry.se3 import inverse
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.scan_check import check_scan, mended, require_consistent

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)

FLIP = np.diag([1.0, -1.0, -1.0, 1.0])
MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


def shift_by(factor, pose):
    scaled = pose.copy()
    scaled[:3, 3] *= factor
    return scaled


def of_camera(factor, view):
    """The view with the camera of pictures ``factor`` times as wide."""
    scaled = view.camera.scaled(factor, factor)
    return replace(view, camera=replace(scaled, width=view.camera.width, height=view.camera.height))


@pytest.fixture(scope="module")
def views():
    return scanned_box.scan()


def test_a_good_scan_passes(views):
    check = require_consistent(views)
    assert check.agreeing == check.pairs == 12 and str(check) == "12 of 12 neighbours agree"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda v: replace(v, camera_from_object=inverse(v.pose)), "poses look inverted .*: 0 of 12 .* 12 do after"),
        (lambda v: replace(v, camera_from_object=shift_by(1000.0, v.pose)), "poses look like millimetres"),
        (lambda v: replace(v, camera_from_object=FLIP @ v.pose), "OpenGL"),
        (lambda v: replace(v, camera_from_object=MIRROR @ v.pose @ MIRROR), "mirrored along x"),
        (lambda v: replace(v, depth=v.depth * 10), "depth looks ten times too large"),
        (lambda v: replace(v, depth=v.depth / 10), "depth looks ten times too small"),
        (lambda v: replace(v, depth=v.depth * 1000), "depth looks a thousand times too large"),
        (lambda v: of_camera(2.0, v), "camera looks made for pictures twice as wide"),
        (lambda v: of_camera(2.0 / 3.0, v), "camera looks made for pictures 2/3 as wide"),
        (lambda v: replace(v, rgb=np.ascontiguousarray(v.rgb[::-1, ::-1])), "colour looks turned by 180.*: 0 of 12"),
        (lambda v: replace(v, rgb=np.ascontiguousarray(v.rgb[:, ::-1])), "colour looks mirrored left to right"),
    ],
    ids=[
        "inverted",
        "millimetres",
        "OpenGL",
        "mirrored",
        "depth x 10",
        "depth / 10",
        "depth x 1000",
        "camera x 2",
        "camera x 2/3",
        "colour turned",
        "colour mirrored",
    ],
)
def test_a_mistake_is_named_with_what_would_fit_and_mended(views, damage, message):
    wrong = [damage(view) for view in views]
    with pytest.raises(ScanError, match=message):
        require_consistent(wrong)
    require_consistent(mended(wrong, check_scan(wrong)))


def test_an_object_that_moved_has_no_remedy(views):
    rng = np.random.default_rng(0)
    moved = []
    for view in views:
        pose = view.pose.copy()
        pose[:3, 3] += rng.normal(0, 0.1, 3)
        moved.append(replace(view, camera_from_object=pose))
    check = check_scan(moved)
    assert not check.good and "no usual mistake explains it: did the object move" in str(check)
    with pytest.raises(ScanError, match="nothing can be mended"):
        mended(moved, check)


def test_pictures_from_one_place_say_nothing(views):
    with pytest.raises(ScanError, match="all pictures are from one place"):
        require_consistent([views[0], views[0], views[0]])


def test_one_view_cannot_be_checked(views):
    with pytest.raises(ScanError, match="1 view, expected 2 or more"):
        check_scan(views[:1])
