"""Every setting either does something to the training or is refused by name: for all keys, methods and combinations.

What a setting does is looked for where it acts: the network, the optimiser and its rates, the trainer's options, and
the images of real pairs with the objective's terms on them.
"""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
import torch
import views_of_caps
from dense_grasp_core.descriptors.network import NetworkOutput
from dense_grasp_train.data.pairs import PairError
from dense_grasp_train.methods import METHODS, create_method
from dense_grasp_train.training import typed_values
from dense_grasp_train.training.config import ConfigError, TrainConfig, load_config, presets, settings
from dense_grasp_train.training.lightning_module import learning_rate
from dense_grasp_train.training.ranges import RANGES, OneOf, range_of
from dense_grasp_train.training.unused_settings import UnusedSettingError

SMALL = {
    "batch": 2,
    "network": {"backbone": "resnet18_layer3", "stride": 8, "dimension": 6, "keypoints": 4},
    "pairs": {"crop": [64, 64], "input_scale": 0.5, "matches": 24},
}
ALL_TERMS = dict.fromkeys(("nt_xent", "localisation", "found", "depth_anchor"), 1.0)
#: For every method the settings around which each key is changed, and further ones that silence some of them.
COMBINATIONS = {
    **{method: {"method": method} for method in METHODS},
    "hybrid, all terms": {"method": "hybrid", "losses": ALL_TERMS},
    "hybrid, localisation alone": {
        "method": "hybrid",
        "losses": {
            **dict.fromkeys(("silhouette", "variance", "separation", "consistency", "pose"), 0.0),
            "localisation": 1.0,
        },
    },
    "hybrid, one pair a step": {"method": "hybrid", "batch": 1, "losses": {"nt_xent": 1.0}, "pairs": {"instance": 0.0}},
    "hybrid, two objects only": {
        "method": "hybrid",
        "losses": {"nt_xent": 1.0},
        "pairs": {"augmented": 0.0, "view": 0.0, "instance": 1.0},
    },
    "hybrid, in phases": {
        "method": "hybrid",
        "losses": ALL_TERMS,
        "phases": [{"from_step": 2, "losses": {"temperature": 0.05, "separation": 0.0}, "pairs": {"recolour": 0.2}}],
    },
    "keypoints, as the paper": {
        "method": "keypoints",
        "pairs": {"augmented": 1.0, "view": 0.0, "instance": 0.0, "motion": "kabsch"},
        "optimiser": {"schedule": "step", "gamma": 0.8},
    },
    "don_nt_xent, rate that never falls": {"method": "don_nt_xent", "optimiser": {"schedule": "step", "gamma": 1.0}},
}
METHOD_NEEDS = {
    "don_nt_xent_tiled": {"baseline": {"grid": "pixels"}},
    "laplacian_eigenmaps": {"network": {"normalise": False}},
}
SECTIONS = {key.partition(".")[0] for key, _ in settings(TrainConfig()) if "." in key}


def combination(name: str) -> dict:
    values = typed_values.merge(SMALL, COMBINATIONS[name])
    return typed_values.merge(values, METHOD_NEEDS.get(values["method"], {}))


def config_of(values: dict) -> TrainConfig:
    config = typed_values.build(TrainConfig, values, "the test")
    create_method(config)
    return config


def others(key: str, value):
    """Values unlike ``value`` that the key's range allows, far from it and near."""
    if isinstance(value, bool):
        return [not value]
    allowed = range_of(key)
    if isinstance(allowed, OneOf):
        return [other for other in allowed.values if other != value]
    if isinstance(value, tuple):
        if key == "pairs.crop":
            return [[96, 64]]
        return [[0.5 * value[0], 1.1 * value[1]]]
    whole, real = [value + 2, 2 * value + 1, value - 1, 1], [0.3 * value, 2.0 * value + 0.3, 0.9, 50.0, 1e-7]
    drawn = whole if isinstance(value, int) else real
    return [other for other in drawn if other in allowed and other != value]


