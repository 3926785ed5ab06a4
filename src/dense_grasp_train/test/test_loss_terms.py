"""A term and a score that no module ships: one line registers each, then they are configured, trained and queried."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
import views_of_caps
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from dense_grasp_core.matching.locate import DescribedFrame, Limits, locate
from dense_grasp_core.matching.scores import SCORES, MatchScore, match_score
from dense_grasp_core.store import Row
from dense_grasp_train.losses.options import LossOptions
from dense_grasp_train.losses.term import DESCRIPTORS, LossTerm, Setting
from dense_grasp_train.losses.terms import TERMS
from dense_grasp_train.methods import create_method
from dense_grasp_train.training.calibrate_scores import calibrate
from dense_grasp_train.training.config import ConfigError, load_config
from dense_grasp_train.training.fit import fit, shipped
from dense_grasp_train.training.model_card import training_record
from dense_grasp_train.training.ranges import POSITIVE
from dense_grasp_train.training.unused_settings import UnusedSettingError

SMALL = {
    "steps": 2,
    "checkpoint_every": 1,
    "batch": 2,
    "precision": "32",
    "network": {"dimension": 8, "keypoints": 4, "normalise": False},
    "pairs": {"crop": [96, 96], "input_scale": 0.5, "matches": 32},
}
#: Lengths of descriptors near a wanted one.
WANTED = Setting("wanted_length", 1.0, POSITIVE)
LENGTH = LossTerm(
    "length",
    DESCRIPTORS,
    lambda inputs: (inputs.output.features.norm(dim=1) - inputs.options.wanted_length).square().mean(),
    0.0,
    (WANTED,),
)


@pytest.fixture
def length_term(monkeypatch):
    monkeypatch.setitem(TERMS, "length", LENGTH)


def with_length(**losses):
    return load_config("hybrid", {**SMALL, "losses": {"length": 100.0, "wanted_length": 3.0, **losses}})


def test_a_registered_term_is_trained_on(length_term, tmp_path):
    config = with_length()
    fit(config, list(views_of_caps.cap_views()), tmp_path, workers=0, progress=False)
    rows = list(csv.DictReader(next(tmp_path.glob("logs/*/metrics.csv")).open()))
    logged = [float(row["loss_length"]) for row in rows if row.get("loss_length")]
    assert logged and all(math.isfinite(value) for value in logged)
    record = training_record(config, "caps", "random", (1.0, 1.0), (0.3, 0.6))
    assert "length 100" in record.method and "nt_xent 2" in record.method
    assert load_config(tmp_path / "config.yaml", {"steps": 2}) == config


def test_its_weight_moves_the_network(length_term):
    """One step of descent on the objective's own gradient brings lengths nearer to what the setting wants."""
    import torch
    from dense_grasp_core.descriptors.network import NetworkOutput

    method = create_method(with_length())
    batch = method.dataset(list(views_of_caps.cap_views()))[0]
    batch = {name: value[None] for name, value in batch.items()}
    maps = torch.full((2, 8, 12, 12), 0.2, requires_grad=True)
    heads = torch.ones(2, 4, 12, 12)
    objective = method.objective(NetworkOutput(maps, heads, heads), batch, 0, torch.Generator().manual_seed(0))
    assert objective.weights["length"] == 100.0
    length = objective.losses["length"]
    assert length.item() == pytest.approx((math.sqrt(8 * 0.04) - 3.0) ** 2, rel=1e-5)
    (gradient,) = torch.autograd.grad(length, maps)
    assert (gradient < 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": 0.0}, "losses.wanted_length is 3.0, which does nothing without losses.length above 0"),
        ({"wanted_length": 0.0}, "losses.wanted_length is 0.0, expected a number above 0"),
        ({"length": -1.0}, "losses.length is -1.0, expected a number of at least 0"),
        ({"wanted_length": "long"}, "losses.wanted_length .* is 'long', expected a number"),
    ],
)
def test_its_weight_and_setting_are_checked_like_the_others(length_term, changes, message):
    with pytest.raises(ConfigError, match=message):
        create_method(with_length(**changes))


def test_a_method_that_does_not_sum_it_refuses_it(length_term):
    with pytest.raises(UnusedSettingError, match=r"losses.length is 1.0, which method keypoints does not read.*hybrid"):
        create_method(load_config("tuned", {"losses": {"length": 1.0}}))


def test_a_term_that_nobody_registered_is_unknown():
    with pytest.raises(ConfigError, match=r"losses.length in .* is unknown, expected one of .*nt_xent"):
        load_config("hybrid", {"losses": {"length": 1.0}})
    with pytest.raises(AttributeError, match=r"losses.length is declared by no registered term"):
        LossOptions().length  # noqa: B018
    with pytest.raises(AttributeError, match=r"losses.pose cannot be set"):
        LossOptions().pose = 2.0


def test_a_name_means_one_setting_and_no_weight():
    settings = [setting for term in TERMS.values() for setting in term.settings]
    assert len({setting.name for setting in settings}) == len(set(settings))
    assert not {setting.name for setting in settings} & set(TERMS)


def test_a_network_is_calibrated_and_queried_by_its_own_score(monkeypatch, tmp_path):
    """Twice the difference: the same order of matches, so the same recall, and a temperature higher by half of ln 2."""
    double = MatchScore("double", lambda grid, descriptor: 2.0 * match_score("gaussian").difference(grid, descriptor))
    monkeypatch.setitem(SCORES, "double", double)
    views = list(views_of_caps.cap_views())
    config = load_config("don_contrastive", {**SMALL, "network": {**SMALL["network"], "score": "double"}})
    network = shipped(fit(config, views, tmp_path, workers=0, progress=False))
    found = {}
    for score in ("gaussian", config.network.score):
        path = tmp_path / f"{score}.safetensors"
        save_model(path, network, ModelInfo(normalise=False, input_scale=0.5, score=score))
        found[score] = calibrate(DescriptorExtractor(path, backend="torch"), views, images=4)
    plain, doubled = found["gaussian"], found["double"]
    assert doubled.temperature - plain.temperature == pytest.approx(0.5 * math.log(2.0), abs=2e-4)
    assert (doubled.recall, doubled.correct) == (plain.recall, plain.correct)
    assert doubled.median_px == pytest.approx(plain.median_px, nan_ok=True)

    extractor = DescriptorExtractor(tmp_path / "double.safetensors", backend="torch")
    assert extractor.info.score == "double"
    image = views[0].rgb
    grid = DescriptorGrid.from_array(extractor(image), extractor.stride, image.shape[:2])
    v, u = image.shape[0] // 2, image.shape[1] // 2
    row = Row(1, "cap", "contact", grid.sample(u, v), extractor.model_id, 0.0, u, v, b"")
    camera = views_of_caps.CameraModel(image.shape[1], image.shape[0], 150.0, 150.0, u, v)
    frame = DescribedFrame(grid, np.full(image.shape[:2], 0.5, np.float32), camera, 0.0, extractor.model_id, np.eye(4))
    match = locate(
        frame,
        row,
        Limits(doubled.temperature, soft_window_px=0, match_score=match_score(extractor.info.score)),
        object_id="cap",
        keypoint="contact",
    )
    assert math.hypot(match.u - u, match.v - v) <= 1.0 and match.score > 0.99
