"""Settings that do nothing beside the others are refused, so that nobody trusts a value that training never reads.

A setting is refused where its value is not the default and no step of the run reads it. What a method reads at all it
declares itself (``Method.reads``); the conditions among the settings stand in ``RULES``. A weight of 0 is never
refused: it says of its term what is true. A run that an option cuts short is a try of the whole plan, whose later
phases may stand in its file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dense_grasp_train.training.config import ConfigError, TrainConfig, settings

CONTRASTIVE_TERMS = ("nt_xent", "localisation", "found")
KEYPOINT_TERMS = ("silhouette", "variance", "separation", "consistency", "pose", "depth_anchor")
WEIGHTS = frozenset(f"losses.{name}" for name in (*KEYPOINT_TERMS, *CONTRASTIVE_TERMS))
#: Keys that a method reads or does not; every other key is read with each of them.
OF_METHODS = ("losses.", "baseline.", "pairs.motion", "pairs.residual_limit")


class UnusedSettingError(ConfigError):
    """A setting that does nothing beside the others. key: its name."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True)
class Rule:
    """The settings ``keys`` do something while ``acts`` holds for a configuration; ``needs`` says so in words."""

    keys: tuple[str, ...]
    needs: str
    acts: Callable[[TrainConfig], bool]


def _one_object(config: TrainConfig) -> bool:
    return config.pairs.augmented + config.pairs.view > 0


def _poses(config: TrainConfig) -> bool:
    return _one_object(config) and (config.losses.consistency > 0 or config.losses.pose > 0)


def _metres(config: TrainConfig) -> bool:
    return _poses(config) or config.losses.depth_anchor > 0


def _motion(config: TrainConfig) -> bool:
    return _one_object(config) and _metres(config)


def _keypoint_terms(config: TrainConfig) -> bool:
    losses = config.losses
    return losses.silhouette + losses.variance + losses.separation > 0 or _metres(config)


def _found(config: TrainConfig) -> bool:
    return config.batch > 1 and config.losses.foreign_points > 0


def _foreign(config: TrainConfig) -> bool:
    return config.batch > 1 and config.losses.nt_xent + config.losses.found > 0


_ONE_OBJECT = "pairs of one object (pairs.augmented or pairs.view above 0)"
_POSES = f"losses.consistency or losses.pose above 0, and {_ONE_OBJECT}"
_METRES = f"losses.depth_anchor above 0, or {_POSES}"
_STEP = "optimiser.schedule: step"
RULES = (
    Rule(("keep",), "a base, which only a run with --base has", lambda config: bool(config.base)),
    Rule(
        ("pairs.view_change_deg",),
        "pairs.view or pairs.instance above 0",
        lambda config: config.pairs.view + config.pairs.instance > 0,
    ),
    Rule(("pairs.motion",), f"{_ONE_OBJECT} and losses.consistency, losses.pose or losses.depth_anchor", _motion),
    Rule(
        ("pairs.motion_matches", "pairs.residual_limit"),
        f"pairs.motion: kabsch, {_ONE_OBJECT} and losses.consistency, losses.pose or losses.depth_anchor",
        lambda config: config.pairs.motion == "kabsch" and _motion(config),
    ),
    Rule(("losses.consistency", "losses.pose"), _ONE_OBJECT, _one_object),
    Rule(
        ("losses.pose_ramp_steps", "losses.pose_noise_m"),
        f"losses.pose above 0 and {_ONE_OBJECT}",
        lambda config: _one_object(config) and config.losses.pose > 0,
    ),
    Rule(
        ("losses.huber_delta",),
        f"losses.depth_anchor above 0, or losses.consistency above 0 and {_ONE_OBJECT}",
        lambda config: config.losses.depth_anchor > 0 or (_one_object(config) and config.losses.consistency > 0),
    ),
    Rule(("losses.unit_m", "losses.depth_scale_m"), _METRES, _metres),
    Rule(
        ("losses.margin_px", "losses.relative_separation"),
        "losses.separation above 0",
        lambda config: config.losses.separation > 0,
    ),
    Rule(("losses.upsample",), f"the weight of a keypoint loss above 0: {', '.join(KEYPOINT_TERMS)}", _keypoint_terms),
    Rule(
        ("losses.temperature", "losses.exclusion_cells"),
        "losses.nt_xent above 0",
        lambda config: config.losses.nt_xent > 0,
    ),
    Rule(
        ("losses.localisation_temperature", "losses.localisation_sigma"),
        "losses.localisation above 0",
        lambda config: config.losses.localisation > 0,
    ),
    Rule(("losses.found",), "losses.foreign_points above 0 and a batch of two or more pairs", _found),
    Rule(
        ("losses.found_cosine", "losses.found_sharpness"),
        "losses.found and losses.foreign_points above 0, and a batch of two or more pairs",
        lambda config: _found(config) and config.losses.found > 0,
    ),
    Rule(
        ("losses.foreign_points",),
        "losses.nt_xent or losses.found above 0, and a batch of two or more pairs",
        _foreign,
    ),
    Rule(
        ("optimiser.cosine_steps",),
        "optimiser.schedule: cosine",
        lambda config: config.optimiser.schedule == "cosine",
    ),
    Rule(("optimiser.gamma",), _STEP, lambda config: config.optimiser.schedule == "step"),
    Rule(
        ("optimiser.step_size",),
        f"{_STEP} and an optimiser.gamma other than 1",
        lambda config: config.optimiser.schedule == "step" and config.optimiser.gamma != 1.0,
    ),
)


