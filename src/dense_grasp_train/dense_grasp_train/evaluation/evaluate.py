"""Measure networks on fixed test sets beside the controls: ``ros2 run dense_grasp_train evaluate --model M``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.header_writer import record_trials
from dense_grasp_core.descriptors.model_file import ModelInfo, load_model
from dense_grasp_core.descriptors.provenance import never_tried
from dense_grasp_core.errors import DenseGraspError
from rich.progress import Progress

from dense_grasp_train.data.bop import BopSet
from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import taken
from dense_grasp_train.evaluation import evaluation_sets
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError, TestPair
from dense_grasp_train.evaluation.frozen_backbones import FrozenBackbone
from dense_grasp_train.evaluation.keypoint_repeatability import FEWEST_KEYPOINTS, KeypointProbe
from dense_grasp_train.evaluation.picture_options import add_picture_options
from dense_grasp_train.evaluation.pictures import measure_pictures
from dense_grasp_train.evaluation.predictors import (
    Predictor,
    control_predictors,
    descriptor_predictor,
    network_predictor,
)
from dense_grasp_train.evaluation.report import OWN_ROW
from dense_grasp_train.evaluation.run_predictors import measure
from dense_grasp_train.evaluation.summary import Summary
from dense_grasp_train.training.model_card import add_figures, add_trials

SEEN = {"folder": "seen", "views": 160, "seed": 3, "caps": "0-39"}
UNSEEN = {"folder": "unseen", "views": 160, "seed": 2, "caps": "1000-1019"}
REQUIRED = {"augmented": 0.85, "view change": 0.65, "unseen cap": 0.60}


def fixed_sets(seen: Path, unseen: Path, pairs: int, seed: int) -> dict[str, Iterator[TestPair]]:
    """The four sets, made from new views of the training caps and from views of unseen caps."""
    seen_views, unseen_views = (
        taken(load_views(folder, say=partial(print, file=sys.stderr))) for folder in (seen, unseen)
    )
    return {
        "augmented": evaluation_sets.augmented(seen_views, pairs, seed),
        "view change": evaluation_sets.view_change(seen_views, pairs, seed + 1),
        "unseen cap": evaluation_sets.view_change(unseen_views, pairs, seed + 2),
        "trained to unseen": evaluation_sets.across(seen_views, unseen_views, pairs, seed + 3),
    }


def row_names(models: list[Path], against: list[Path]) -> dict[Path, str]:
    """The row of every network: "this network" for a single one, else its file's name, with the folder where needed.

    Raises EvaluationError when a file is named twice.
    """
    files = [*models, *against]
    if len(set(files)) < len(files):
        raise EvaluationError(f"--model and --against name {', '.join(map(str, files))}, expected different files")
    stems = [file.stem for file in files]
    named = {file: file.stem if stems.count(file.stem) == 1 else str(file.with_suffix("")) for file in files}
    return named | {models[0]: OWN_ROW} if len(models) == 1 else named


def predictors(
    names: dict[Path, str], backbones: list[str], info: ModelInfo, with_controls: bool
) -> dict[str, Predictor]:
    """Networks, frozen backbones and controls by the name of their row."""
    rows: dict[str, Predictor] = {row: network_predictor(DescriptorExtractor(file)) for file, row in names.items()}
    for spec in backbones:
        backbone = FrozenBackbone(spec)
        rows[f"{backbone.name}, frozen"] = descriptor_predictor(backbone)
    return rows | control_predictors(info) if with_controls else rows


def keypoint_probes(names: dict[Path, str]) -> dict[str, KeypointProbe]:
    """Probes of the networks that have keypoint heads enough for a pose; exported graphs have none."""
    probes = {}
    for file, row in names.items():
        if file.suffix == ".safetensors":
            network, info = load_model(file)
            if network.config.keypoints >= FEWEST_KEYPOINTS:
                probes[row] = KeypointProbe(network, info)
    return probes


def generate_arguments(spec: Mapping[str, Any], folder: Path) -> list[str]:
    """Arguments of ``generate`` for a fixed view set, SEEN or UNSEEN, in a folder."""
    options = ["--out", str(folder), "--views", str(spec["views"]), "--seed", str(spec["seed"])]
    return [*options, "--caps", str(spec["caps"]), "--split", "test"]


def _generated(cache: Path) -> tuple[Path, Path]:
    """Folders of the two view sets, generated where they are not there yet."""
    from dense_grasp_train.data import generate

    folders = []
    for spec in (SEEN, UNSEEN):
        folder = cache / str(spec["folder"])
        status = generate.main(generate_arguments(spec, folder))
        if status == 130:
            raise KeyboardInterrupt
        if status != 0:
            raise EvaluationError(f"views in {folder} could not be generated (status {status})")
        folders.append(folder)
    return folders[0], folders[1]


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(prog="evaluate", description="Honest pixel PCK of networks, with controls.")
    arguments.add_argument(
        "--model",
        type=Path,
        nargs="+",
        default=[Path("models/compact_caps.safetensors")],
        help="network; several (the seeds of one method, say) get a row each, and mean and standard deviation",
    )
    arguments.add_argument(
        "--against", type=Path, nargs="+", default=[], help="other networks to compare with, pair by pair"
    )
    arguments.add_argument(
        "--backbone",
        nargs="+",
        default=[],
        help="frozen backbones as rows: torchvision/NAME or timm/NAME, =FILE for weights that are not cached",
    )
    source = arguments.add_mutually_exclusive_group()
    source.add_argument("--data", type=Path, help="folder that holds the view sets `seen` and `unseen`")
    source.add_argument("--generate", action="store_true", help="make the view sets in --cache first (the default)")
    source.add_argument(
        "--pictures",
        type=Path,
        help="folder of real photographs with pairs.json, or with an object scanned in two rooms, to measure on",
    )
    source.add_argument("--bop", type=Path, nargs="+", help="BOP data sets to measure on instead of the caps")
    arguments.add_argument("--bop-split", default="test", help="folder of the BOP scenes (default %(default)s)")
    arguments.add_argument("--sensor", help="whose pictures to take of BOP sets with several sensors")
    arguments.add_argument("--cache", type=Path, default=Path("out/descriptor_test_views"))
    arguments.add_argument("--out", type=Path, default=Path("out/descriptors"), help="folder of the report")
    arguments.add_argument("--pairs", type=int, default=100, help="pairs per set")
    arguments.add_argument("--seed", type=int, default=7, help="seed of the pairs")
    arguments.add_argument("--card", action="store_true", help="put the figures into the model's file and its card")
    arguments.add_argument("--no-controls", action="store_true")
    add_picture_options(arguments)
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status: 0, 1 when a required figure is missed, 2 for an error."""
    options = parser().parse_args(argv)
    try:
        return _run(options)
    except (DenseGraspError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("evaluate: interrupted", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    started = time.monotonic()
    if options.pairs < 1:
        raise EvaluationError(f"--pairs is {options.pairs}, expected 1 or more")
    graphs = [file for file in options.model if file.suffix != ".safetensors"]
    if options.card and graphs:
        raise EvaluationError(f"--card is given with --model {graphs[0]}, expected a .safetensors file")
    if options.card and (options.bop or (len(options.model) > 1 and not options.pictures)):
        raise EvaluationError("--card is given, expected one --model and the sets of caps, or --pictures")
    if options.card and options.no_pairs:
        raise EvaluationError("--card is given with --no-pairs, expected the figures of pairs to write into it")
    if options.pictures:
        return measure_pictures(options)
    if options.sensor and not options.bop:
        raise EvaluationError(f"--sensor {options.sensor} is for --bop, which is not given")
    names = row_names(options.model, options.against)
    infos = {file: DescriptorExtractor(file).info for file in names}
    for file in options.model if not options.bop else ():
        if not infos[file].tried_on_photographs:
            print(f"evaluate: {never_tried(file)}", file=sys.stderr)
    rows = predictors(names, options.backbone, infos[options.model[0]], not options.no_controls)
    sets, views = _sets(options)
    with Progress() as progress:
        task = progress.add_task("pairs", total=len(sets) * options.pairs)
        outcomes, keypoints = measure(rows, sets, keypoint_probes(names), lambda: progress.advance(task))
    required = {} if options.bop else REQUIRED
    own, against = ([names[file] for file in files] for files in (options.model, options.against))
    summary = Summary(outcomes, keypoints, own, against, required)
    options.out.mkdir(parents=True, exist_ok=True)
    content = {
        "model": str(options.model[0]) if len(own) == 1 else [str(file) for file in options.model],
        "model_id": infos[options.model[0]].model_id,
        "model_ids": {names[file]: info.model_id for file, info in infos.items()},
        "pairs_per_set": options.pairs,
        "matches_per_pair": evaluation_sets.MATCHES,
        "seed": options.seed,
        "views": views,
        **summary.as_dict(),
        "required_auc": required,
        "seconds": round(time.monotonic() - started, 1),
    }
    write_whole(options.out / "report.json", json.dumps(content, indent=1).encode())
    write_whole(options.out / "report.md", summary.text.encode())
    plots = summary.plot(options.out)
    if options.card:
        card = options.model[0].with_suffix(".md")
        add_figures(card, summary.table)
        add_trials(card, record_trials(options.model[0], summary.trials(own[0])))
    print(summary.text)
    print(f"{options.out}/report.json, report.md, {', '.join(plots)}; {content['seconds']} s")
    return 0 if summary.reached else 1


def _sets(options: argparse.Namespace) -> tuple[dict[str, Iterator[TestPair]], Any]:
    """The test sets that the options ask for, and what the report says of their views."""
    if options.bop:
        sets = {}
        for folder in options.bop:
            bop_set = BopSet(folder, options.bop_split, options.sensor)
            for sentence in bop_set.left_out:
                print(f"{folder}: {sentence}", file=sys.stderr)
            sets[f"{folder.name}, view change"] = bop_set.view_change(options.pairs, options.seed)
        return sets, [str(folder) for folder in options.bop]
    seen, unseen = (options.data / "seen", options.data / "unseen") if options.data else _generated(options.cache)
    views = str(options.data) if options.data else {"seen": SEEN, "unseen": UNSEEN}
    return fixed_sets(seen, unseen, options.pairs, options.seed), views


if __name__ == "__main__":
    raise SystemExit(main())
