"""Train a descriptor network: ``ros2 run dense_grasp_train train --data DIR --out models/x.safetensors``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from dense_grasp_core.descriptors.exported_model import graph_beside
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork
from dense_grasp_core.descriptors.provenance import WITHIN_PX
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_train.data.data_options import add_data_options, check_data_options, read_data
from dense_grasp_train.data.dataset_writer import write_whole
from dense_grasp_train.data.description import counted, described, described_scans, distances
from dense_grasp_train.data.pairs import impossible_shares
from dense_grasp_train.data.scans import scans_of
from dense_grasp_train.data.view_loader import load_views
from dense_grasp_train.data.views import View, taken
from dense_grasp_train.evaluation.real_pictures import real_sets, trials
from dense_grasp_train.methods import create_method
from dense_grasp_train.training.base_network import GENERAL, base_in_words
from dense_grasp_train.training.calibrate_scores import EMPTY_IMAGES, FEWEST_IMAGES, Calibration, calibrate
from dense_grasp_train.training.config import ConfigError, TrainConfig, load_config, presets
from dense_grasp_train.training.fit import first_process, fit, shipped
from dense_grasp_train.training.network_files import save_network
from dense_grasp_train.training.real_figure import RealFigure, unsaved_predictor

DEFAULT_PRESET = "hybrid"
BASE_PRESET = "don_nt_xent_scan"
FROM_RANDOM = "random weights, nothing pretrained"


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(
        prog="train", description="Train a dense descriptor network on generated views."
    )
    add_data_options(arguments)
    calibration = arguments.add_mutually_exclusive_group()
    calibration.add_argument(
        "--held-out", type=Path, help="data set to calibrate on; default: every tenth object of --data"
    )
    calibration.add_argument(
        "--no-calibration", action="store_true", help="leave the thresholds as they are: a network to be measured only"
    )
    arguments.add_argument(
        "--calibration-images",
        type=int,
        help=f"images without the object to calibrate on, and half as many with it; default {EMPTY_IMAGES}",
    )
    arguments.add_argument(
        "--real",
        type=Path,
        help="folder of real pictures with truth (as for evaluate --pictures, a scan, or BOP scenes): the figure on "
        "them is printed during training and goes into the network's file and card",
    )
    arguments.add_argument("--out", type=Path, required=True, help="network file to write, *.safetensors")
    settings = arguments.add_mutually_exclusive_group()
    settings.add_argument(
        "--method", help=f"preset: {', '.join(presets())} (default {DEFAULT_PRESET}, on a base {BASE_PRESET})"
    )
    settings.add_argument("--config", type=Path, help="YAML file instead of a preset")
    arguments.add_argument(
        "--base",
        help="network to start from, by its name in models (general) or as a file: it stays frozen, and a head that "
        "adds to its features is trained. Default: general for --captures without --method, --config and settings "
        "of the network, else random weights",
    )
    arguments.add_argument("--steps", type=int, help="optimiser steps")
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--batch", type=int, help="pairs per step")
    arguments.add_argument("--backbone", help="resnet18_fine, resnet18_layer3 (both compact) or resnet34")
    arguments.add_argument("--stride", type=int, help="input pixels per descriptor cell")
    arguments.add_argument("--dimension", type=int, help="D, length of a descriptor")
    arguments.add_argument("--keypoints", type=int, help="N")
    arguments.add_argument("--run", type=Path, help="folder of logs and checkpoint, default out/train/NAME")
    arguments.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    arguments.add_argument("--devices", type=int, help="GPUs, or CPU processes where there is none; default 1")
    arguments.add_argument("--nodes", type=int, help="machines, each started with the same command; default 1")
    arguments.add_argument("--workers", type=int, default=1, help="data processes")
    arguments.add_argument("--threads", type=int, help="threads of torch, default all cores")
    arguments.add_argument("--quiet", action="store_true", help="no progress bar")
    return arguments


def configuration(options: argparse.Namespace) -> TrainConfig:
    """The configuration that the command line asks for. Raises ConfigError for one that cannot be trained."""
    overrides: dict[str, Any] = {
        k: getattr(options, k) for k in ("steps", "seed", "batch") if getattr(options, k) is not None
    }
    if base := _base(options):
        overrides["base"] = base
    network = {
        k: getattr(options, k)
        for k in ("backbone", "stride", "dimension", "keypoints")
        if getattr(options, k) is not None
    }
    if network:
        overrides["network"] = network
    if options.captures:  # two scans have no place in common, so no pair of two objects
        overrides["pairs"] = {"instance": 0.0}
    config = load_config(options.config or _preset(options), overrides)
    create_method(config, (options.devices or 1) * (options.nodes or 1))
    return config


def _base(options: argparse.Namespace) -> str:
    """The base that the options name, or imply: of scans there are too few pictures to learn everything from."""
    own = (options.method, options.config, options.backbone, options.stride, options.dimension)
    implied = bool(options.captures) and all(value is None for value in own)
    return str(options.base or (GENERAL if implied else ""))


def _preset(options: argparse.Namespace) -> str:
    """The preset that the options name or imply."""
    return str(options.method or (BASE_PRESET if _base(options) else DEFAULT_PRESET))


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (DenseGraspError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: interrupted; --resume goes on from the last checkpoint", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    from dense_grasp_train.training.model_card import training_record, write_card

    config = configuration(options)
    check_data_options(options)
    if options.out.suffix != ".safetensors":
        raise ConfigError(f"--out is {options.out}, expected a file name that ends in .safetensors")
    if options.threads:
        torch.set_num_threads(options.threads)
    images = EMPTY_IMAGES if options.calibration_images is None else options.calibration_images
    if images < FEWEST_IMAGES:
        raise ConfigError(f"--calibration-images is {images}, expected {FEWEST_IMAGES} or more")
    devices, nodes = options.devices or 1, options.nodes or 1
    for name, count in (("devices", devices), ("nodes", nodes)):
        if count < 1:
            raise ConfigError(f"--{name} is {count}, expected 1 or more")
    run_dir = options.run or Path("out/train") / options.out.stem
    sources = scans_of(options.captures) if options.captures else options.data
    real = real_sets(options.real, sources, say=_say) if options.real else {}
    _say(f"reading {', '.join(map(str, sources))}")
    views = read_data(options, _say)
    training, held_out = views, list[View]()
    calibrated = not options.no_calibration and (options.held_out is not None or not options.captures)
    if options.captures and not (calibrated or options.no_calibration):
        _say("the thresholds stay as they are: to calibrate, name views of siblings with --held-out")
    if calibrated:
        held_out = taken(load_views(options.held_out, say=_say)) if options.held_out else []
        training, held_out = (views, held_out) if options.held_out else split(views)
    _say(f"{counted(training)} to train on, {counted(held_out)} held out")
    for kind, value in impossible_shares(training, config.pairs).items():
        _say(f"pairs.{kind} is {value:g}, but the data allow no such pair: its share goes to the other kinds")
    resume = run_dir / "last.ckpt" if options.resume else None
    quiet = options.quiet or not first_process()
    info = ModelInfo(
        normalise=config.network.normalise,
        input_scale=config.pairs.input_scale,
        score=config.network.score,
        seeds={"train": config.seed},
        command=documented_command(options),
    )
    watchers = [RealFigure(real, info, config.steps, _say)] if real else []
    module = fit(
        config,
        training,
        run_dir,
        resume,
        options.workers,
        progress=not quiet,
        devices=devices,
        nodes=nodes,
        watchers=watchers,
        say=_say,
    )
    if not first_process():
        return 0
    minutes, cpu_minutes = module.wall_seconds / 60, module.cpu_seconds / 60
    print(f"trained {config.steps} steps in {minutes:.1f} min, {cpu_minutes:.1f} CPU-min", flush=True)
    cost = {"steps": config.steps, "wall_minutes": round(minutes, 2), "cpu_minutes": round(cpu_minutes, 2)}
    write_whole(run_dir / "cost.json", json.dumps(cost, indent=1).encode())
    network = shipped(module)
    info = dataclasses.replace(
        info,
        training=training_record(
            config,
            described_scans([scan.name for scan in sources], training)
            if options.captures
            else described(options.data[0], training),
            base_in_words(config.base) if config.base else FROM_RANDOM,
            (minutes, cpu_minutes),
            distances(training),
        ),
        tried_on=tuple(trials(unsaved_predictor(network, info), real)),
    )
    for trial in info.tried_on:
        _say(f"real pictures, {trial.on}: {trial.found:.1%} of {trial.points} points within {WITHIN_PX} px")
    calibration = None
    if calibrated:
        info, calibration = _calibrated(network, info, held_out, images)
    info = save_network(options.out, network, info)
    card = options.out.with_suffix(".md")
    write_card(card, options.out, info, calibration, counted(held_out))
    if not real:
        print("the network was not tried on a photograph: --real FOLDER does it in training, evaluate --pictures later")
    size_mb = options.out.stat().st_size / 1e6
    graph = graph_beside(options.out).name
    print(f"wrote {options.out} ({size_mb:.1f} MB, model {info.model_id}), its graph {graph}, and {card}")
    return 0


def _calibrated(
    network: DescriptorNetwork, info: ModelInfo, held_out: list[View], images: int
) -> tuple[ModelInfo, Calibration]:
    """The header with thresholds that suit the network, and how they were found."""
    _say("calibrating")
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / "draft.safetensors"
        save_model(draft, network, info)
        found = calibrate(DescriptorExtractor(draft), held_out, info.seeds["train"], images)
    thresholds = {name: getattr(found, name) for name in ("temperature", "found_threshold", "ambiguity_ratio")}
    return dataclasses.replace(info, **thresholds), found


def _say(text: str) -> None:
    if first_process():
        print(text, flush=True)


def documented_command(options: argparse.Namespace) -> str:
    """The command that gives this network: what decides the result, without what only concerns this run of it."""
    words = ["ros2", "run", "dense_grasp_train", "train"]
    values = vars(options)
    if options.config is None:
        values = {**values, "method": _preset(options), "base": _base(options)}
    for name, value in values.items():
        said = value is not None and value is not False and value != ""  # 0 says something
        if said and name not in ("real", "run", "resume", "workers", "threads", "quiet"):
            words.append("--" + name.replace("_", "-"))
            words += [] if value is True else [str(item) for item in (value if isinstance(value, list) else [value])]
    return shlex.join(words)


def split(views: list[View]) -> tuple[list[View], list[View]]:
    """Every tenth object, at least two, held out of training, without its rendered views. Raises ConfigError for fewer
    than four objects.
    """
    objects = sorted({view.instance for view in views})
    if len(objects) < 4:
        raise ConfigError(f"the data set shows {len(objects)} objects, expected at least 4, or --held-out DIR")
    kept_back = set(objects[:: max(1, len(objects) // max(2, len(objects) // 10))][: max(2, len(objects) // 10)])
    return [v for v in views if v.instance not in kept_back], taken([v for v in views if v.instance in kept_back])


if __name__ == "__main__":
    raise SystemExit(main())
