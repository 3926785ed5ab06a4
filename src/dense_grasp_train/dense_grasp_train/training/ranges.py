"""Which values each setting of a training can have, said once: for the check and for the tests."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dense_grasp_core.matching.scores import SCORES

from dense_grasp_train.training.typed_values import ConfigError

FEWEST_MATCHES = 24


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, finite; ``above``: not ``low`` itself. step: they are multiples of it."""

    low: float = 0.0
    high: float = math.inf
    above: bool = False
    step: int = 1

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
            return False
        if isinstance(value, int) and value % self.step:
            return False
        return self.low < value <= self.high if self.above else self.low <= value <= self.high

    def __str__(self) -> str:
        kind = "an even number" if self.step == 2 else "a number"
        least = f"{kind} {'above' if self.above else 'of at least'} {self.low:g}"
        return least if math.isinf(self.high) else f"{least} and at most {self.high:g}"


@dataclass(frozen=True)
class OneOf:
    """Any of ``values``, as they are when asked."""

    values: Collection[Any]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.values))


ANY = Range()
POSITIVE = Range(above=True)
SHARE = Range(0.0, 1.0)
AT_LEAST_ONE = Range(1)

#: Every number and every choice but those of losses by its key, lists by their elements; what a network can be
#: NetworkConfig says.
RANGES: dict[str, Range | OneOf] = {
    "keep": ANY,
    "steps": AT_LEAST_ONE,
    "seed": ANY,
    "batch": AT_LEAST_ONE,
    "precision": OneOf(("bf16", "32")),
    "checkpoint_every": AT_LEAST_ONE,
    "network.dimension": AT_LEAST_ONE,
    "network.keypoints": AT_LEAST_ONE,
    "network.stride": AT_LEAST_ONE,
    "network.score": OneOf(SCORES),
    "pairs.crop": Range(32),
    "pairs.input_scale": OneOf((0.25, 0.5, 1.0)),
    "pairs.augmented": ANY,
    "pairs.view": ANY,
    "pairs.instance": ANY,
    "pairs.matches": Range(FEWEST_MATCHES),
    "pairs.rotation_deg": Range(0, 180),
    "pairs.zoom": POSITIVE,
    "pairs.margin": Range(0, 0.5),
    "pairs.photometric": Range(0, 2),
    "pairs.as_rendered": SHARE,
    "pairs.recolour": SHARE,
    "pairs.occlusion": SHARE,
    "pairs.view_change_deg": Range(0, 180, above=True),
    "pairs.motion": OneOf(("exact", "kabsch")),
    "pairs.motion_matches": Range(3),
    "pairs.residual_limit": POSITIVE,
    "pairs.pool": ANY,
    "baseline.grid": OneOf(("cells", "pixels")),
    "baseline.temperature": POSITIVE,
    "baseline.exclusion_cells": ANY,
    "baseline.margin": POSITIVE,
    "baseline.non_matches": Range(2, step=2),
    "baseline.sigma_px": POSITIVE,
    "baseline.background": ANY,
    "optimiser.learning_rate": POSITIVE,
    "optimiser.weight_decay": ANY,
    "optimiser.schedule": OneOf(("cosine", "step")),
    "optimiser.warmup_steps": ANY,
    "optimiser.cosine_steps": ANY,
    "optimiser.step_size": AT_LEAST_ONE,
    "optimiser.gamma": POSITIVE,
    "optimiser.gradient_clip": ANY,
    "optimiser.average_decay": SHARE,
    "phases.from_step": Range(2),
    "phases.rate": POSITIVE,
}


def range_of(key: str) -> Range | OneOf | None:
    """The range of a key; weights and settings of losses have theirs where the term declares them. None: anything."""
    section, _, name = key.partition(".")
    if section != "losses":
        return RANGES.get(key)
    from dense_grasp_train.losses.terms import TERMS, settings_of  # its modules use the ranges above

    if name in TERMS:
        return ANY
    return next((setting.allowed for setting in settings_of(TERMS.values()) if setting.name == name), None)


def check_range(key: str, value: Any) -> None:
    """Raises ConfigError for a value outside the range of ``key``; one without a range may be anything."""
    allowed = range_of(key)
    if allowed is None:
        return
    for item in value if isinstance(value, (tuple, list)) else (value,):
        if item not in allowed:
            raise ConfigError(f"{key} is {value!r}, expected {allowed}")
