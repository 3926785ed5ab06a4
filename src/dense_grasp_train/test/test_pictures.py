"""evaluate --pictures: one click and a moved object, on pictures of a box instead of photographs."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.object_model.pose import ObjectPose
from dense_grasp_train.data import generate
from dense_grasp_train.evaluation import evaluate
from dense_grasp_train.evaluation.moved_object import MovedPicture, blanked, judge, moved_markdown, scan_pairs
from dense_grasp_train.evaluation.picture_pairs import PairFigures, pairs_markdown
from scan_of_box import write_scan

GENERAL = Path(__file__).parents[3] / "models" / "general.xml"


def test_a_moved_object_and_single_clicks_are_measured(tmp_path, capsys):
    folder, out = tmp_path / "pictures", tmp_path / "out"
    write_scan(folder / "room1", [box.pose_from(azimuth, 30) for azimuth in range(0, 100, 20)], 0)
    write_scan(folder / "room2", [box.pose_from(azimuth, 35, turn=15) for azimuth in (30, 50)], 50)
    pixels = [[300.0, 240.0], [320.0, 260.0]]
    name = "room1/box/rgb/00.png"
    pair = {"a": name, "b": name, "pixels_a": pixels, "pixels_b": pixels}
    (folder / "pairs.json").write_text(json.dumps({"the same picture": [pair]}))
    command = ["--pictures", str(folder), "--general", str(GENERAL), "--model", str(GENERAL), "--out", str(out)]
    assert evaluate.main([*command, "--no-controls"]) == 0
    report = json.loads((out / "pictures.json").read_text())
    assert max(report["pairs"]["the same picture"]["general"]) < 2.0
    pictures = report["moved"]["room1/box → room2/box"]
    assert [p["picture"] for p in pictures] == ["00", "01"]
    assert max(p["median_px"] for p in pictures) < 8.0 and max(p["angle_deg"] for p in pictures) < 15.0
    text = (out / "pictures.md").read_text()
    assert text in capsys.readouterr().out and "every fourth | 1 |" in text
    assert cv2.imread(str(out / "pictures.png")).shape == (256, 2048, 3)


def test_a_folder_without_pictures_is_refused(tmp_path, capsys):
    assert evaluate.main(["--pictures", str(tmp_path)]) == 2
    assert "neither pairs.json nor an object scanned in two rooms" in capsys.readouterr().err
    (tmp_path / "pairs.json").write_text('{"set": [{"a": "x.png"}]}')
    assert evaluate.main(["--pictures", str(tmp_path)]) == 2
    assert "pairs.json cannot be read" in capsys.readouterr().err


def test_captures_with_inverted_poses_are_refused(tmp_path, capsys):
    views = write_scan(tmp_path / "in", [box.pose_from(azimuth, 30) for azimuth in range(0, 100, 20)], 0)
    poses = {view.name: np.linalg.inv(view.pose).tolist() for view in views}
    (tmp_path / "in" / "box" / "poses.json").write_text(json.dumps(poses))
    assert generate.main(["--out", str(tmp_path / "out"), "--captures", str(tmp_path / "in"), "--split", "train"]) == 1
    assert "poses look inverted" in capsys.readouterr().err


def test_judging_counts_pixels_of_a_640_px_wide_picture():
    view = box.picture(box.pose_from(20, 30))
    errors, angle = judge(view, ObjectPose(view.pose, 1.0, 100, 1.0, 0.0))
    assert errors.max() < 1e-6 and angle < 1e-3
    beside = view.pose.copy()
    beside[0, 3] += 0.01
    moved, _ = judge(view, ObjectPose(beside, 1.0, 100, 1.0, 0.0))
    assert np.median(moved) == pytest.approx(2 * 300 * 0.01 / 0.4, rel=0.1)
    lost, angle = judge(view, None)
    assert np.isinf(lost).all() and angle == 180.0
    turned = ((errors, 1.0, True), (lost, 180.0, False))
    pictures = [MovedPicture(view, None, e, a, 0.5, 17, s, errors, 1.0) for e, a, s in turned]
    text = moved_markdown({"run": pictures})
    assert "| run, all | 2 | 50.0% ±" in text and "| run, the others | 1 | 0.0% ±" in text
    assert "| run, all, chosen by the truth | 2 | 100.0% ±" in text
    table = pairs_markdown({"set": {"row": PairFigures(np.array([1.0, 6.0, 30.0, 4.0]))}})
    assert "| set (4) | row | 50% | 75% | 75% | 5.0 |" in table


def test_blanking_and_pairing_of_scans(tmp_path):
    view = box.picture(box.pose_from(20, 30))
    grey = blanked([view])[0]
    assert (grey.rgb[~view.mask] == 127).all() and (grey.rgb[view.mask] == view.rgb[view.mask]).all()
    for path in ("a/mug", "b/mug", "c/mug", "a/shoe"):
        (tmp_path / path).mkdir(parents=True)
        (tmp_path / path / "poses.json").touch()
    pairs = [(bank.parent.name, moved.parent.name) for bank, moved in scan_pairs(tmp_path)]
    assert pairs == [("a", "b"), ("a", "c")]
