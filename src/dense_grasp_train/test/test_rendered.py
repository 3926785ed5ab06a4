"""Views rendered for training stand before what the scan's pictures show beside the object, never before the object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.object_model.scan import ScanError
from dense_grasp_train.data.rendered import rendered_of


@pytest.fixture(scope="module")
def scan():
    """Four pictures of the box, red all over, on grey."""
    pictures = [box.picture(box.pose_from(azimuth, 35), f"{azimuth}") for azimuth in (0, 50, 100, 150)]
    for picture in pictures:
        picture.rgb[:] = np.where(picture.mask[..., None], (220, 10, 10), (90, 100, 110))
    return pictures


def test_the_object_is_nowhere_but_where_it_was_rendered(scan):
    views = list(rendered_of(scan, 6))
    assert [view.name for view in views] == [f"rendered_{number:03d}" for number in range(6)]
    for view in views:
        assert (view.rgb[view.mask][:, 0] > 150).mean() > 0.99
        beside = view.rgb[~view.mask].astype(int)
        assert np.abs(beside - (90, 100, 110)).max() <= 2
        assert (view.depth[~view.mask] == 0).all() and (view.depth[view.mask] > 0).all()


def test_what_stands_behind_is_the_room_of_the_scan(scan):
    room = np.zeros((box.CAMERA.height, box.CAMERA.width, 3), np.uint8)
    room[:, : box.CAMERA.width // 2] = (0, 200, 0)
    rooms = [replace(view, rgb=np.where(view.mask[..., None], view.rgb, room)) for view in scan]
    view = next(rendered_of(rooms, 1))
    left, right = view.rgb[:20, 20:140], view.rgb[:20, 180:300]
    assert left.max() < 5 and (right[..., 1] > 190).all()  # moved aside by half of the picture


def test_nothing_is_rendered_without_pictures_views_or_poses(scan):
    assert not list(rendered_of([])) and not list(rendered_of(scan, 0))
    with pytest.raises(ScanError, match="has no pose"):
        list(rendered_of([replace(view, camera_from_object=None) for view in scan], 1))


def test_an_object_that_fills_its_pictures_stands_before_something(scan):
    full = [replace(scan[0], mask=np.ones_like(scan[0].mask), depth=np.full(scan[0].depth.shape, 0.4))]
    views = list(rendered_of(full, 2))
    assert len(views) == 2
    for view in views:
        assert view.rgb[~view.mask].std() < 1.0  # no place beside the object, so nothing is known of the room
