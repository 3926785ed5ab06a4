"""train --real: the figure on held-out real pictures, in the log, the network's file and its card."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scanned_box as box
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, load_info
from dense_grasp_core.descriptors.provenance import Training, Trial
from dense_grasp_train.data import generate
from dense_grasp_train.evaluation import evaluate
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError
from dense_grasp_train.evaluation.predictors import network_predictor
from dense_grasp_train.evaluation.real_pictures import errors_of, overall, real_sets
from dense_grasp_train.training import model_card, train
from dense_grasp_train.training.config import load_config
from dense_grasp_train.training.fit import fit, shipped
from dense_grasp_train.training.network_files import save_network
from dense_grasp_train.training.real_figure import RealFigure, unsaved_predictor
from scan_of_box import write_scan
from tiny_training import TINY
from views_of_caps import cap_views

GENERAL = Path(__file__).parents[3] / "models" / "general.safetensors"


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    """The box in two rooms, and a pair of one picture of each."""
    folder = tmp_path_factory.mktemp("rooms")
    write_scan(folder / "room1", [box.pose_from(azimuth, 30) for azimuth in (0, 20, 40)], 0)
    write_scan(folder / "room2", [box.pose_from(azimuth, 35, turn=15) for azimuth in (10, 30)], 50)
    pixels = [[300.0, 240.0], [320.0, 260.0]]
    pairs = [{"a": "room1/box/rgb/00.png", "b": f"{room}/box/rgb/00.png"} for room in ("room1", "room2")]
    pairs = [{**pair, "pixels_a": pixels, "pixels_b": pixels} for pair in pairs]
    (folder / "pairs.json").write_text(json.dumps({"by hand": pairs}))
    return folder


def test_points_of_two_rooms_are_where_poses_and_depth_put_them(rooms):
    sets = real_sets(rooms, [])
    assert set(sets) == {"by hand", "room1/box → room2/box, one click"} and len(sets["by hand"]) == 2
    clicks = sets["room1/box → room2/box, one click"]
    assert all(pair.image_a.shape == (480, 640, 3) for pair in clicks) and sum(len(p.pixels_a) for p in clicks) > 40
    # The box is textured and hardly turned: frozen features of photographs find many of its points where truth is.
    errors = errors_of(network_predictor(DescriptorExtractor(GENERAL.with_suffix(".xml"))), clicks)
    assert np.median(errors) < 10.0


def test_pictures_that_are_trained_on_are_left_out(rooms, tmp_path):
    said = []
    sets = real_sets(rooms, [rooms / "room1" / "box"], say=said.append)
    assert len(sets["by hand"]) == 1 and "room1/box → room2/box, one click" in sets
    assert "1 pairs or scans are left out, the network learns from their pictures" in said[0]
    assert set(real_sets(rooms / "room1", [])) == {"box"}
    with pytest.raises(EvaluationError, match=r"gives no held-out pair.*box is trained on"):
        real_sets(rooms / "room1", [rooms / "room1"])
    with pytest.raises(EvaluationError, match=r"gives no held-out pair, expected pairs\.json"):
        real_sets(tmp_path, [])
    with pytest.raises(EvaluationError, match="is no folder"):
        real_sets(tmp_path / "none", [])


def test_scenes_of_a_bop_set_are_read(tmp_path):
    command = ["--out", str(tmp_path / "set"), "--views", "8", "--caps", "0-0", "--split", "test", "--size", "320x240"]
    assert generate.main([*command, "--jobs", "1", "--quiet"]) == 0
    (tmp_path / "set" / "manifest.json").unlink()
    sets = real_sets(tmp_path / "set" / "test", [], most=2)
    assert list(sets) == ["set"] and len(sets["set"]) == 2


def test_the_figure_leaves_the_curve_as_it_is_and_is_logged(rooms, tmp_path):
    config = load_config("don_contrastive", TINY)
    views = list(cap_views())
    sets = {"by hand": real_sets(rooms, [])["by hand"][:1]}
    said = []
    info = ModelInfo(normalise=config.network.normalise, input_scale=config.pairs.input_scale)
    watcher = RealFigure(sets, info, config.steps, said.append)
    fit(config, views, tmp_path / "plain", workers=0, progress=False)
    module = fit(config, views, tmp_path / "watched", workers=0, progress=False, watchers=[watcher])
    curves = [_losses(tmp_path / name) for name in ("plain", "watched")]
    assert curves[0] == curves[1] and len(curves[0]) == 2
    assert [step for step, _ in watcher.history] == [0, 1, 2, 3, 4] and said[0].startswith("step 0 of 4: ")
    assert all("within 10 px on held-out real pictures, n = 2" in text for text in said)
    assert "real_within_10_px" in next((tmp_path / "watched" / "logs").glob("*/metrics.csv")).read_text()
    # The last live figure is that of the network that comes out.
    save_network(tmp_path / "net.safetensors", shipped(module), info)
    errors = errors_of(network_predictor(DescriptorExtractor(tmp_path / "net.safetensors")), sets["by hand"])
    live = errors_of(unsaved_predictor(module.trained, info), sets["by hand"])
    assert np.median(np.abs(errors - live)) < 1.0


def _losses(run):
    import csv

    rows = csv.DictReader(next((run / "logs").glob("*/metrics.csv")).open())
    return [(row["step"], row["loss"]) for row in rows if row["loss"]]


def test_a_picture_that_cannot_be_read_ends_training_before_it_begins(rooms, tmp_path, capsys):
    real = tmp_path / "real"
    real.mkdir()
    (real / "x.png").write_bytes(b"no picture")
    pair = {"a": "x.png", "b": "x.png", "pixels_a": [[1, 1]], "pixels_b": [[1, 1]]}
    (real / "pairs.json").write_text(json.dumps({"set": [pair]}))
    assert train.main(["--data", "nowhere", "--out", str(tmp_path / "m.safetensors"), "--real", str(real)]) == 2
    assert "x.png" in capsys.readouterr().err


def test_the_card_is_made_from_the_header(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"x")
    info = ModelInfo(
        command="train --x",
        seeds={"train": 3},
        training=Training(
            "8 views of 2 objects (meshes, rendered)",
            "random weights",
            "hybrid: nt_xent 2",
            40,
            6,
            3.0,
            5.0,
            0.31,
            0.62,
        ),
    )
    card = path.with_suffix(".md")
    model_card.write_card(card, path, info, None, "nothing")
    text = card.read_text()
    for part in ("meshes, rendered", "3.0 of wall time, 5.0 of processor time", "| seeds | train 3 |", "40 of 6 pairs"):
        assert part in text
    assert "never tried on one" in text and "nearer than 0.31 m or farther than 0.62 m" in text and "caps, " not in text
    tried = replace(info, tried_on=(Trial("shelf", True, 100, 0.25, 31.0), Trial("desk", True, 50, 0.75, 4.0)))
    model_card.add_trials(card, tried)
    text = card.read_text()
    assert "| shelf | photographs | 100 | 25.0% | 31.0 |" in text and "never tried on one" not in text
    assert "shelf: 75% of 100 points are more than 10 px off" in text and "desk: " not in text
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    model_card.add_trials(card, tried)
    assert card.read_text() == text and headings[-1] == "## Licence" and len(set(headings)) == len(headings)


def test_evaluate_warns_until_a_network_was_tried_on_photographs(rooms, tmp_path, capsys):
    network = tmp_path / "net.safetensors"
    config = load_config("don_contrastive", TINY)
    module = fit(config, list(cap_views()), tmp_path / "run", workers=0, until=1, progress=False)
    save_network(network, shipped(module), ModelInfo(input_scale=0.5))
    assert evaluate.main(["--model", str(network), "--data", str(tmp_path)]) == 2  # no views there
    assert "was never tried on a photograph" in capsys.readouterr().err
    only_pairs = tmp_path / "pairs"
    only_pairs.mkdir()
    (only_pairs / "room1").symlink_to(rooms / "room1")
    pair = json.loads((rooms / "pairs.json").read_text())["by hand"][0]
    (only_pairs / "pairs.json").write_text(json.dumps({"by hand": [pair]}))
    command = ["--pictures", str(only_pairs), "--general", str(GENERAL.with_suffix(".xml")), "--no-controls", "--card"]
    second = shutil.copy(GENERAL, tmp_path / "second.safetensors")
    assert evaluate.main([*command, "--model", str(network), str(second), "--out", str(tmp_path / "out")]) == 0
    assert {t.points for t in load_info(second).tried_on if t.on == "by hand"} == {2}
    report = json.loads((tmp_path / "out" / "pictures.json").read_text())
    assert set(report["pairs"]["by hand"]) == {"net", "second"}  # the network of --general is among them: once
    trial = load_info(network).tried_on[0]
    assert trial.on == "by hand" and trial.points == 2 and load_info(network).tried_on_photographs
    assert f"| by hand | photographs | 2 | {trial.found:.1%} |" in network.with_suffix(".md").read_text()
    capsys.readouterr()
    assert evaluate.main(["--model", str(network), "--data", str(tmp_path)]) == 2
    assert "never tried" not in capsys.readouterr().err


def test_the_figure_over_all_sets_weighs_them_alike():
    mean = overall([Trial("a", True, 10, 0.2, 30.0), Trial("b", True, 90, 0.6, 10.0)])
    assert (mean.points, mean.found, mean.median_px) == (100, 0.4, 20.0)
