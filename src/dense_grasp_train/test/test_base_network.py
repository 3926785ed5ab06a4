"""train --base: a frozen network and a residual head, which begins as the base and learns on what it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scanned_box as box
import tiny_training
import torch
import yaml
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, load_info, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig, NetworkConfigError
from dense_grasp_train.data.pair_pool import FROZEN, PairPool
from dense_grasp_train.methods import METHODS, create_method
from dense_grasp_train.methods.base import change_off_object
from dense_grasp_train.training import train
from dense_grasp_train.training.base_network import load_base
from dense_grasp_train.training.config import ConfigError, load_config
from dense_grasp_train.training.fit import fit, shipped
from scan_of_box import write_scan
from views_of_caps import cap_views

VIEWS = list(cap_views())
TINY = {**tiny_training.TINY, "pairs": {"crop": [64, 64], "matches": 32, "pool": 4}}
TINY["optimiser"] = {**TINY["optimiser"], "learning_rate": 1e-3}
del TINY["network"]


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """An EfficientNet-Lite0 of random weights, as a file."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig("efficientnet_lite0", 152, 1, 8)).eval(), ModelInfo())
    return path


def configured(base: Path, preset: str = "don_nt_xent", **changes):
    return load_config(preset, {**TINY, "base": str(base), "precision": "32", **changes})


def trained(base: Path, run: Path, preset: str = "don_nt_xent", resume=None, until=None, say=print, **changes):
    return fit(configured(base, preset, **changes), VIEWS, run, resume, 0, until, progress=False, say=say)


def test_what_lies_beside_the_object_is_held_to_the_base():
    frozen, mask = torch.randn(2, 8, 3, 4), torch.zeros(2, 3, 4)
    mask[:, 1] = 1.0
    on_object = frozen.clone()
    on_object[:, :, 1] += 1.0
    assert float(change_off_object(on_object, 2 * frozen, mask)) == pytest.approx(0.0, abs=1e-6)
    assert float(change_off_object(-frozen, frozen, mask)) == pytest.approx(4.0)


def test_it_begins_with_the_descriptors_of_its_base(base):
    network = DescriptorNetwork(NetworkConfig("efficientnet_lite0_residual", 152, 4, 8))
    load_base(network, str(base))
    image = torch.rand(1, 3, 72, 96)
    assert torch.equal(network.eval().features(image), load_model(base)[0].features(image))
    assert torch.equal(network.train().features(image), network.eval().features(image))
    assert not any(parameter.requires_grad for parameter in network.backbone.base.parameters())
    with pytest.raises(NetworkConfigError, match="expected 152: it adds to the features of its base"):
        NetworkConfig("efficientnet_lite0_residual", 64)


@pytest.mark.parametrize("preset", sorted({"hybrid", "don_nt_xent", "don_contrastive", "don_distribution"}))
def test_every_method_on_cells_lowers_its_loss_on_a_batch(base, preset):
    config = configured(base, preset, phases=[])
    method = create_method(config)
    network = DescriptorNetwork(NetworkConfig("efficientnet_lite0_residual", 152, config.network.keypoints, 8)).train()
    load_base(network, str(base))
    method.prepare(network)
    pool = PairPool(method.dataset(VIEWS), network.backbone)
    batch = {key: torch.stack([pool[0][key], pool[1][key]]) for key in pool[0]}
    optimiser = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], 1e-3)
    losses = []
    for _ in range(6):
        loss = method.run(network, batch, 0, torch.Generator().manual_seed(0)).total
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    assert all(parameter.grad is None for parameter in network.backbone.base.parameters())


def test_kept_features_give_what_pictures_give(base):
    config = configured(base)
    method = create_method(config)
    network = DescriptorNetwork(NetworkConfig("efficientnet_lite0_residual", 152, 1, 8)).eval()
    load_base(network, str(base))
    item = PairPool(method.dataset(VIEWS), network.backbone)[0]
    batch = {key: value[None] for key, value in item.items()}
    with torch.no_grad():
        kept = method.run(network, batch, 0, torch.Generator().manual_seed(0)).total
        del batch[FROZEN]
        seen = method.run(network, batch, 0, torch.Generator().manual_seed(0)).total
    assert float(kept) == pytest.approx(float(seen), rel=5e-3)  # float16 is kept


def test_a_pool_repeats_its_pairs_and_makes_anew_what_memory_does_not_hold(base):
    network = load_model(base)[0]
    assert network.config.backbone == "efficientnet_lite0"
    pairs, said = create_method(configured(base)).dataset(VIEWS), []
    whole = PairPool(pairs, None, said.append)
    assert whole[1] is whole[5] and not torch.equal(whole[1]["image"], whole[2]["image"])
    size = sum(value.nbytes for value in whole[0].values())
    tight = PairPool(pairs, None, said.append, memory=1.5 * size)
    assert tight[0] is tight[4] and tight[1] is not tight[5]
    assert torch.equal(tight[1]["image"], whole[1]["image"])
    assert "all are kept in memory" in said[0] and "memory for 1, the others are made anew" in said[1]


