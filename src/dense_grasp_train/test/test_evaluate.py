"""Test sets, report, calibration and their errors, on tiny views and an untrained network."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import views_of_caps
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_train.data.pair_geometry import depth_at_pixels, lift, project
from dense_grasp_train.evaluation import evaluate, evaluation_sets
from dense_grasp_train.evaluation.predictors import Prediction, descriptor_predictor, network_predictor
from dense_grasp_train.evaluation.run_predictors import measure
from dense_grasp_train.evaluation.summary import Summary
from dense_grasp_train.training import calibrate_scores, model_card
from dense_grasp_train.training.config import load_config

VIEWS = list(views_of_caps.cap_views())


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo(input_scale=0.5))
    return path


def test_augmented_pairs_are_full_images_with_matches_on_the_object():
    pair = next(evaluation_sets.augmented(VIEWS, 1, 0))
    assert pair.image_a.shape == pair.image_b.shape == (480, 640, 3)
    assert pair.pixels_a.shape == pair.pixels_b.shape == (evaluation_sets.MATCHES, 2)
    cells = np.rint(pair.pixels_b).astype(int)
    assert pair.mask_b[cells[:, 1], cells[:, 0]].all()


def test_the_same_seed_gives_the_same_pairs():
    first, again = (list(evaluation_sets.across(VIEWS[:4], VIEWS[4:], 2, 5)) for _ in range(2))
    assert all(
        np.array_equal(a.image_b, b.image_b) and np.array_equal(a.pixels_b, b.pixels_b) for a, b in zip(first, again)
    )
    other = next(evaluation_sets.across(VIEWS[:4], VIEWS[4:], 1, 6))
    assert not np.array_equal(first[0].image_b, other.image_b)


def test_view_change_needs_views_that_differ():
    with pytest.raises(evaluation_sets.EvaluationError, match="more views per object"):
        next(evaluation_sets.view_change(VIEWS[:1], 1, 0))


def test_a_perfect_predictor_scores_one_and_the_report_says_so(tmp_path):
    rows = {
        "this network": lambda pair, _: Prediction(pair.pixels_b, np.zeros(len(pair.pixels_b))),
        "same pixel": lambda pair, _: Prediction(pair.pixels_a),
    }
    outcomes, _ = measure(rows, {"augmented": evaluation_sets.augmented(VIEWS, 2, 0)})
    summary = Summary(outcomes, {}, ["this network"], [], {"augmented": 0.85})
    assert summary.reached and outcomes["augmented"]["same pixel"].figures.auc < 0.5
    assert not Summary(outcomes, {}, ["same pixel"], [], {"augmented": 0.85}).reached
    assert "| augmented | this network | 1.000 (≥ 0.85) |" in summary.table
    assert "2 pairs x 256 matches" in summary.table
    assert "| augmented | this network | 0.000 % | 0.000 % | 1.000 | 1.000 | 1.000 | 0.0 | 0.000 |" in summary.text
    assert summary.as_dict()["don"]["augmented"]["same pixel"]["closer_mean"] is None
    assert summary.plot(tmp_path) == ["pck.png", "don_closer.png", "don_3d.png"]
    assert all((tmp_path / name).stat().st_size > 1000 for name in ("pck.png", "don_closer.png", "don_3d.png"))


@pytest.mark.parametrize("make", [evaluation_sets.augmented, evaluation_sets.view_change])
def test_geometry_of_a_pair_takes_its_matches_into_each_other(make, monkeypatch):
    monkeypatch.setattr(evaluation_sets, "SMALLEST_CHANGE_DEG", 1.0)
    pair = next(make(VIEWS, 1, 0))
    g = pair.geometry
    points = lift(g.camera_matrix_a, pair.pixels_a, depth_at_pixels(g.depth_a, pair.pixels_a))
    assert np.isfinite(points).all(1).mean() > 0.95
    moved = project(g.camera_matrix_b, points @ g.b_from_a[:3, :3].T + g.b_from_a[:3, 3])
    error = np.linalg.norm(moved - pair.pixels_b, axis=1)
    assert np.nanmedian(error) < 1.5 and np.nanquantile(error, 0.9) < 6.0
    assert (np.isfinite(g.depth_b) & ~pair.mask_b).sum() == 0


def test_pairs_of_two_objects_have_no_motion():
    assert next(evaluation_sets.across(VIEWS[:4], VIEWS[4:], 1, 5)).geometry.b_from_a is None


def test_a_network_finds_its_own_pixels_in_the_same_image(model):
    pair = next(evaluation_sets.augmented(VIEWS, 1, 0))
    same = evaluation_sets.TestPair(pair.image_a, pair.image_a, pair.pixels_a[:8], pair.pixels_a[:8], pair.mask_b)
    found = network_predictor(DescriptorExtractor(model, backend="torch"))(same, np.random.default_rng(0))
    assert np.linalg.norm(found.pixels - same.pixels_a, axis=1).max() < 2.0
    assert (found.closer < 1e-3).all()


def test_closer_counts_the_pixels_that_are_nearer_than_the_truth():
    features = np.zeros((6, 8, 1), np.float32)
    features[:, :, 0] = np.arange(8)
    grid = DescriptorGrid.from_array(features, 8, (48, 64))
    pair = evaluation_sets.TestPair(*[np.zeros((48, 64, 3), np.uint8)] * 2, *[np.array([[31.5, 20.0]])] * 2, None)
    away = dataclasses.replace(pair, pixels_b=np.array([[63.0, 20.0]]))
    assert descriptor_predictor(lambda _: grid)(pair, None).closer[0] <= 2 / 64
    assert descriptor_predictor(lambda _: grid)(away, None).closer[0] > 0.7


def test_rows_are_named_by_their_files():
    a, b, c = Path("x/a.safetensors"), Path("x/b.safetensors"), Path("y/a.safetensors")
    assert evaluate.row_names([a], [b]) == {a: "this network", b: "b"}
    assert evaluate.row_names([a, b], [c]) == {a: "x/a", b: "b", c: "y/a"}
    with pytest.raises(evaluation_sets.EvaluationError, match="expected different files"):
        evaluate.row_names([a, b], [a])


def test_several_networks_get_mean_spread_and_comparison(model, tmp_path, monkeypatch, capsys):
    other, third = tmp_path / "other.safetensors", tmp_path / "third.safetensors"
    for seed, path in enumerate((other, third), start=1):
        torch.manual_seed(seed)
        save_model(path, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=4)), ModelInfo(input_scale=0.5))
    sets = {"augmented": lambda: evaluation_sets.augmented(VIEWS, 2, 0), "trained to unseen": lambda: _across(2)}
    monkeypatch.setattr(evaluate, "_sets", lambda _: ({name: make() for name, make in sets.items()}, "here"))
    monkeypatch.setattr(evaluate, "REQUIRED", {"augmented": 0.999})
    monkeypatch.setattr(evaluate, "DescriptorExtractor", partial(DescriptorExtractor, backend="torch"))
    options = ["--out", str(tmp_path / "out"), "--pairs", "2", "--no-controls"]
    command = ["--model", str(model), str(other), "--against", str(third), *options]
    assert evaluate.main(command) == 1
    printed = capsys.readouterr().out
    assert "| set | 2 networks |" in printed and "| set | pairs | AUC difference |" in printed
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    areas = [content["sets"]["augmented"][row]["auc"] for row in ("tiny", "other", "third")]
    assert content["over_models"]["augmented"]["auc"]["mean"] == pytest.approx(np.mean(areas[:2]))
    assert content["paired"]["augmented"]["difference"] == pytest.approx(np.mean(areas[:2]) - areas[2])
    # The tiny network has too few keypoints for a pose, and pairs of two objects have no motion.
    assert set(content["keypoints"]["augmented"]) == {"other", "third"}
    assert content["keypoints"]["trained to unseen"] == {}
    assert evaluate.main([*command, "--card"]) == 2


def _across(count):
    return evaluation_sets.across(VIEWS[:4], VIEWS[4:], count, 5)


def test_calibration_never_accepts_an_empty_image(model):
    result = calibrate_scores.calibrate(DescriptorExtractor(model, backend="torch"), VIEWS, images=6)
    assert result.false_finds == 0 and result.empty_queries == 6 * calibrate_scores.TAUGHT
    assert result.present_queries == 3 * calibrate_scores.TAUGHT
    assert 0.0 <= result.recall <= 1.0 and 0.8 <= result.ambiguity_ratio <= 0.99


def test_calibration_needs_two_objects(model):
    with pytest.raises(calibrate_scores.CalibrationError, match="fewer than 2 objects"):
        calibrate_scores.calibrate(DescriptorExtractor(model, backend="torch"), VIEWS[:4])
    with pytest.raises(calibrate_scores.CalibrationError, match="on 1 images, expected at least 2"):
        calibrate_scores.calibrate(DescriptorExtractor(model, backend="torch"), VIEWS, images=1)


def test_card_takes_the_figures_of_an_evaluation(model, tmp_path):
    result = calibrate_scores.Calibration(-1.0, 0.5, 0.9, 240, 1920, 0, 960, 0.93, 0.9, 0.95, 6.0)
    path = tmp_path / "model_card.md"
    record = model_card.training_record(load_config("hybrid"), "8 views", "random weights", (3.0, 5.0), (0.4, 0.8))
    model_card.write_card(path, model, ModelInfo(command="train --x", training=record), result, "2 views")
    model_card.add_figures(path, "| table |\n")
    text = path.read_text()
    for part in (
        "train --x",
        "0 of 1920 queries",
        "93.0%",
        "| table |",
        "## Where it is blind",
        "## Licence",
        "nt_xent 2",
    ):
        assert part in text


def test_wrong_model_and_wrong_data_are_errors(model, tmp_path, capsys):
    assert evaluate.main(["--model", str(tmp_path / "none.safetensors")]) == 2
    assert evaluate.main(["--model", str(model), "--data", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "none.safetensors does not exist" in message and "manifest.json does not exist" in message


def test_benchmark_reports_both_forms(model, tmp_path, capsys):
    from dense_grasp_train.benchmarks import perception as perception_benchmark

    row = perception_benchmark.compare_kernels(8, queries=3, dense_queries=2)
    assert row["same_argmax"] == row["of"] == 2 and row["largest_difference"] < 1e-3
    assert perception_benchmark.main(["--model", str(tmp_path / "none")]) == 2
    report = {
        "frames": {
            "x": {"median_ms": 1.0, "p95_ms": 2.0, "hz": 3.0, "n": 4, "backend": "b", "precision": "p", "stride_px": 8}
        },
        "kernels": [{**row, "dimension": 64}],
        "cores": 2,
    }
    assert "| D = 64 (≥ 10×) |" in perception_benchmark.table(report)
    json.dumps(report)