def refuse_unused(config: TrainConfig, reads: Mapping[str, frozenset[str]], processes: int = 1) -> None:
    """Raises UnusedSettingError for the first setting that does nothing.

    Args:
        reads: of each method, the keys among OF_METHODS that it reads.
        processes: so many share each batch out, and each has an objective of its own.
    """
    default = dict(settings(TrainConfig()))
    stages = list(_stages(dataclasses.replace(config, batch=config.batch // processes)))
    _check_phases(config)
    for key, value in settings(config):
        if value != default[key]:
            _check(key, value, [stage for changes, stage in stages if key not in changes], reads)
    for changes, stage in stages:
        for key, value in changes.items():
            _check(key, value, [stage], reads)
        if set(reads[config.method]) & WEIGHTS and not _terms(stage):
            raise ConfigError(
                f"no loss of method {config.method} has a weight above 0, expected at least one of losses"
            )
    _check_only_share(config)
    if config.pairs.motion == "kabsch" and config.pairs.motion_matches > config.pairs.matches:
        raise UnusedSettingError(
            "pairs.motion_matches",
            f"pairs.motion_matches is {config.pairs.motion_matches} of pairs.matches {config.pairs.matches}: "
            "expected at most as many, or raise pairs.matches",
        )


def _stages(config: TrainConfig) -> Iterator[tuple[dict[str, Any], TrainConfig]]:
    """For the start and every phase: the keys that it changes, and what then holds."""
    yield {}, dataclasses.replace(config, phases=())
    for phase in config.phases:
        stage = config.at(phase.from_step)
        values = dict(settings(stage))
        names = [f"pairs.{name}" for name in phase.pairs] + [f"losses.{name}" for name in phase.losses]
        yield {name: values[name] for name in names}, stage


def _check(key: str, value: Any, stages: list[TrainConfig], reads: Mapping[str, frozenset[str]]) -> None:
    """Refuse ``key`` unless one of the ``stages`` reads it."""
    if not stages or (key in WEIGHTS and value == 0):
        return
    method = stages[0].method
    if key.startswith(OF_METHODS) and key not in reads[method]:
        readers = [name for name, keys in reads.items() if key in keys]
        raise UnusedSettingError(
            key,
            f"{key} is {value!r}, which method {method} does not read: leave it out, or take a method that does "
            f"({', '.join(readers)})",
        )
    for rule in RULES:
        if key in rule.keys and not any(rule.acts(stage) for stage in stages):
            raise UnusedSettingError(
                key, f"{key} is {value!r}, which does nothing without {rule.needs}: leave it out, or set what it needs"
            )


def _terms(config: TrainConfig) -> bool:
    """Whether the objective of a method that reads weights has any term."""
    losses = config.losses
    return _keypoint_terms(config) or losses.nt_xent + losses.localisation > 0 or (losses.found > 0 and _found(config))


def _check_phases(config: TrainConfig) -> None:
    if config.optimiser.schedule != "step":
        return
    for phase in config.phases:
        if phase.rate != 1.0:
            raise UnusedSettingError(
                "phases.rate",
                f"phases.rate is {phase.rate} from step {phase.from_step} on, which does nothing with "
                "optimiser.schedule: step, whose rate falls by optimiser.gamma alone: leave it out, or take cosine",
            )
        if not phase.pairs and not phase.losses:
            raise UnusedSettingError(
                "phases.from_step",
                f"the phase from step {phase.from_step} on changes nothing: give it pairs or losses, or take it out",
            )


def _check_only_share(config: TrainConfig) -> None:
    shares = {key: value for key in ("augmented", "view", "instance") if (value := getattr(config.pairs, key)) > 0}
    if len(shares) == 1 and set(shares.values()) != {1.0}:
        key, value = next(iter(shares.items()))
        raise UnusedSettingError(
            f"pairs.{key}",
            f"pairs.{key} is {value}, and the other shares are 0: write 1.0, all pairs are of its kind",
        )
