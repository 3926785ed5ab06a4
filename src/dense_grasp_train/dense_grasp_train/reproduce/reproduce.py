"""Every table of the paper from one command: ``ros2 run dense_grasp_train reproduce --budget small``."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError
from joblib import cpu_count
from rich.console import Console

from dense_grasp_train.reproduce.page import write_results
from dense_grasp_train.reproduce.run import INTERRUPTED, StepLedger
from dense_grasp_train.reproduce.side_by_side import run_side_by_side
from dense_grasp_train.reproduce.steps import BUDGETS, Budget, steps


def parser() -> argparse.ArgumentParser:
    """Options of the command."""
    arguments = argparse.ArgumentParser(
        prog="reproduce",
        description="Data, training, evaluation and benchmarks of a budget in one go, and a page with every figure. "
        "Interrupted, the same command goes on; a step whose inputs changed runs again, with all that depends on it.",
    )
    arguments.add_argument(
        "--budget",
        choices=list(BUDGETS),
        default="smoke",
        help="smoke: minutes, every step once; small: an hour and a half on two cores; paper: ResNet-34 on a GPU "
        "(default %(default)s)",
    )
    arguments.add_argument("--work", type=Path, help="folder of everything made, default out/reproduce/BUDGET")
    arguments.add_argument("--out", type=Path, help="page to write, *.md, default results.md in the work folder")
    arguments.add_argument("--pairs", type=int, help="pairs of a test set, instead of the budget's")
    arguments.add_argument("--threads", type=int, help="threads of torch, of each training too; default all cores")
    arguments.add_argument("--jobs", type=int, help="trainings at a time, instead of the budget's")
    arguments.add_argument(
        "--only", nargs="+", default=[], metavar="STEP", help="run these steps alone and write no page"
    )
    show = arguments.add_mutually_exclusive_group()
    show.add_argument("--list", action="store_true", help="print the steps and what of them is done; run nothing")
    show.add_argument("--report-only", action="store_true", help="write the page from the steps that are done")
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status: 0, 2 for an error, 130 on Ctrl-C."""
    options = parser().parse_args(argv)
    try:
        return _run(options)
    except (DenseGraspError, OSError) as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reproduce: interrupted; the same command goes on where it stopped", file=sys.stderr)
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    budget = BUDGETS[options.budget]
    if options.pairs is not None:
        budget = dataclasses.replace(budget, pairs=options.pairs)
    work = options.work or Path("out/reproduce") / budget.name
    out = options.out or work / "results.md"
    if out.suffix != ".md":
        raise DenseGraspError(f"--out is {out}, expected a file name that ends in .md")
    for name in ("pairs", "threads", "jobs"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            raise DenseGraspError(f"--{name} is {getattr(options, name)}, expected 1 or more")
    ledger = StepLedger(work, steps(budget, work))
    if options.list:
        for step in ledger.listed:
            print(f"{'done' if ledger.done(step) else 'to do':6} {step.name:26} {shlex.join(step.arguments)}")
        return 0
    names = [step.name for step in ledger.listed]
    unknown = [name for name in options.only if name not in names]
    if unknown:
        raise DenseGraspError(f"--only has {unknown[0]!r}, expected some of {', '.join(names)}")
    if not options.report_only:
        _run_steps(ledger, options, budget, work)
    if options.only:
        return 0
    write_results(out, budget, work, ledger)
    print(f"wrote {out}")
    return 0


def _of_one_step(options: argparse.Namespace, work: Path, jobs: int) -> list[str]:
    """Arguments of this command for one of ``jobs`` steps at a time; what follows is the step's name."""
    threads = options.threads or max(1, cpu_count() // jobs)
    arguments = ["--budget", options.budget, "--work", str(work), "--threads", str(threads)]
    return [*arguments, *(["--pairs", str(options.pairs)] if options.pairs else []), "--only"]


def _prepare_torch(budget: Budget, threads: int | None) -> None:
    import torch

    if budget.needs_gpu and not torch.cuda.is_available():
        raise DenseGraspError("--budget paper trains ResNet-34 on a GPU, but torch finds no CUDA device")
    if threads:
        torch.set_num_threads(threads)


def _run_steps(ledger: StepLedger, options: argparse.Namespace, budget: Budget, work: Path) -> None:
    from dense_grasp_train.__main__ import main as command

    if not all(ledger.done(step) for step in ledger.listed):  # importing torch takes longer than to see that all is
        _prepare_torch(budget, options.threads)
    jobs = 1 if options.only else options.jobs or budget.jobs
    console = Console(highlight=False, soft_wrap=True)
    trainings = [step for step in ledger.listed if step.arguments[0] == "train"]
    for number, step in enumerate(ledger.listed, start=1):
        if options.only and step.name not in options.only:
            continue
        head = f"[{number}/{len(ledger.listed)}] {step.name}"
        if ledger.done(step):
            console.print(f"{head}: done before", markup=False)
            continue
        lacking = [other.name for other in ledger.listed if other.name in step.needs and not ledger.done(other)]
        if lacking:
            raise DenseGraspError(f"step {step.name} needs {', '.join(lacking)}, expected them to be done")
        if jobs > 1 and step in trainings:
            together = [training for training in trainings if not ledger.done(training)]
            names = ", ".join(training.name for training in together)
            console.print(f"{head}: and the other trainings in processes of their own: {names}", markup=False)
            run_side_by_side(together, main, _of_one_step(options, work, jobs), work / "steps", jobs)
            stamp = ledger.stamp(step)
        else:
            console.print(f"{head}: {shlex.join(step.arguments)}", markup=False, style="bold")
            stamp = ledger.run(step, command)
        spent = f"{stamp['wall_seconds'] / 60:.1f} min, {stamp['cpu_seconds'] / 60:.1f} CPU-min"
        console.print(f"{head}: done in {spent}", markup=False)


if __name__ == "__main__":
    raise SystemExit(main())
