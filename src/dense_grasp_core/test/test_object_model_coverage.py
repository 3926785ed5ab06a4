"""Coverage says from which sides an object was seen."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.coverage import COVERED_WITHIN, coverage, on_disc, outline
from dense_grasp_core.object_model.scan import ScanError

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)


def box_from(places):
    return [scanned_box.picture(scanned_box.pose_from(*place), str(place)) for place in places]


def test_one_side_is_covered_and_the_others_are_not():
    seen = coverage(box_from([(0, 15), (0, 45)]))
    cells = seen.cells()
    assert cells[0, 0] > 0.8 and cells[1, 0] > 0.8 and not cells[:, 3:6].any() and seen.counts().sum() == 2
    assert 0.05 < seen.share < 0.25
    table = seen.table()
    assert f"{seen.share:.0%} of the directions" in table and "( 1)" in table
    picture = seen.picture(200)
    right, left = picture[100, 100 + 60], picture[100, 100 - 60]
    assert right[1] > right[0] and left[0] > left[1]


def test_all_around_and_from_above_is_nearly_everything():
    places = [(azimuth, elevation) for elevation in (15, 50) for azimuth in range(0, 360, 36)]
    assert coverage(box_from([*places, (0, 85)])).share > 0.9


def test_up_is_where_the_pictures_look_from_unless_it_is_given():
    below = box_from([(0, -40), (90, -40), (180, -40)])
    seen = coverage(below)
    np.testing.assert_allclose(seen.up_object, [0, 0, -1])
    assert (seen.views[:, 2] > 0).all()
    assert "3 pictures look from below" in coverage(below, np.array([0.0, 0.0, 1.0])).table()
    with pytest.raises(ScanError, match="expected a direction"):
        coverage(below, np.zeros(3))


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -0.6, 0.8)])
def test_what_a_picture_covers_is_drawn_around_its_direction(direction):
    around = outline(np.array(direction))
    np.testing.assert_allclose(np.linalg.norm(around, axis=1), 1.0)
    np.testing.assert_allclose(np.arccos(around @ direction), COVERED_WITHIN)


def test_places_on_the_disc_are_angles_from_the_zenith():
    half = np.sqrt(0.5)
    directions = np.array([[0, 0, 1.0], [half, 0, half], [0, -1.0, 0], [half, 0, -half]])
    np.testing.assert_allclose(on_disc(directions), [[0, 0], [0.5, 0], [0, -1], [1.5, 0]], atol=1e-12)
