"""Training: a few steps, the same curve with an interruption, and the file that comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import views_of_caps
from dense_grasp_core.descriptors.model_file import ModelInfo, load_model, save_model
from dense_grasp_train.training import train
from dense_grasp_train.training.config import ConfigError, load_config
from dense_grasp_train.training.fit import fit, shipped
from dense_grasp_train.training.lightning_module import learning_rate
from tiny_training import TINY, curve


def trained(run: Path, resume: Path | None = None, until: int | None = None, preset: str = "hybrid"):
    ramp = {"losses": {"pose_ramp_steps": 2}} if preset == "hybrid" else {}
    config = load_config(preset, {**TINY, **ramp})
    views = list(views_of_caps.cap_views())
    return fit(config, views, run, resume, workers=0, until=until, progress=False)


@pytest.mark.parametrize("preset", ["hybrid", "don_contrastive"])
def test_an_interrupted_run_ends_like_an_uninterrupted_one(tmp_path, preset):
    whole = trained(tmp_path / "whole", preset=preset)
    trained(tmp_path / "halves", until=2, preset=preset)
    resumed = trained(tmp_path / "halves", resume=tmp_path / "halves" / "last.ckpt", preset=preset)
    (steps, expected), (steps_resumed, found) = (zip(*curve(tmp_path / name)) for name in ("whole", "halves"))
    assert steps == steps_resumed and len(steps) == 2
    assert found == pytest.approx(expected, rel=1e-6)
    state, other = whole.trained.state_dict(), resumed.trained.state_dict()
    assert all(torch.allclose(state[key].float(), other[key].float(), rtol=1e-5, atol=1e-6) for key in state)

    path = tmp_path / "net.safetensors"
    network = shipped(resumed)
    save_model(path, network, ModelInfo(input_scale=0.5))
    image = torch.rand(1, 3, 64, 64)
    assert torch.allclose(load_model(path)[0].features(image), network.features(image), atol=1e-4)


def test_health_figures_are_logged(tmp_path):
    trained(tmp_path, until=2)
    header = next(tmp_path.glob("logs/*/metrics.csv")).read_text().splitlines()[0].split(",")
    for name in ("spread_px", "centre_only_error_px", "rotation_error_deg", "depth_range_m", "keypoint_error_px"):
        assert f"health_{name}" in header
    for name in ("silhouette", "variance", "separation", "consistency", "pose", "nt_xent"):
        assert f"loss_{name}" in header


def test_figures_go_to_tensorboard_too(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trained(tmp_path, until=2)
    events = EventAccumulator(str(tmp_path / "tensorboard" / "from_step_000000"))
    events.Reload()
    assert {"loss", "loss_pose", "health_spread_px", "health_depth_range_m"} <= set(events.Tags()["scalars"])
    expected = dict(curve(tmp_path))
    logged = {event.step: event.value for event in events.Scalars("loss")}
    assert logged == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("processor_has_it", "used"), [(True, "bf16-mixed"), (False, "32-true")])
def test_bf16_is_used_where_the_processor_multiplies_it(tmp_path, monkeypatch, processor_has_it, used):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: processor_has_it)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: False)
    config = load_config("don_contrastive", {**TINY, "precision": "bf16"})
    module = fit(config, list(views_of_caps.cap_views()), tmp_path, workers=0, until=1, progress=False)
    assert module.trainer.precision == used


def test_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none.ckpt does not exist"):
        trained(tmp_path, resume=tmp_path / "none.ckpt")


@pytest.mark.parametrize(
    "options, message",
    [
        (["--data", "nowhere", "--out", "x.safetensors"], "nowhere"),
        (["--data", "nowhere", "--out", "x.pt"], "expected a file name that ends in .safetensors"),
        (["--data", "nowhere", "--out", "x.safetensors", "--method", "magic"], "'magic', expected one of"),
    ],
)
def test_command_names_what_is_wrong(options, message, capsys):
    assert train.main(options) == 2
    assert message in capsys.readouterr().err


def test_split_holds_whole_objects_out():
    views = list(views_of_caps.cap_views())
    with pytest.raises(ConfigError, match="shows 2 objects"):
        train.split(views)


def test_rendered_views_of_a_scan_are_not_held_out():
    view, again = views_of_caps.cap_views()[:2]
    views = [replace(view, instance=number) for number in range(5)]
    views += [replace(again, instance=number, rendered=True) for number in range(5)]
    training, held_out = train.split(views)
    assert len(held_out) == 2 and not any(view.rendered for view in held_out)
    assert len(training) == 6 and sum(view.rendered for view in training) == 3


def test_the_recorded_command_leaves_out_what_does_not_change_the_result():
    options = train.parser().parse_args(
        ["--data", "a b", "--out", "m.safetensors", "--steps", "9", "--resume", "--threads", "1", "--quiet"]
    )
    expected = "ros2 run dense_grasp_train train --data 'a b' --out m.safetensors --method hybrid --steps 9"
    assert train.documented_command(options) == expected


def test_phases_change_options_and_start_the_rate_anew():
    phase = {"from_step": 10, "rate": 0.5, "losses": {"temperature": 0.05}, "pairs": {"recolour": 0.0}}
    changes = {"steps": 20, "phases": [phase], "optimiser": {"cosine_steps": 10, "warmup_steps": 0}}
    config = load_config("hybrid", {**TINY, **changes, "pairs": {"recolour": 1.0}})
    assert (config.pairs_at(9).recolour, config.pairs_at(10).recolour) == (1.0, 0.0)
    assert (config.losses_at(9).temperature, config.losses_at(10).temperature) == (config.losses.temperature, 0.05)
    rates = [learning_rate(config, step) for step in (0, 5, 10, 20)]
    assert rates == pytest.approx([1.0, 0.505, 0.5, 0.005])