def test_an_interrupted_run_ends_like_an_uninterrupted_one(base, tmp_path):
    whole = trained(base, tmp_path / "whole")
    trained(base, tmp_path / "halves", until=2)
    resumed = trained(base, tmp_path / "halves", resume=tmp_path / "halves" / "last.ckpt")
    expected, found = (tiny_training.curve(tmp_path / name) for name in ("whole", "halves"))
    assert [step for step, _ in expected] == [step for step, _ in found]
    assert [loss for _, loss in found] == pytest.approx([loss for _, loss in expected], rel=1e-6)
    state, other = shipped(whole).state_dict(), shipped(resumed).state_dict()
    assert all(torch.allclose(state[key].float(), other[key].float(), rtol=1e-3, atol=1e-5) for key in state)
    frozen = load_model(base)[0].backbone.state_dict()
    assert all(torch.equal(value, other[f"backbone.base.{key}"]) for key, value in frozen.items())


def test_a_checkpoint_of_another_base_is_refused(base, tmp_path):
    copy = tmp_path / "own.safetensors"
    copy.write_bytes(base.read_bytes())
    trained(copy, tmp_path / "run", until=2)
    torch.manual_seed(1)
    save_model(copy, DescriptorNetwork(NetworkConfig("efficientnet_lite0", 152, 1, 8)).eval(), ModelInfo())
    with pytest.raises(ConfigError, match="was trained on the base with model id"):
        trained(copy, tmp_path / "run", resume=tmp_path / "run" / "last.ckpt")


def test_the_command_writes_one_network_that_serves_like_any(base, tmp_path, capsys, scans):
    settings, out = tmp_path / "tiny.yaml", tmp_path / "m.safetensors"
    pairs = {**TINY["pairs"], "augmented": 0.5, "view": 0.5}
    settings.write_text(yaml.safe_dump({"method": "don_nt_xent", **TINY, "steps": 2, "pairs": pairs}))
    command = ["--captures", str(scans), "--base", str(base), "--config", str(settings), "--out", str(out)]
    assert train.main([*command, "--run", str(tmp_path / "run"), "--threads", "1", "--quiet"]) == 0
    assert "4 pairs are drawn again and again" in capsys.readouterr().out
    info = load_info(out)
    assert info.config == NetworkConfig("efficientnet_lite0_residual", 152, info.config.keypoints, 8)
    assert f"base (model {load_info(base).model_id}, efficientnet_lite0), frozen" in info.training.start
    assert f"--base {base}" in info.command
    image = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    served = DescriptorExtractor(out)(image)
    with torch.no_grad():
        features = load_model(out)[0].features(torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0)
    unit = torch.nn.functional.normalize(features, dim=1)[0].permute(1, 2, 0).numpy()
    # A processor with bfloat16 serves in it.
    assert np.sum(served * unit, axis=2).min() > 0.999
    card = out.with_suffix(".md").read_text()
    assert "frozen; a residual head is trained" in card and "weights of the\nnetwork that it was trained on" in card


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """A scan <folder>/box."""
    folder = tmp_path_factory.mktemp("scans")
    write_scan(folder, [box.pose_from(azimuth, 30) for azimuth in (0, 20)], 0)
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base": "nowhere"}, "base is 'nowhere': model file models/nowhere.safetensors does not exist"),
        ({"network": {"dimension": 64}}, "network.dimension is 64 beside base .*, expected 152 as the base needs it"),
        ({"network": {"backbone": "resnet34"}}, "network.backbone is 'resnet34' beside base"),
        ({"phases": [{"from_step": 2, "pairs": {"recolour": 0.1}}]}, "pairs.pool is 4 with phases that change pairs"),
    ],
)
def test_what_does_not_fit_the_base_is_named(base, changes, message):
    with pytest.raises(ConfigError, match=message):
        configured(**{"base": base, **changes})


def test_a_base_of_another_architecture_is_refused(tmp_path):
    path = tmp_path / "resnet.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo())
    with pytest.raises(ConfigError, match=r"a resnet18_layer3 .*, expected a network of efficientnet_lite0"):
        configured(path)


def test_settings_follow_from_the_base(base):
    assert {"hybrid", "don_nt_xent"} <= set(METHODS)
    for config in (configured(base, "hybrid", phases=[]), configured(base, "don_nt_xent_short")):
        assert (config.network.backbone, config.network.stride) == ("efficientnet_lite0_residual", 8)
        assert config.network.dimension == 152 and config.pairs.input_scale == 1.0


def test_scans_are_learnt_on_the_general_network_unless_told_otherwise(base, tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "general.safetensors").write_bytes(base.read_bytes())
    monkeypatch.chdir(tmp_path)

    def asked(*words):
        return train.configuration(train.parser().parse_args([*words, "--out", "m.safetensors"]))

    scans = asked("--captures", "scan")
    assert (scans.base, scans.method, scans.keep > 0) == ("general", "don_nt_xent", True)
    assert not asked("--captures", "scan", "--method", "don_nt_xent_short").base and not asked("--data", "set").base
    assert asked("--data", "set", "--base", "general").network.backbone == "efficientnet_lite0_residual"
    command = train.documented_command(train.parser().parse_args(["--captures", "scan", "--out", "m.safetensors"]))
    assert "--method don_nt_xent_scan" in command and "--base general" in command
