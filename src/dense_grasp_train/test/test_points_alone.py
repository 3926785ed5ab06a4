"""Each point of a scanned box by itself, in pictures of the box that are turned."""

from __future__ import annotations

import numpy as np
import scanned_box as box
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_train.evaluation.moved_object import POINTS
from dense_grasp_train.evaluation.points_alone import PointsAlone, alone_markdown, measure_points_alone


def test_points_are_found_once_the_picture_is_turned_as_the_bank():
    bank = build(box.scan(), box.describe)
    moved = [box.picture(box.pose_from(azimuth, 35, turn=120), str(azimuth), seed=azimuth) for azimuth in (5, 95)]
    seen = []
    found = measure_points_alone(bank, moved, box.describe, lambda: seen.append(1))
    assert found.as_it_is.shape == found.turned_and_sized.shape == (2, POINTS) and len(seen) == 2
    assert (found.turned_and_sized <= 20).mean() > 0.6
    assert (found.turned_and_sized <= 20).mean() > 1.5 * (found.as_it_is <= 20).mean()


def test_the_table_has_both_rows():
    text = alone_markdown({"run": PointsAlone(np.array([[1.0, 30.0]]), np.array([[4.0, 8.0]]))})
    assert "| run, the picture as it is | 2 | 50.0% | 50.0% | 50.0% | 15.5 |" in text
    assert "| run, turn and size voted for by all points | 2 | 50.0% | 100.0% | 100.0% | 6.0 |" in text