@cache
def pairs_of(pairs, seed, stride, batch, steps, of_phases) -> list[dict[str, torch.Tensor]] | str:
    """The batches of a run's steps without its phases' losses; PairError where the views do not give them."""
    config = pairs_of.config
    dataset = create_method(config).dataset(list(views_of_caps.cap_views()))
    try:
        items = [dataset[number] for number in range(steps * batch)]
    except PairError as error:
        return str(error)
    starts = range(0, len(items), batch)
    return [{name: torch.stack([i[name] for i in items[s : s + batch]]) for name in items[0]} for s in starts]


def observed(config: TrainConfig) -> list:
    """All that tells one training from another in its first steps."""
    method, network, optimiser = create_method(config), config.network, config.optimiser
    seen: list = [
        (config.method, config.seed, config.steps, config.batch, config.precision, config.checkpoint_every),
        network,
        (optimiser.learning_rate, optimiser.weight_decay, optimiser.gradient_clip, optimiser.average_decay),
        [round(learning_rate(config, step), 9) for step in (1, *range(0, config.steps, 331), config.steps - 1)],
    ]
    phases = tuple((p.from_step, tuple(sorted(p.pairs.items()))) for p in config.phases)
    pairs_of.config = config
    kind = config.method == "laplacian_eigenmaps" and network.dimension
    batches = pairs_of(config.pairs, (config.seed, kind), network.stride, config.batch, 3 if phases else 2, phases)
    if isinstance(batches, str):
        return [*seen, batches]
    for step, batch in enumerate(batches):
        images = batch["image"].flatten(0, 1)
        grid = [-(-side // network.stride) for side in images.shape[-2:]]
        draw = torch.Generator().manual_seed(7)
        maps = [
            torch.randn(len(images), n, *grid, generator=draw) for n in (network.dimension, *2 * [network.keypoints])
        ]
        noise = torch.Generator().manual_seed(config.seed)
        objective = method.objective(NetworkOutput(maps[0], maps[1], maps[2].abs()), batch, step, noise)
        seen.append(hashlib.sha256(images.numpy().tobytes()).hexdigest())
        seen.append({name: objective.weights[name] * float(value) for name, value in objective.losses.items()})
    return seen


def differ(first: list, second: list) -> bool:
    return repr(first) != repr(second)


def with_value(values: dict, key: str, value) -> dict:
    section, _, name = key.rpartition(".")
    return typed_values.merge(values, {section: {name: value}} if section else {name: value})


def test_every_number_and_choice_has_a_range():
    plain = {key for key, value in settings(TrainConfig()) if isinstance(value, bool) or key in ("method",)}
    open_ended = {"network.backbone", "base"}  # the network itself, and the base's file, say which there are
    phases = {"phases.from_step", "phases.rate"}
    keys = {key for key, _ in settings(TrainConfig())} - plain - open_ended
    assert {key for key in keys if range_of(key) is None} == set()
    assert {key for key in keys if not key.startswith("losses.")} == set(RANGES) - phases


@pytest.mark.parametrize("name", COMBINATIONS)
def test_each_setting_acts_or_is_refused(name):
    values = combination(name)
    before, idle = observed(config_of(values)), []
    for key, value in settings(config_of(values)):
        if key in ("method", "base", "network.backbone", "network.stride"):
            continue  # names of other networks and objectives, which the network and METHODS look up
        outcomes = []
        for other in others(key, value):
            try:
                outcomes.append(differ(before, observed(config_of(with_value(values, key, other)))))
            except UnusedSettingError as error:
                assert key in str(error) and (error.key != key or str(other) in str(error))
                outcomes.append("refused")
            except ConfigError as error:
                assert key in str(error)  # refused for what it is: another grid than the method can use
                outcomes.append("refused")
            if True in outcomes:
                break
        whole = True in outcomes or set(outcomes) == {"refused"}
        mixed = {"refused", True} <= set(outcomes) and key not in VALUE_DEPENDENT
        if not whole or mixed:
            idle.append((key, value, others(key, value), outcomes))
    assert not idle, "settings that do nothing and are not refused, or are refused though they act"


#: Keys of which some values act and others are refused by what they are.
VALUE_DEPENDENT = {
    "pairs.augmented",  # the only share is 1
    "pairs.view",
    "pairs.instance",
    "pairs.motion_matches",  # no more than there are matches
    "baseline.exclusion_cells",  # contrastive: nothing within the match's own cell
}


@pytest.mark.parametrize("preset", presets())
def test_no_preset_has_a_setting_that_does_nothing(preset):
    create_method(load_config(preset))


def test_localisation_alone_is_a_term_of_hybrid_and_refused_elsewhere():
    terms = observed(config_of(combination("hybrid, localisation alone")))[-1]
    assert list(terms) == ["localisation"]
    with pytest.raises(UnusedSettingError) as caught:
        create_method(load_config("paper", {"losses": {"localisation": 1.0}}))
    assert str(caught.value) == (
        "losses.localisation is 1.0, which method keypoints does not read: leave it out, or take a method that does "
        "(hybrid)"
    )


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"losses": {"pose": -1.0}}, r"losses.pose is -1.0, expected a number of at least 0"),
        ({"losses": {"pose": float("nan")}}, r"losses.pose is nan, expected a number"),
        ({"pairs": {"zoom": [2.0, 1.0]}}, r"pairs.zoom is \[2.0, 1.0\], expected the smaller factor first"),
        ({"losses": {"found": 1.0, "foreign_points": 0}}, r"losses.found is 1.0, which does nothing without"),
        ({"losses": dict.fromkeys(("silhouette", "variance", "separation", "consistency", "pose"), 0.0)}, "no loss of"),
        ({"phases": [{"from_step": 3}, {"from_step": 3}]}, "phases.from_step is 3 twice"),
        ({"phases": [{"from_step": 3, "losses": {"found_cosine": 0.1}}]}, r"losses.found_cosine is 0.1, which does"),
        ({"phases": [{"from_step": 3, "losses": {"pose": -2.0}}]}, r"losses.pose is -2.0, expected"),
        ({"phases": [{"from_step": 3, "pairs": {"crop": [96, 64]}}]}, r"pairs.crop is \(96, 64\) from step 3 on"),
        ({"phases": [{"from_step": 3, "rate": 0.5}], "optimiser": {"schedule": "step"}}, r"phases.rate is 0.5"),
        ({"phases": [{"from_step": 3}], "optimiser": {"schedule": "step"}}, "from step 3 on changes nothing"),
        ({"method": "don_contrastive", "baseline": {"exclusion_cells": 0.2}}, r"exclusion_cells is 0.2 with"),
        ({"baseline": {"non_matches": 151}, "method": "don_contrastive"}, "non_matches is 151, expected an even"),
        ({"phases": [{"from_step": 3, "losses": {"match": 1.0}}]}, "losses.match in phases is unknown"),
    ],
)
def test_what_does_nothing_is_said_in_one_sentence(changes, message):
    with pytest.raises(ConfigError, match=message) as caught:
        config_of(typed_values.merge(SMALL, {"method": "hybrid", **changes}))
    assert "\n" not in str(caught.value)


def test_a_file_whose_phase_never_begins_is_refused_and_a_short_try_of_it_is_not(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("steps: 10\nphases: [{from_step: 10}]\n")
    with pytest.raises(ConfigError, match=r"phases.from_step in .* is 10 with steps 10, so that phase never begins"):
        load_config(path)
    assert load_config(path, {"steps": 5}).steps == 5


def test_a_share_of_the_batch_too_small_for_a_term_is_refused():
    config = config_of(combination("hybrid, all terms"))
    with pytest.raises(UnusedSettingError, match=r"losses.found is 1.0, which does nothing without .* a batch of two"):
        create_method(config, processes=2)
