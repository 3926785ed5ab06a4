"""Settings that do nothing beside the others are refused, so that nobody trusts a value that training never reads.

A setting is refused where its value is not the default and no step of the run reads it. What a method reads at all it
declares itself (``Method.keys``); the conditions among the settings stand in ``RULES``, those among losses where the
registered terms declare them. A weight of 0 is never refused: it says of its term what is true. A run that an option
cuts short is a try of the whole plan, whose later phases may stand in its file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from dense_grasp_train.losses.terms import TERMS, LossTerm, settings_of
from dense_grasp_train.losses.terms.shared import ONE_OBJECT, UNIT_M, one_object
from dense_grasp_train.training.config import ConfigError, TrainConfig, settings

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


_STEP = "optimiser.schedule: step"
RULES = (
    Rule(("keep",), "a base, which only a run with --base has", lambda config: bool(config.base)),
    Rule(
        ("pairs.view_change_deg",),
        "pairs.view or pairs.instance above 0",
        lambda config: config.pairs.view + config.pairs.instance > 0,
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


def _rules() -> Iterator[Rule]:
    """RULES, and what the registered terms need."""
    yield from RULES
    for term in TERMS.values():
        if term.needs:
            yield Rule((f"losses.{term.name}",), term.needs, term.acts)
    for setting in settings_of(TERMS.values()):
        readers = [term for term in TERMS.values() if setting in term.settings]
        needs = _one_of(readers) if not setting.needs else f"{setting.needs}, and {_one_of(readers)}"
        yield Rule((f"losses.{setting.name}",), needs, partial(_read_by, readers, setting.acts))
    in_space = [term for term in TERMS.values() if UNIT_M in term.settings]
    needs = f"{ONE_OBJECT}, and {_one_of(in_space)}"
    moved = partial(_read_by, in_space, one_object)
    yield Rule(("pairs.motion",), needs, moved)
    yield Rule(
        ("pairs.motion_matches", "pairs.residual_limit"),
        f"pairs.motion: kabsch, {needs}",
        lambda config: config.pairs.motion == "kabsch" and moved(config),
    )


def _read_by(readers: list[LossTerm], acts: Callable[[TrainConfig], bool], config: TrainConfig) -> bool:
    return acts(config) and any(term.in_force(config) for term in readers)


def _one_of(readers: list[LossTerm]) -> str:
    """In words, that one of these terms is in force; those with the same needs together."""
    needs = list(dict.fromkeys(term.needs for term in readers))
    clauses = []
    for need in needs:
        names = " or ".join(f"losses.{term.name}" for term in readers if term.needs == need)
        clauses.append(f"{names} above 0" + (f" with {need}" if need else ""))
    return ", or ".join(clauses)


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
        terms = [term for name, term in TERMS.items() if f"losses.{name}" in reads[config.method]]
        if terms and not any(term.in_force(stage) for term in terms):
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
    if not stages or (key.removeprefix("losses.") in TERMS and value == 0):
        return
    method = stages[0].method
    if key.startswith(OF_METHODS) and key not in reads[method]:
        readers = [name for name, keys in reads.items() if key in keys]
        raise UnusedSettingError(
            key,
            f"{key} is {value!r}, which method {method} does not read: leave it out, or take a method that does "
            f"({', '.join(readers)})",
        )
    for rule in _rules():
        if key in rule.keys and not any(rule.acts(stage) for stage in stages):
            raise UnusedSettingError(
                key, f"{key} is {value!r}, which does nothing without {rule.needs}: leave it out, or set what it needs"
            )


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
