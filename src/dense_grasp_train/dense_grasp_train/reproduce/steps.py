"""What `reproduce` runs for a budget, as plain data: a list of commands of this package and the files each leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dense_grasp_train.training.config import PRESETS


@dataclass(frozen=True)
class Training:
    """Networks of one method, one a seed.

    name: of the files. title: of the row. options: of ``train``. against: name of the training that it is compared with
    on the same pairs.
    """

    name: str
    title: str
    options: tuple[str, ...]
    against: str = ""

    @property
    def preset(self) -> str:
        """The preset that ``options`` name."""
        return self.options[self.options.index("--method") + 1]


@dataclass(frozen=True)
class Budget:
    """How much of everything.

    calibration_images: on which the network that is exported and timed is calibrated, None for as many as ``train``
    takes by itself. frames: timed images of ``benchmark``; latency_frames: of each network of ``memory``, 0 for none.
    dense_queries: of Eq. 8's dense form in ``benchmark``, None for as many as it takes by itself. only_demanded: of
    ``memory``, no row but those that a figure is demanded of.
    caps: of the training set; test_caps: the first so many of them and, up to 20, of the unseen ones.
    jobs: trainings at a time, which share the cores.
    """

    name: str
    train_views: int
    held_out_views: int
    test_views: int
    caps: int
    held_out_caps: int
    test_caps: int
    pairs: int
    seeds: tuple[int, ...]
    trainings: tuple[Training, ...]
    dimensions: tuple[int, ...]
    keypoints: tuple[int, ...]
    frames: int
    latency_frames: int
    needs_gpu: bool = False
    jobs: int = 1
    calibration_images: int | None = None
    dense_queries: int | None = None
    only_demanded: bool = False

    def models(self, training: Training) -> list[str]:
        """Network files of a training, relative to the work folder."""
        return [f"models/{training.name}_s{seed}.safetensors" for seed in self.seeds]


@dataclass(frozen=True)
class Step:
    """One command.

    arguments: of ``python -m dense_grasp_train``. outputs: files that stand when it has ended. folder: what is removed
    when it was begun with other inputs. needs: names of the steps whose outputs it reads. reads: further files that
    decide its result. resume: option and checkpoint of a command that must be told to go on.
    """

    name: str
    arguments: tuple[str, ...]
    outputs: tuple[Path, ...]
    folder: Path
    needs: tuple[str, ...] = ()
    reads: tuple[Path, ...] = ()
    resume: tuple[str, Path] | None = None


_ALL_DIMENSIONS = (3, 8, 16, 32, 64, 128, 256, 512)


def _paper_trainings() -> tuple[Training, ...]:
    out = []
    for stride in (32, 8):
        for dimension in (64, 256):
            shape = ("--stride", str(stride), "--dimension", str(dimension))
            tail = f"ResNet-34, stride {stride}, D = {dimension}"
            names = {kind: f"{kind}_stride{stride}_d{dimension}" for kind in ("paper", "hybrid", "nt_xent")}
            out += [
                Training(names["paper"], f"the paper to the letter, {tail}", ("--method", "paper", *shape)),
                Training(names["hybrid"], f"hybrid, {tail}", ("--method", "hybrid_resnet34", *shape), names["nt_xent"]),
                Training(names["nt_xent"], f"DON, NT-Xent, {tail}", ("--method", "don_nt_xent_resnet34", *shape)),
            ]
    return tuple(out)


BUDGETS = {
    "smoke": Budget(
        "smoke",
        train_views=8,
        held_out_views=12,
        test_views=8,
        caps=2,
        held_out_caps=3,
        test_caps=2,
        pairs=1,
        seeds=(0, 1),
        trainings=(
            Training("hybrid", "hybrid, compact", ("--method", "hybrid_short", "--steps", "3"), "nt_xent"),
            Training("nt_xent", "DON, NT-Xent, compact", ("--method", "don_nt_xent_short", "--steps", "3")),
            Training(
                "paper",
                "the paper's losses to the letter, compact",
                ("--method", "paper", "--backbone", "resnet18_layer3", "--stride", "16", "--steps", "1"),
            ),
        ),
        dimensions=(64, 512),
        keypoints=(16,),
        frames=3,
        latency_frames=0,
        calibration_images=8,
        dense_queries=1,
        only_demanded=True,
    ),
    "small": Budget(
        "small",
        train_views=800,
        held_out_views=160,
        test_views=160,
        caps=40,
        held_out_caps=20,
        test_caps=40,
        pairs=100,
        seeds=(0, 1, 2),
        trainings=(
            Training("hybrid", "hybrid, compact", ("--method", "hybrid_short"), "nt_xent"),
            Training("nt_xent", "DON, NT-Xent, compact", ("--method", "don_nt_xent_short")),
            Training(
                "paper",
                "the paper to the letter, ResNet-34, stride 32",
                ("--method", "paper", "--dimension", "64", "--steps", "100"),
            ),
        ),
        dimensions=_ALL_DIMENSIONS,
        keypoints=(16, 128),
        frames=20,
        latency_frames=20,
        jobs=2,
    ),
    "paper": Budget(
        "paper",
        train_views=3200,
        held_out_views=160,
        test_views=160,
        caps=160,
        held_out_caps=20,
        test_caps=40,
        pairs=100,
        seeds=(0, 1, 2),
        trainings=_paper_trainings(),
        dimensions=_ALL_DIMENSIONS,
        keypoints=(16, 128),
        frames=100,
        latency_frames=100,
        needs_gpu=True,
    ),
}


def steps(budget: Budget, work: Path) -> list[Step]:
    """All steps in the order in which they run; paths are ``work`` and what follows."""
    listed = _data(budget, work)
    listed.append(_pairs(work))
    for seed_number, seed in enumerate(budget.seeds):  # seed by seed, so that an early end leaves whole comparisons
        listed += [_training(budget, training, seed, seed_number, work) for training in budget.trainings]
    compared = {training.against for training in budget.trainings}
    own, *others = (training for training in budget.trainings if training.name not in compared)
    listed.append(_evaluation(budget, own, work, with_controls=True))
    listed += _benches(budget, work)
    return listed + [_evaluation(budget, other, work, with_controls=False) for other in others]


def _data(budget: Budget, work: Path) -> list[Step]:
    sets = (
        ("train", "data/train", budget.train_views, 0, f"0-{budget.caps - 1}", "train"),
        ("held_out", "data/held_out", budget.held_out_views, 1, f"200-{199 + budget.held_out_caps}", "val"),
        ("seen", "test_views/seen", budget.test_views, 3, f"0-{budget.test_caps - 1}", "test"),
        ("unseen", "test_views/unseen", budget.test_views, 2, f"1000-{999 + min(20, budget.test_caps)}", "test"),
    )
    out = []
    for name, place, views, seed, caps, split in sets:
        folder = work / place
        last = folder / split / f"{-(-views // 4) - 1:06d}" / "scene_gt.json"
        command = ("generate", "--out", str(folder), "--views", str(views), "--seed", str(seed), "--caps", caps)
        out.append(Step(f"generate_{name}", (*command, "--split", split), (folder / "manifest.json", last), folder))
    return out


def _pairs(work: Path) -> Step:
    picture = work / "pairs" / "pairs.png"
    arguments = ("pairs", "--data", str(work / "data/train"), "--show", str(picture))
    return Step("pairs", arguments, (picture,), work / "pairs", ("generate_train",))


def _training(budget: Budget, training: Training, seed: int, seed_number: int, work: Path) -> Step:
    out = work / budget.models(training)[seed_number]
    run = work / "runs" / out.stem
    # Only the network that is exported and timed is to be used; the others are measured.
    usable = training is budget.trainings[0] and seed_number == 0
    images = _option("--calibration-images", budget.calibration_images)
    calibration = ("--held-out", str(work / "data/held_out"), *images) if usable else ("--no-calibration",)
    options = ("train", "--data", str(work / "data/train"), *calibration)
    return Step(
        f"train_{out.stem}",
        (*options, "--out", str(out), "--run", str(run), *training.options, "--seed", str(seed), "--workers", "0"),
        (out, out.with_suffix(".md"), run / "cost.json"),
        run,
        ("generate_train", "generate_held_out") if usable else ("generate_train",),
        (PRESETS / f"{training.preset}.yaml",),
        ("--resume", run / "last.ckpt"),
    )


def _evaluation(budget: Budget, training: Training, work: Path, with_controls: bool) -> Step:
    folder = work / "evaluation" / training.name
    other = next((t for t in budget.trainings if t.name == training.against), None)
    own, against = budget.models(training), budget.models(other) if other else []
    arguments = ["evaluate", "--model", *(str(work / model) for model in own)]
    arguments += ["--against", *(str(work / model) for model in against)] if against else []
    arguments += ["--data", str(work / "test_views"), "--pairs", str(budget.pairs), "--out", str(folder)]
    arguments += [] if with_controls else ["--no-controls"]
    trained = tuple(f"train_{Path(model).stem}" for model in (*own, *against))
    outputs = (folder / "report.json", folder / "report.md", folder / "pck.png")
    needs = ("generate_seen", "generate_unseen", *trained)
    return Step(f"evaluate_{training.name}", tuple(arguments), outputs, folder, needs)


def _benches(budget: Budget, work: Path) -> list[Step]:
    model = work / budget.models(budget.trainings[0])[0]
    trained = (f"train_{model.stem}",)
    memory, benchmark, export = (work / name for name in ("memory", "benchmark", "export"))
    dimensions, keypoints = (tuple(map(str, values)) for values in (budget.dimensions, budget.keypoints))
    timing, latency = (("--frames", str(count), "--out") for count in (budget.frames, budget.latency_frames))
    dense = _option("--dense-queries", budget.dense_queries)
    demanded = ("--demanded",) if budget.only_demanded else ()
    return [
        Step(
            "memory",
            ("memory", *latency, str(memory), "--dimensions", *dimensions, "--keypoints", *keypoints, *demanded),
            (memory / "report.json", memory / "report.md", memory / "memory.png"),
            memory,
        ),
        Step(
            "benchmark",
            ("benchmark", *timing, str(benchmark), "--model", str(model), "--queries", str(budget.frames), *dense),
            (benchmark / "report.json", benchmark / "report.md"),
            benchmark,
            trained,
        ),
        Step(
            "export",
            ("export", "--model", str(model), "--out", str(export)),
            (export / f"{model.stem}.xml", export / f"{model.stem}.onnx", export / f"{model.stem}.md"),
            export,
            trained,
        ),
    ]


def _option(name: str, value: int | None) -> tuple[str, ...]:
    return () if value is None else (name, str(value))
