"""An object's frame over a picture."""

import numpy as np
import pytest
from dense_grasp_ui.pictures.axes import LENGTH, axes_of

INTRINSICS = np.array([[600.0, 0.0, 320.0], [0.0, 600.0, 240.0], [0.0, 0.0, 1.0]])


def test_axes_point_where_the_camera_sees_them():
    pose = np.eye(4)
    pose[:3, 3] = 0.0, 0.0, 0.5
    x, y, z = axes_of(pose, INTRINSICS)
    assert x.start == y.start == z.start == pytest.approx((320.0, 240.0))
    assert x.end == pytest.approx((320.0 + 600.0 * LENGTH / 0.5, 240.0))
    assert y.end == pytest.approx((320.0, 240.0 + 600.0 * LENGTH / 0.5))
    assert z.end == pytest.approx((320.0, 240.0))
    pose[0, 3] = 0.1
    assert axes_of(pose, INTRINSICS)[2].end[0] < axes_of(pose, INTRINSICS)[2].start[0]  # away, so nearer to the middle


@pytest.mark.parametrize("away", [-0.5, 0.0, np.nan])
def test_what_lies_behind_the_camera_is_not_drawn(away):
    pose = np.eye(4)
    pose[:3, 3] = 0.0, 0.0, away
    assert axes_of(pose, INTRINSICS) == []
