"""Memory: the estimate against sizes that can be counted, and the report around it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from dense_grasp_train.benchmarks import memory, memory_estimate, published
from dense_grasp_train.benchmarks.memory_estimate import WorstCase, estimate_inference, estimate_training
from dense_grasp_train.training.config import load_config
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.distributed._tools.mem_tracker import MemTracker

SIZE = (96, 64)
MATCHES = 24


def config(preset: str, dimension: int, **changes):
    small = {
        "batch": 1,
        "precision": "32",
        "network": {"backbone": "resnet18_layer3", "stride": 8, "dimension": dimension, "keypoints": 4},
        "pairs": {"crop": list(SIZE), "input_scale": 1.0, "matches": MATCHES},
    }
    return load_config(preset, {**small, **changes})


def parameters(dimension: int) -> int:
    from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig

    return sum(p.numel() for p in DescriptorNetwork(NetworkConfig("resnet18_layer3", dimension, 4, 8)).parameters())


def test_weights_gradients_and_moments_are_counted():
    # Images so large that the peak is in the backward pass: in Adam's own step its temporaries would count too.
    parts = estimate_training(config("tuned", 16, pairs={"crop": [640, 480], "input_scale": 1.0, "matches": MATCHES}))
    weights = 4 * parameters(16) / 1e9
    assert parts["parameter"] == pytest.approx(weights, rel=0.02)
    assert parts["optstate"] == pytest.approx(2 * weights, rel=0.02)
    assert parts["total"] > 3 * weights


def test_the_peak_is_that_of_torchs_own_tracker(monkeypatch):
    wanted = config("don_contrastive", 8)
    parts = estimate_training(wanted)
    monkeypatch.setattr(memory_estimate, "StepPeakTracker", MemTracker)
    assert estimate_training(wanted) == parts


def test_released_form_grows_with_the_tiles_and_the_matrix_product_does_not():
    tile = 64 * MATCHES * SIZE[0] * SIZE[1] * 4 / 1e9  # what 64 more channels add to one tiled tensor
    grown = {}
    for method in ("don_nt_xent_tiled", "don_nt_xent"):
        pixels = {"method": method, "baseline": {"grid": "pixels", "exclusion_cells": 0.0}}
        small, large = (estimate_training(config("don_nt_xent_tiled", d, **pixels))["total"] for d in (16, 80))
        grown[method] = large - small
    assert grown["don_nt_xent_tiled"] > 4 * tile
    assert grown["don_nt_xent"] < 0.2 * tile


@pytest.mark.parametrize("row", memory.rows((4,)), ids=lambda row: row.name)
def test_every_row_of_the_table_can_be_estimated(row):
    changes = dict(row.changes)
    small = {"network": {"backbone": "resnet18_layer3"}, "pairs": {"crop": list(SIZE), "matches": MATCHES}}
    for key, value in small.items():
        changes[key] = {**changes.get(key, {}), **value}
    assert 0.03 < estimate_training(replace(row, changes=changes).config(16, 8))["total"] < 1.0


def test_inference_upsampled_holds_the_descriptor_image():
    cells, full = (estimate_inference(config("paper", 512), upsample)["total"] for upsample in (False, True))
    assert full - cells > 0.8 * 512 * SIZE[0] * SIZE[1] * 4 / 1e9


def test_worst_case_keeps_every_row_and_reads_ones():
    with FakeTensorMode(), WorstCase():
        values, mask = torch.zeros(3, 4, 5), torch.zeros(3, 4)
        assert values[mask > 0].shape == (12, 5)
        assert bool((mask > 0).any()) and float(values.sum()) == 1.0


def figures(first: float, last: float) -> list[dict]:
    name = "the paper's method, 16 keypoints"
    return [
        {
            "row": name,
            "method": "keypoints",
            "dimension": dimension,
            "estimated_gb": size,
            "measured_gb": None,
            "published_gb": published.TRAINING_GIGABYTES.get((name, dimension)),
        }
        for dimension, size in ((64, first), (512, last))
    ]


@pytest.mark.parametrize("last, reached", [(2.05, True), (2.2, False), (4.1, False)])
def test_demand_is_growth_and_size(last, reached):
    first = 4.0 if last > 4 else 2.0
    (check,) = memory.demands(figures(first, last), memory.rows((16,)))
    assert check["reached"] is reached and check["growth"] == pytest.approx(last / first - 1, abs=1e-4)


def test_report_sets_the_published_figure_beside_the_estimate():
    text = memory.markdown(
        {
            "dimensions": (64, 512),
            "stride": 32,
            "cuda": None,
            "training": figures(2.0, 2.05),
            "inference": [{"network": "n", "cells_gb": 0.1, "upsampled_gb": 0.2, "latency": None, "cuda": None}],
            "demands": memory.demands(figures(2.0, 2.05), memory.rows((16,))),
            "machine": "2 cores",
            "versions": {"torch": "2"},
        }
    )
    assert "| the paper's method, 16 keypoints | 2.00 [3.80] | 2.05 [7.34] |" in text
    assert "no GPU here" in text and "+2.5% from D = 64 to 512" in text and "reached" in text


def test_every_row_of_the_table_has_a_configuration():
    table = memory.rows((16, 128))
    configs = [row.config(64, 32) for row in table]
    assert {c.method for c in configs} >= {"keypoints", "hybrid", "don_nt_xent", "don_nt_xent_tiled"}
    for one in configs:
        assert (one.network.backbone, one.batch, one.pairs.crop, one.precision) == ("resnet34", 1, (640, 480), "32")


def test_command_writes_report_and_plot(tmp_path, monkeypatch, capsys):
    def table(keypoints):
        return [memory.MemoryRow(f"n {keypoints[0]}", "paper", demanded=True), memory.MemoryRow("other", "paper")]

    monkeypatch.setattr(memory, "rows", table)
    monkeypatch.setattr(memory, "inference_table", lambda frames, advance: [])
    assert memory.main(["--out", str(tmp_path), "--dimensions", "64", "--frames", "0", "--quiet", "--demanded"]) == 0
    (figure,) = json.loads((tmp_path / "report.json").read_text())["training"]
    assert (figure["row"], figure["dimension"]) == ("n 16", 64) and 0.5 < figure["estimated_gb"] < 4.0
    assert (tmp_path / "memory.png").stat().st_size > 5000 and "n 16" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, message",
    [
        (["--dimensions", "0"], "--dimensions has 0, expected 1 or more"),
        (["--stride", "7"], "stride of resnet34 is 7"),
        (["--frames", "-1"], "--frames is -1"),
    ],
)
def test_wrong_options_are_named(options, message, capsys):
    assert memory.main(options) == 2
    assert message in capsys.readouterr().err
