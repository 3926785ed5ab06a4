"""The demo with an object that is no cap, in the running graph: scanned, clicked, grasped, with pictures of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_bench.demo_object import show_object
from dense_grasp_bench.object_trials import ObjectTrials

pytestmark = pytest.mark.graph
KIND = "mug"


def test_it_is_scanned_taught_and_grasped_and_the_pictures_show_it(cell, tmp_path, capsys):
    folder = Path(cell.store.removeprefix("sqlite:///")).parent
    (tmp_path / "grasp_9.png").touch()
    trials = ObjectTrials(cell.client, cell.session, folder)
    (trial,) = show_object(trials, make_solid(KIND, 1), 12, range(1001, 1002), tmp_path)
    try:
        assert trial.found and trial.error_mm < 20.0, trial.line()
        said = capsys.readouterr().out
        assert "taught by one click in picture" in said and trial.line() in said
        assert sorted(path.name for path in tmp_path.iterdir()) == ["click.png", "grasp_1.png", "scan.png"]
        clicked = cv2.imread(str(tmp_path / "click.png"))
        assert clicked.shape == (480, 640, 3) and (clicked == (255, 0, 255)).all(axis=2).sum() >= 36
        tiles = cv2.imread(str(tmp_path / "scan.png"))
        assert tiles.shape[0] % 240 == 0 and np.ptp(tiles) > 100
    finally:
        cell.client.call("delete", object_id=KIND)
        cell.teach_again()
