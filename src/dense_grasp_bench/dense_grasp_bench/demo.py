"""Demo: a Franka in simulation is taught a point on one cap and picks up other caps by it.

With --object: it scans an object that is no cap, is taught a point on it by one click, and picks it up where it lies.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_assets.solids.files import named_solid
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.arguments import count, one_of
from dense_grasp_bench.demo_object import SIZE_SEED, show_object
from dense_grasp_bench.film import Film
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.mesh_solids import make_mesh_solids, show_solids
from dense_grasp_bench.object_trials import ObjectTrials
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.session import CellSession, Trial, launch_arguments
from dense_grasp_bench.taught_clicks import TRAINING_SEED
from dense_grasp_bench.trial_pictures import Photographer, TrialPictures
from dense_grasp_bench.watching import PAGE_PORT, free_port, open_page

CAP = "cap"
FIRST_UNSEEN_SEED = 1000
FILM_FPS = 10.0
LIFTED_SHARE = 0.8


def json_number(value):
    """NaN as null: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: json_number(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_number(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_json(path: Path, content: dict) -> None:
    """Write figures whole or not at all."""
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(json_number(content), indent=1) + "\n")
    partial.replace(path)


def summary(trials: Sequence[Trial]) -> dict:
    """Figures over all trials of caps; NaN where there is nothing to count."""

    def median(values: Sequence[float]) -> float:
        finite = [value for value in values if math.isfinite(value)]
        return float(np.median(finite)) if finite else math.nan

    return {
        "trials": len(trials),
        "lifted": sum(trial.lifted for trial in trials),
        "found": sum(trial.found for trial in trials),
        "median_error_mm": median([trial.error_mm for trial in trials]),
        "median_planning_time_s": median([trial.planning_time for trial in trials]),
        "median_time_to_first_motion_s": median([trial.time_to_first_motion for trial in trials]),
    }


def show_caps(session: CellSession, photographer: Photographer, seeds: Sequence[int], out: Path) -> list[Trial]:
    """Teach one cap, then one grasp per cap; prints a line each. Writes sheet.png to `out`."""
    session.set_cap(TRAINING_SEED)
    clicks = session.teach()
    told = ", ".join(f"{name} ({u:.0f}, {v:.0f})" for name, (u, v) in clicks.items())
    print(f"taught on cap {TRAINING_SEED} by three clicks: {told}", flush=True)
    print(f"{len(seeds)} caps the network has never seen, at random poses:", flush=True)
    trials: list[Trial] = []
    pictures: list[TrialPictures] = []
    for seed in seeds:
        photographer.begin()
        session.set_cap(seed, pose_seed=seed)
        trial = session.grasp_trial(seed)
        photographer.overview_now()
        trials.append(trial)
        pictures.append(photographer.pictures)
        print(trial.line(), flush=True)
    rows = [(picture.row, trial.line()) for picture, trial in zip(pictures, trials, strict=True)]
    write_png(out / "sheet.png", sheet(rows, "camera image | heatmap with the match | overview after the grasp"))
    return trials


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, grasp, write out/demo; the exit code."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "graph.log"
    mesh, kind = Path(arguments.object), arguments.object
    if mesh.is_file():
        (kind,) = make_mesh_solids([mesh], arguments.mesh_unit, out)
    print(f"starting the graph: ros2 launch dense_grasp bringup.launch.py sim:=true (its log: {log})", flush=True)
    given = launch_arguments(out, arguments.model, page_port=free_port(PAGE_PORT) if arguments.watch else 0)
    began = time.monotonic()
    with (
        GraphProcess("bringup.launch.py", given, log, arguments.domain) as graph,
        GraphClient(arguments.domain, graph, name="demo") as client,
        Film(out / "demo.webm", FILM_FPS) as film,
    ):
        session = CellSession.ready(graph, client)
        start_time = time.monotonic() - began
        print(f"the graph describes images after {start_time:.1f} s", flush=True)
        photographer = Photographer(client, film)
        if arguments.watch:
            print(open_page(log, graph.check), flush=True)
        seeds = range(arguments.seed, arguments.seed + arguments.trials)
        if arguments.object == CAP:
            trials = show_caps(session, photographer, seeds, out)
        else:
            solid = named_solid(kind, SIZE_SEED, show_solids(client, out) if mesh.is_file() else "")
            trials = show_object(ObjectTrials(client, session, out), solid, arguments.views, seeds, out)
    figures = {**summary(trials), "start_time_s": start_time}
    write_json(out / "results.json", {"summary": figures, "trials": [asdict(trial) for trial in trials]})
    pictures = out / "sheet.png" if arguments.object == CAP else f"scan.png, click.png, grasp_*.png in {out}"
    print(
        f"\n{figures['lifted']} of {figures['trials']} lifted, median error {figures['median_error_mm']:.1f} mm, "
        f"median planning time {figures['median_planning_time_s']:.2f} s\n"
        f"wrote {pictures}, {out / 'demo.webm'} ({film.frames} frames) and {out / 'results.json'}"
    )
    needed = math.ceil(LIFTED_SHARE * len(trials))
    if figures["lifted"] < needed:
        print(f"fewer than {needed} of {len(trials)} were lifted", file=sys.stderr)
        return 2
    return 0


def object_or_mesh(text: str) -> str:
    """The name of an object, or an existing file."""
    return text if Path(text).is_file() else one_of((CAP, *KINDS, "a mesh file"))(text)


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when at least four of five were lifted, 2 when fewer, 1 when the graph failed."""
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument(
        "--object",
        type=object_or_mesh,
        default=CAP,
        metavar="NAME",
        help=f"what is picked up: {CAP} (the default), {', '.join(KINDS)}, or a mesh file (OBJ, GLB, PLY, STL); all "
        "but the cap are scanned first",
    )
    parser.add_argument("--mesh-unit", default="m", help="unit of the mesh file (default %(default)s)")
    parser.add_argument("--trials", type=count(1), default=5, help="grasps (default %(default)s)")
    parser.add_argument(
        "--seed",
        type=count(0),
        default=FIRST_UNSEEN_SEED,
        help="of the first cap, or of an object's first pose (default %(default)s)",
    )
    parser.add_argument(
        "--views", type=count(4), default=16, help="pictures that a scan asks for (default %(default)s)"
    )
    parser.add_argument("--model", default="", help="network file; default: the shipped one")
    parser.add_argument("--watch", action="store_true", help="open the operator's page in the browser while it runs")
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the demo's graph")
    parser.add_argument("--out", default="out/demo")
    return exit_status("demo", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
