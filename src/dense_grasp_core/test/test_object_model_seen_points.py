"""In which views of a scanned box a point of it is seen, and where."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dense_grasp_core.object_model.clicked_point import view_point
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_core.object_model.seen_points import pixel_in_view

_spec = importlib.util.spec_from_file_location("scanned_box", Path(__file__).with_name("scanned_box.py"))
scanned_box = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(scanned_box)
HALF, pose_from = scanned_box.HALF, scanned_box.pose_from


@pytest.fixture(scope="module")
def views():
    return scanned_box.scan()


def facing(view, normal, point) -> bool:
    """Whether the box's face with this normal is seen from the view."""
    eye = -view.pose[:3, :3].T @ view.pose[:3, 3]
    return bool((eye - point) @ normal > 0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_point_of_a_face_is_seen_by_the_views_that_face_it(views, axis, sign):
    normal = sign * np.eye(3)[axis]
    point = normal * HALF + 0.3 * HALF * np.roll([1.0, 0.0, 0.0], axis + 1)
    for view in views:
        pixel = pixel_in_view(view, point)
        assert (pixel is not None) == facing(view, normal, point)
        if pixel is not None:
            np.testing.assert_allclose(view_point(view, *pixel), point, atol=0.002)


def test_what_lies_before_or_behind_the_surface_or_outside_the_picture_is_not_seen(views):
    on_top = np.array([0.0, 0.0, HALF[2]])
    view = views[0]
    assert pixel_in_view(view, on_top) is not None
    assert pixel_in_view(view, on_top * [1, 1, 1.3]) is None
    assert pixel_in_view(view, on_top * [1, 1, 0.7]) is None
    assert pixel_in_view(view, [0.0, 0.0, 5.0]) is None
    eye = -view.pose[:3, :3].T @ view.pose[:3, 3]
    assert pixel_in_view(view, 2 * eye) is None
    unknown = replace(view, depth=np.zeros_like(view.depth))
    assert pixel_in_view(unknown, on_top) is None
    with pytest.raises(ScanError, match="no pose"):
        pixel_in_view(replace(view, camera_from_object=None), on_top)


def test_something_before_the_object_hides_its_point(views):
    on_top, view = np.array([0.0, 0.0, HALF[2]]), views[0]
    u, v = map(round, pixel_in_view(view, on_top))
    depth = view.depth.copy()
    depth[v - 4 : v + 5, u - 4 : u + 5] -= 0.05
    assert pixel_in_view(replace(view, depth=depth), on_top) is None
