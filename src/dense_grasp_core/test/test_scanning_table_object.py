"""What stands on the table, by points from above."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.scanning.dome import camera_pose
from dense_grasp_core.scanning.table_object import (
    NoObjectError,
    SeveralObjectsError,
    find_table_object,
    space_under,
    standing_objects,
)

_spec = importlib.util.spec_from_file_location("box_on_table", Path(__file__).with_name("box_on_table.py"))
box_on_table = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(box_on_table)
HALF, box_at, look_at_box = box_on_table.HALF, box_on_table.box_at, box_on_table.look_at_box

ABOVE = camera_pose(np.array([0.5, 0.0, 0.62]), np.array([0.0, 0.0, 1.0]), 0.0)
LOW, HIGH = np.array([0.25, -0.38, -0.01]), np.array([0.75, 0.38, 0.40])


def seen(*places, noise=0.001):
    return np.concatenate([look_at_box(ABOVE, place, noise)[0].points_base(2) for place in places])


def test_the_box_on_the_table_is_found_with_its_size():
    table_object = find_table_object(seen(box_at(0.45, 0.06)), 0.0, LOW, HIGH)
    assert table_object.centre == pytest.approx([0.45, 0.06, HALF[2]], abs=0.012)
    assert table_object.size == pytest.approx(2 * HALF, abs=0.02)
    assert table_object.low[2] == 0.0
    corner = float(np.linalg.norm(HALF))
    assert corner - 0.01 < table_object.radius < corner + 0.02


def test_an_empty_table_has_nothing_to_scan():
    with pytest.raises(NoObjectError, match="nothing stands on the table"):
        find_table_object(seen(None), 0.0, LOW, HIGH)


def test_what_is_outside_the_workspace_is_not_taken():
    with pytest.raises(NoObjectError):
        find_table_object(seen(box_at(0.5, 0.0)), 0.0, np.array([0.6, -0.38, -0.01]), HIGH)


def test_what_reaches_over_the_edge_is_refused():
    points = seen(box_at(0.5, 0.0))
    with pytest.raises(NoObjectError, match=r"the one at .* m reaches over the edge"):
        find_table_object(points, 0.0, np.array([0.48, -0.38, -0.01]), HIGH)
    with pytest.raises(NoObjectError, match="reaches over the edge"):
        find_table_object(points, 0.0, LOW, HIGH, np.array([0.5, 0.0, 0.0]), 0.04)


def test_two_objects_are_refused_unless_one_is_named():
    both = seen(box_at(0.42, 0.12), box_at(0.55, -0.12))
    with pytest.raises(SeveralObjectsError, match="2 objects"):
        find_table_object(both, 0.0, LOW, HIGH)
    table_object = find_table_object(both, 0.0, LOW, HIGH, np.array([0.55, -0.12, 0.0]), 0.12)
    assert table_object.centre[:2] == pytest.approx([0.55, -0.12], abs=0.012)
    with pytest.raises(NoObjectError, match=r"within 0.05 m of \(0.300, 0.300\)"):
        find_table_object(both, 0.0, LOW, HIGH, np.array([0.3, 0.3, 0.0]), 0.05)


def test_a_much_smaller_one_beside_it_does_no_harm():
    rng = np.random.default_rng(0)
    pebble = np.array([0.62, 0.2, 0.02]) + rng.uniform(-0.012, 0.012, (400, 3)) * [1, 1, 0.3]
    table_object = find_table_object(np.concatenate([seen(box_at(0.45, 0.0)), pebble]), 0.0, LOW, HIGH)
    assert table_object.centre[:2] == pytest.approx([0.45, 0.0], abs=0.012)


def test_the_unknown_space_reaches_from_the_table_over_the_object():
    table_object = find_table_object(seen(box_at(0.45, 0.06)), 0.0, LOW, HIGH)
    shell = space_under(table_object, height=0.05, margin=0.02, voxel=0.01)
    assert shell.min(axis=0) == pytest.approx(table_object.low + np.array([-0.015, -0.015, 0.005]), abs=1e-9)
    assert (shell.max(axis=0) > table_object.high + 0.009).all(), "an object higher than the stated height counts"
    assert space_under(table_object, height=0.3, margin=0.02, voxel=0.01)[:, 2].max() > 0.29
    inside = np.all(np.abs(shell[:, :2] - table_object.centre[:2]) < 0.02, axis=1)
    assert shell[inside][:, 2].min() > table_object.high[2], "its shell alone is filled"


def test_all_that_stands_is_told_apart():
    one, other = standing_objects(seen(box_at(0.42, 0.12), box_at(0.55, -0.12)), 0.0, LOW, HIGH)
    assert sorted([one.centre[0], other.centre[0]]) == pytest.approx([0.42, 0.55], abs=0.012)
    assert standing_objects(seen(None), 0.0, LOW, HIGH) == []
