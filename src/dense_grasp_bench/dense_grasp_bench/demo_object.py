"""The demo with an object that is no cap: the arm scans it, one click on the scan, grasps wherever it lies next."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.object_model.coverage import coverage
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_summary import surface_of
from dense_grasp_train.scanning.contact_sheet import contact_sheet

from dense_grasp_bench.object_trials import ObjectTrials, Scanned
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.scan_click import ClickError
from dense_grasp_bench.session import Trial
from dense_grasp_client import GraphError, Refused

SIZE_SEED = 1
GRASP_TITLE = "wrist camera before | cell at the end"


def show_object(trials: ObjectTrials, solid: Solid, views: int, pose_seeds: range, out: Path) -> list[Trial]:
    """Scan, click and one grasp a pose; prints a line each. Writes scan.png, click.png and grasp_<number>.png to `out`.

    Raises GraphError where the object could not be scanned or taught.
    """
    for old in out.glob("grasp_*.png"):
        old.unlink()
    try:
        _learn(trials, solid, views, out)
    except (Refused, ClickError) as error:
        raise GraphError(f"the {solid.kind} was not taught: {error}") from error
    print(f"{len(pose_seeds)} poses on other tables, every second one among other things:", flush=True)
    done = []
    for number, pose_seed in enumerate(pose_seeds, start=1):
        goal = trials.goal(solid, pose_seed)
        done.append(goal.trial)
        print(goal.trial.line(), flush=True)
        rows = [([goal.before, goal.end], goal.trial.line())]
        write_png(out / f"grasp_{number}.png", sheet(rows, GRASP_TITLE))
    return done


def _learn(trials: ObjectTrials, solid: Solid, views: int, out: Path) -> None:
    """Scan the object, also turned over where it rests on several faces, and click its contact once."""
    print(f"the arm scans the {solid.kind} ({_size(solid)} cm):", flush=True)
    scanned = trials.scan(solid, views)
    print(f"{scanned.result.message} {scanned.robot_s:.0f} s of robot time", flush=True)
    if len(solid.rests) > 1:
        _turn_over(trials, solid, scanned, views)
    pictures, surface = read_scan(scanned.folder), surface_of(scanned.folder)
    if surface is not None:
        write_png(out / "scan.png", contact_sheet(pictures, surface, coverage(pictures)))
    clicked = trials.click(solid, scanned)
    write_png(out / "click.png", clicked.picture)
    print(f"taught by one click in picture {clicked.view} of {len(pictures)}", flush=True)


def _turn_over(trials: ObjectTrials, solid: Solid, scanned: Scanned, views: int) -> None:
    try:
        result, off_by = trials.scan_turned_over(solid, scanned, views)
    except Refused as refused:
        print(f"turned over, its second scan does not join: {refused}; the first one stays", flush=True)
        return
    print(f"turned over and scanned again: {result.message}; off by {off_by}", flush=True)


def _size(solid: Solid) -> str:
    return " x ".join(f"{100.0 * edge:.0f}" for edge in np.sort(solid.size)[::-1])
