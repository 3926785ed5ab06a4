"""Presets load; wrong keys and values are named."""

from __future__ import annotations

import pytest
from dense_grasp_train.training.config import PRESETS, ConfigError, load_config


@pytest.mark.parametrize("preset", [path.stem for path in PRESETS.glob("*.yaml")])
def test_presets_load(preset):
    plain = preset.removesuffix("_short").removesuffix("_resnet34").removesuffix("_scan")
    method = {"paper": "keypoints", "tuned": "keypoints"}.get(plain, plain)
    assert load_config(preset).method == method


def test_paper_preset_is_the_paper():
    config = load_config("paper")
    losses, optimiser = config.losses, config.optimiser
    weights = (losses.silhouette, losses.separation, losses.consistency, losses.pose, losses.variance)
    assert weights == (1.0, 1.0, 1.0, 1.0, 1e-3)
    assert (losses.nt_xent, losses.depth_anchor, losses.found) == (0.0, 0.0, 0.0)
    assert (losses.margin_px, config.network.keypoints, config.network.backbone) == (10.0, 16, "resnet34")
    assert (optimiser.learning_rate, optimiser.schedule, optimiser.step_size, optimiser.gamma) == (
        1e-3,
        "step",
        2500,
        0.9,
    )
    assert (config.batch, config.pairs.motion, config.pairs.motion_matches, losses.huber_delta) == (
        1,
        "kabsch",
        24,
        1.0,
    )


def test_overrides_reach_nested_values():
    config = load_config("hybrid", {"steps": 5, "network": {"dimension": 32}})
    assert (config.steps, config.network.dimension, config.network.stride) == (5, 32, 4)


def test_unknown_preset_lists_the_valid_ones():
    with pytest.raises(ConfigError, match=r"'hybird', expected one of .*hybrid, .*paper, tuned"):
        load_config("hybird")


@pytest.mark.parametrize(
    "text, message",
    [
        ("stepz: 3", "stepz .* is unknown"),
        ("steps: many", "steps .* is 'many', expected a whole number"),
        ("losses: {pose: [1]}", r"losses.pose .* is \[1\], expected a number"),
        ("pairs: {crop: [1, 2, 3]}", "pairs.crop .* expected 2 whole numbers"),
        ("pairs: {input_scale: 0.7}", "pairs.input_scale is 0.7, expected one of 0.25, 0.5, 1.0"),
        ("steps: 0", "steps is 0, expected a number of at least 1"),
        ("- 1", "expected keys and values"),
        ("a: [", "cannot be read"),
    ],
)
def test_errors_name_key_value_and_expectation(tmp_path, text, message):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_config(path)


def test_scientific_notation_without_a_dot_is_a_number(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("losses: {variance: 1e-3}")
    assert load_config(path).losses.variance == 1e-3
