"""Training configuration: frozen dataclasses filled from a YAML preset or file; unknown keys and types are errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from dense_grasp_core.matching.scores import DEFAULT_SCORE
from dense_grasp_core.typed_fields import ValueMismatch

from dense_grasp_train.losses.options import LossOptions
from dense_grasp_train.training.base_network import check_base, laid_on_base
from dense_grasp_train.training.ranges import check_range
from dense_grasp_train.training.typed_values import ConfigError, build, changed, merge

__all__ = [
    "PRESETS",
    "BaselineOptions",
    "ConfigError",
    "LossOptions",
    "NetworkOptions",
    "OptimiserOptions",
    "PairOptions",
    "PhaseOptions",
    "TrainConfig",
    "load_config",
    "presets",
    "settings",
]
PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class NetworkOptions:
    """Architecture; see ``dense_grasp_core.descriptors.network.NetworkConfig``.

    score: how its descriptors are compared where it is calibrated, evaluated and used, one of
    ``dense_grasp_core.matching.scores``.
    """

    backbone: str = "resnet18_layer3"
    dimension: int = 64
    keypoints: int = 64
    stride: int = 8
    normalise: bool = True
    score: str = DEFAULT_SCORE


@dataclass(frozen=True)
class PairOptions:
    """How image pairs are made. Pixels are camera pixels; the network sees them shrunk by ``input_scale``.

    augmented, view, instance: shares of the three kinds of pairs (one view warped twice; two views of one object; two
    objects). motion: "exact" (the warp is a camera change) or "kabsch" (the paper: same K, least squares over
    ``motion_matches`` matches, pairs above ``residual_limit`` of the object's size rejected).
    zoom: how large the object may become, as factors to its size in the view, at 640 px width where it is wider.
    margin: how much of the object's box may stick out of the crop. as_rendered: share of images that keep the
    surroundings they were rendered in (mirrored beyond the border). recolour: share of pairs whose objects get new
    colours part by part. occlusion: share of images with something lying over the object. pool: so many different
    pairs, drawn again and again; 0: every pair is new.
    """

    crop: tuple[int, int] = (320, 320)
    input_scale: float = 0.5
    augmented: float = 0.2
    view: float = 0.3
    instance: float = 0.5
    matches: int = 128
    rotation_deg: float = 180.0
    zoom: tuple[float, float] = (0.75, 1.35)
    margin: float = 0.1
    photometric: float = 1.0
    as_rendered: float = 0.3
    recolour: float = 0.5
    occlusion: float = 0.15
    view_change_deg: float = 60.0
    motion: str = "exact"
    motion_matches: int = 24
    residual_limit: float = 0.02
    pool: int = 0


@dataclass(frozen=True)
class BaselineOptions:
    """What the methods that learn from correspondences or from a mesh are made of; each reads its own values.

    grid: what a query is compared with in NT-Xent and in the distribution loss, "cells" (their centres and one random
    point in each) or "pixels" (the upsampled image). temperature: divides cosines, or squared distances.
    exclusion_cells: radius about a match without negatives; 0 as released. margin, non_matches (per match, half of them
    on the object, half on the background), scale_by_hard: contrastive loss. sigma_px: of the distribution loss's
    target, pixels of a 640-wide image. background: weight of the background in the regression of eigenmaps.
    """

    grid: str = "cells"
    temperature: float = 0.1
    exclusion_cells: float = 0.0
    margin: float = 0.5
    non_matches: int = 150
    scale_by_hard: bool = True
    sigma_px: float = 10.0
    background: float = 0.1


@dataclass(frozen=True)
class OptimiserOptions:
    """Adam and its schedule: "step" (the paper: times ``gamma`` every ``step_size`` steps) or "cosine" with warm-up.

    cosine_steps: length of the first cosine, 0 for all steps. average_decay: of the running average of the weights that
    is shipped, 0 for none.
    """

    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: str = "cosine"
    warmup_steps: int = 100
    cosine_steps: int = 0
    step_size: int = 2500
    gamma: float = 0.9
    gradient_clip: float = 5.0
    average_decay: float = 0.0


@dataclass(frozen=True)
class PhaseOptions:
    """What changes from a step on: values of ``pairs`` and ``losses``, and the learning rate as a factor of the first.

    With the cosine schedule the rate falls anew from there to the last step.
    """

    from_step: int
    rate: float = 1.0
    pairs: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides a training run besides its data.

    base: network to start from, by name in ``models`` or as a file; it stays frozen and a residual head is trained. ""
    for random weights. keep: weight of what holds the descriptors beside the object to those of the base.
    """

    method: str = "hybrid"
    base: str = ""
    keep: float = 0.0
    steps: int = 4000
    seed: int = 0
    batch: int = 6
    precision: str = "bf16"
    checkpoint_every: int = 100
    network: NetworkOptions = field(default_factory=NetworkOptions)
    pairs: PairOptions = field(default_factory=PairOptions)
    losses: LossOptions = field(default_factory=LossOptions)
    baseline: BaselineOptions = field(default_factory=BaselineOptions)
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    phases: tuple[PhaseOptions, ...] = ()

    def __post_init__(self) -> None:
        if not self.method:
            raise ConfigError("method is '', expected a name")
        self._check_values()
        if self.pairs.pool and any(phase.pairs for phase in self.phases):
            raise ConfigError(
                f"pairs.pool is {self.pairs.pool} with phases that change pairs, expected 0: a pool keeps its pairs"
            )
        starts = [phase.from_step for phase in self.phases]
        for start in starts:
            if starts.count(start) > 1:
                raise ConfigError(f"phases.from_step is {start} twice, expected one phase a step")
            then = self.at(start)
            then._check_values()
            for key in ("crop", "input_scale"):
                first, later = getattr(self.pairs, key), getattr(then.pairs, key)
                if later != first:
                    raise ConfigError(f"pairs.{key} is {later} from step {start} on, expected {first} as before")

    def _check_values(self) -> None:
        for key, value in settings(self):
            check_range(key, value)
        for phase in self.phases:
            check_range("phases.from_step", phase.from_step)
            check_range("phases.rate", phase.rate)
        pairs = self.pairs
        shares = {"augmented": pairs.augmented, "view": pairs.view, "instance": pairs.instance}
        if sum(shares.values()) <= 0:
            raise ConfigError(f"pairs.{', '.join(shares)} are all 0, expected shares of which one is above 0")
        if not pairs.zoom[0] <= pairs.zoom[1]:
            raise ConfigError(f"pairs.zoom is {list(pairs.zoom)}, expected the smaller factor first")

    def phase(self, step: int) -> PhaseOptions | None:
        """The latest phase begun at ``step``; None in the first."""
        begun = [phase for phase in self.phases if phase.from_step <= step]
        return max(begun, key=lambda phase: phase.from_step) if begun else None

    def pairs_at(self, step: int) -> PairOptions:
        """How pairs are made at ``step``."""
        phase = self.phase(step)
        return self.pairs if phase is None else changed(self.pairs, phase.pairs, "phases", "pairs.")

    def losses_at(self, step: int) -> LossOptions:
        """The objective at ``step``."""
        phase = self.phase(step)
        if phase is None:
            return self.losses
        try:
            return self.losses.changed(phase.losses)
        except ValueMismatch as error:
            raise ConfigError(f"losses.{error.name} in phases {error.fault}") from error

    def at(self, step: int) -> TrainConfig:
        """The configuration whose pairs and objective hold at ``step``, without phases."""
        return dataclasses.replace(self, pairs=self.pairs_at(step), losses=self.losses_at(step), phases=())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as in the YAML files."""
        return {**dataclasses.asdict(self), "losses": self.losses.as_dict()}


def settings(options: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key below ``options``, with dots between its parts, and its value; phases are not among them."""
    for item in dataclasses.fields(options):
        value, key = getattr(options, item.name), prefix + item.name
        if isinstance(value, LossOptions):
            yield from ((f"{key}.{name}", held) for name, held in value.as_dict().items())
        elif dataclasses.is_dataclass(value):
            yield from settings(value, key + ".")
        elif item.name != "phases":
            yield key, value


def presets() -> list[str]:
    """Names of the presets."""
    return sorted(path.stem for path in PRESETS.glob("*.yaml"))


def load_config(source: str | Path, overrides: dict[str, Any] | None = None) -> TrainConfig:
    """Read a preset by name ("hybrid", "paper", ...) or a YAML file, then apply nested ``overrides``.

    What a ``base`` needs of ``network`` and ``pairs.input_scale`` follows from it. Raises ConfigError for an unknown
    preset, an unreadable file, an unknown key, a value of the wrong type, or a base that there is not.
    """
    path = Path(source)
    if not path.suffix:
        path = PRESETS / f"{source}.yaml"
        if not path.exists():
            raise ConfigError(f"method is {str(source)!r}, expected one of {', '.join(presets())} or a YAML file")
    try:
        values = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"configuration {path} cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"configuration {path} is {values!r}, expected keys and values")
    values = laid_on_base(values, overrides or {})
    config: TrainConfig = build(TrainConfig, merge(values, overrides or {}), str(path))
    if config.base:
        check_base(config.base, dataclasses.asdict(config.network))
    if "steps" not in (overrides or {}):
        _check_length(config, path)
    return config


def _check_length(config: TrainConfig, path: Path) -> None:
    """A file whose own plan goes beyond its last step is wrong; a run cut short by an option is a try of the plan."""
    for phase in config.phases:
        if phase.from_step >= config.steps:
            raise ConfigError(
                f"phases.from_step in {path} is {phase.from_step} with steps {config.steps}, so that phase never "
                "begins: take it out or raise steps"
            )
