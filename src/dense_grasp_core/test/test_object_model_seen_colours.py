"""The colours of a scan: what the light does to all of them is none of a sibling's doing."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.look_at import PicturePyramid
from dense_grasp_core.object_model.seen_colours import ScanColours, tint_difference
from dense_grasp_core.object_model.view_bank import build

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box)
COLOURS = np.random.default_rng(0).integers(0, 200, (200, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def colours():
    return ScanColours(build(box.scan(), box.describe, 1, most_rendered=0))


def verdict(colours, rgb, pose):
    return colours.verdict(PicturePyramid(np.asarray(rgb, np.uint8), box.CAMERA), pose)


def test_light_changes_no_difference():
    lit = np.clip((COLOURS + 32.0) * [1.3, 1.1, 0.9] - 32.0, 0, 255)
    difference, light = tint_difference(lit, COLOURS)
    assert difference < 0.01 and light == pytest.approx(np.hypot(np.log(1.3 / 1.1), np.log(0.9 / 1.1)), abs=0.01)
    assert tint_difference(COLOURS, COLOURS) == (0.0, 0.0)
    shade = np.random.default_rng(1).uniform(0.8, 1.2, (200, 1))
    assert tint_difference((COLOURS + 32.0) * shade - 32.0, COLOURS)[0] < 1e-6
    assert tint_difference(COLOURS[::-1], COLOURS)[0] > 0.3


def test_the_object_looks_like_itself_and_a_repainted_one_does_not(colours):
    view = box.picture(box.pose_from(44, 30), seed=99)
    same = verdict(colours, view.rgb, view.pose)
    assert same.is_telling and same.difference < 2.0 and same.light < 0.1
    other = verdict(colours, view.rgb[..., [1, 2, 0]], view.pose)
    assert other.is_telling and other.difference > 3.0
    turned = box.pose_from(44 + 90, 30)
    assert verdict(colours, view.rgb, turned).difference > 3.0


def test_what_lies_outside_the_picture_is_not_compared(colours):
    view = box.picture(box.pose_from(44, 30), seed=99)
    away = box.pose_from(44, 30, aside=(3.0, 0.0))
    assert not verdict(colours, view.rgb, away).is_telling


def test_views_that_differ_more_allow_more(colours):
    constant, slope = colours.usual
    assert constant >= 0.03 and slope >= 0.0
    stained = []
    for number, view in enumerate(box.scan()):  # in other places in each picture, as where light is reflected
        stains = np.random.default_rng(number).uniform(0.3, 1.0, (15, 20, 3)).repeat(16, 0).repeat(16, 1)
        stained.append(replace(view, rgb=(view.rgb * stains).astype(np.uint8)))
    assert ScanColours(build(stained, box.describe, 1, most_rendered=0)).usual[0] > 1.5 * constant
