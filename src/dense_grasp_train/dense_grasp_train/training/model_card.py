"""The model card: what a network file is, how it came about, on what it was tried and where it is blind.

All but the figures of its calibration and of ``evaluate`` comes from the header of the model file, so a card can be made
anew of the file.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.network_config import RESIDUALS
from dense_grasp_core.descriptors.provenance import WITHIN_PX, Training

from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.data.description import CAPS
from dense_grasp_train.losses.terms import terms_of
from dense_grasp_train.methods import METHODS
from dense_grasp_train.training.calibrate_scores import CORRECT_PX, Calibration
from dense_grasp_train.training.config import TrainConfig

FIGURES_HEADING = "## Figures on the test sets"
TRIED_HEADING = "## On what it was tried"
BLIND_HEADING = "## Where it is blind"
_AFTER = ("## Licence", "## Exported files")
_OFTEN_LOST = 0.5
_BASE_LICENCE = """ It contains the weights of the
network that it was trained on, under that one's licence, which its card names (`general`: Apache-2.0)."""
_CAPS_BLIND = """- Left and right of an undecorated cap differ in little but the outline; where the brim is hidden expect mirrored matches.
- The threshold is chosen on synthetic tables: measure false finds in your own cell before you rely on it.
"""


def write_card(path: Path, model: Path, info: ModelInfo, calibration: Calibration | None, held_out: str) -> None:
    """Write the card beside the model file; figures of the test sets are added by ``evaluate --card``.

    calibration: None where there was none. held_out: what it was calibrated on, in words.
    """
    network = info.config
    normalised = "of length 1 in every cell" if info.normalise else "as the network gives them"
    caps = _learnt_caps(info)
    text = f"""# {model.stem}

Dense descriptors for `dense_grasp`: {network.backbone}, D = {network.dimension}, stride {network.stride} on the camera image
times {info.input_scale}, {network.keypoints} keypoint heads (training only).
Model id `{info.model_id}`, {model.stat().st_size / 1e6:.1f} MB, float16; descriptors {normalised},
compared by the score `{info.score}`.

## Training

```
{info.command}
```
{_training(info.training, info.seeds)}
{_calibration(calibration, held_out)}
{TRIED_HEADING}

{tried(info)}
{FIGURES_HEADING}

`ros2 run dense_grasp_train evaluate --model {model} --card` measures it on rendered caps.

{BLIND_HEADING}

{blind(info)}{_CAPS_BLIND if caps else ""}
## Licence

The code's is Apache-2.0. The network is made of the data above, whose licences hold{" (this repository makes them)" if caps else ""}.{_BASE_LICENCE if network.backbone in RESIDUALS.values() else ""} A patent
application of Bosch (US20230267724) covers contrastive training on augmented pairs.
"""
    write_whole(path, text.encode())


def tried(info: ModelInfo) -> str:
    """The trials of the header as a table."""
    if not info.tried_on:
        return "On nothing yet: `evaluate --pictures FOLDER --card` measures it on photographs.\n"
    rows = [
        f"| {t.on} | {'photographs' if t.photographs else 'renders'} | {t.points} | {t.found:.1%} | {t.median_px:.1f} |"
        for t in info.tried_on
    ]
    head = f"| pictures | kind | n | within {WITHIN_PX} px | median px |\n|---|---|---|---|---|\n"
    return (
        head
        + "\n".join(rows)
        + "\n\nA point clicked in one picture, searched for in the whole of another, 640 px wide.\n"
    )


def blind(info: ModelInfo) -> str:
    """What the header says of where the network fails, or where nobody looked; as a list."""
    lines = []
    if not info.tried_on_photographs:
        lines.append(
            "Photographs: it was never tried on one. Networks that see only renders in training often fail there."
        )
    lines += [
        f"{trial.on}: {1 - trial.found:.0%} of {trial.points} points are more than {WITHIN_PX} px off."
        for trial in info.tried_on
        if trial.found < _OFTEN_LOST
    ]
    if info.training is not None:
        lines.append(f"Other things than it learnt from: {info.training.data}.")
        if info.training.farthest_m > 0:
            lines.append(
                f"The object nearer than {info.training.nearest_m:.2f} m or farther than {info.training.farthest_m:.2f} m: "
                "nine tenths of the views lie between."
            )
    return "".join(f"- {line}\n" for line in lines)


def add_figures(path: Path, table: str) -> None:
    """Put the table of an evaluation under the card's heading for it."""
    _replace(path, {FIGURES_HEADING: f"`make bench-descriptors`:\n\n{table}"})


def add_trials(path: Path, info: ModelInfo) -> None:
    """Bring what the card says of trials, and of blindness, up to the header of the model file."""
    _replace(
        path, {TRIED_HEADING: tried(info), BLIND_HEADING: blind(info) + (_CAPS_BLIND if _learnt_caps(info) else "")}
    )


def _learnt_caps(info: ModelInfo) -> bool:
    return info.training is not None and CAPS in info.training.data


def _replace(path: Path, sections: dict[str, str]) -> None:
    """Give sections of a card another text; one that is not there comes before those on licence and files."""
    parts = ("\n" + (path.read_text() if path.is_file() else f"# {path.stem}\n")).split("\n## ")
    for heading, body in sections.items():
        title, text = heading.removeprefix("## "), f"{heading.removeprefix('## ')}\n\n{body.rstrip()}\n"
        places = [i for i, part in enumerate(parts) if i and part.partition("\n")[0] == title]
        last = [i for i, part in enumerate(parts) if i and f"## {part.partition(chr(10))[0]}" in _AFTER]
        if places:
            parts[places[0]] = text
        else:
            parts.insert(last[0] if last else len(parts), text)
    write_whole(path, "\n## ".join(part.rstrip("\n") + "\n" for part in parts).lstrip("\n").encode())


def training_record(
    config: TrainConfig, data: str, start: str, minutes: tuple[float, float], distances: tuple[float, float]
) -> Training:
    """What the header keeps of a training. minutes: of wall and of processor time. distances: of the views, metres."""
    method = f"{config.method}: {_terms(config)}; pairs: {_pairs(config)}"
    wall, cpu = (round(value, 2) for value in minutes)
    return Training(data, start, method, config.steps, config.batch, wall, cpu, *distances)


def _training(training: Training | None, seeds: dict[str, int]) -> str:
    if training is None:
        return "Nobody wrote down how.\n"
    seed = ", ".join(f"{name} {value}" for name, value in seeds.items()) or "unknown"
    return f"""
| | |
|---|---|
| data | {training.data} |
| from | {training.start} |
| method | {training.method} |
| steps | {training.steps} of {training.batch} pairs |
| minutes | {training.wall_minutes:.1f} of wall time, {training.cpu_minutes:.1f} of processor time |
| seeds | {seed} |
"""


def _calibration(c: Calibration | None, held_out: str) -> str:
    if c is None:
        return "Not calibrated: the thresholds are not this network's. It is for measuring, not for the query node.\n"
    return f"""## Calibration

On {held_out} that training never saw: a point taught on one object, searched for on another.

| figure | value |
|---|---|
| temperature t of Eq. 8 | {c.temperature} |
| found threshold (score) | {c.found_threshold} |
| ambiguity ratio | {c.ambiguity_ratio} |
| false finds on {c.empty_images} images without the object | {c.false_finds} of {c.empty_queries} queries |
| found where the point is visible | {c.recall:.1%} of {c.present_queries} queries |
| within {CORRECT_PX:.0f} px | {c.correct:.1%} of all, {c.correct_found:.1%} of the found |
| median error of the found, 640x480 | {c.median_px} px |
"""


def _pairs(config: TrainConfig) -> str:
    pairs = config.pairs
    return f"{pairs.augmented:.0%} one view augmented, {pairs.view:.0%} two views of an object, {pairs.instance:.0%} two objects"


def _terms(config: TrainConfig) -> str:
    terms = terms_of(METHODS[config.method].terms)
    if not terms:
        return ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(config.baseline).items())
    weights = {term.name: config.losses.weight(term.name) for term in terms}
    return ", ".join(f"{name} {weight:g}" for name, weight in weights.items() if weight > 0)
