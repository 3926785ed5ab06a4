"""Objects that are no caps: scanned by the arm in the simulated cell, one click, then grasped where they lie next.

An object that rests on several faces is scanned on two of them, and the second scan joined to the first.
Each goal: the object at a drawn place, yaw and face that it rests on, on another table in another light than the
scan's, every second one among other things. The strict referee judges. Prints a line for each goal and a table.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from dense_grasp_assets.solids.files import named_solid
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_assets.solids.solid import Solid, SolidError
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.arguments import add_planner, count
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.mesh_solids import make_mesh_solids, show_solids
from dense_grasp_bench.object_figures import ObjectFigures, table
from dense_grasp_bench.object_trials import Array, ObjectTrials, Scanned
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.scan_click import ClickError
from dense_grasp_bench.scan_figures import judged
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_client import Refused


class ObjectBench:
    """The running cell, in which one object after the other is scanned, taught and grasped."""

    def __init__(self, trials: ObjectTrials, out: Path, turns_over: bool, solids_folder: str = ""):
        """turns_over: a second scan, of the object on another face, joins the first. solids_folder: of the solids that
        were made of meshes.
        """
        self._trials, self._out, self._turns_over, self._solids = trials, out, turns_over, solids_folder

    def measure(self, kind: str, seed: int, goals: int, views: int) -> ObjectFigures:
        """Scan, click, grasp; the object's pictures go to <out>/<kind>.png."""
        solid, figures = named_solid(kind, seed, self._solids), ObjectFigures(kind, seed)
        rows: list[tuple[list[Array | None], str]] = []
        try:
            rows.append(self._learn(solid, figures, views))
        except (Refused, ClickError) as error:
            figures.refused = str(error)
            print(f"{kind} {seed}: NOT TAUGHT: {error}", flush=True)
            return figures
        for pose_seed in range(1000 * seed + 1, 1000 * seed + 1 + goals):
            goal = self._trials.goal(solid, pose_seed)
            figures.trials.append(goal.trial)
            figures.clean.append(goal.clean)
            rows.append(([goal.before, goal.end], goal.trial.line()))
            print(("ok   | " if goal.clean else "FAIL | ") + goal.trial.line(), flush=True)
        write_png(self._out / f"{kind}.png", sheet(rows, "wrist camera before | cell at the end"))
        return figures

    def _learn(self, solid: Solid, figures: ObjectFigures, views: int) -> tuple[list[Array | None], str]:
        """Scan the object and click its contact in one of the scan's pictures."""
        name = f"{solid.kind} {solid.seed}"
        scanned = self._trials.scan(solid, views)
        figures.robot_s, figures.views = scanned.robot_s, scanned.result.scan.views
        figures.coverage = float(scanned.result.scan.coverage)
        figures.scan = str(judged(scanned.folder, solid, scanned.base_from_solid))
        print(f"{name}: {scanned.result.message} {figures.robot_s:.0f} s of robot time; {figures.scan}", flush=True)
        if self._turns_over and len(solid.rests) > 1:
            self._scan_turned_over(solid, figures, views, scanned)
        clicked = self._trials.click(solid, scanned)
        words = f"{name}: where it is scanned, and the click in picture {clicked.view}"
        return [scanned.before, clicked.picture], words

    def _scan_turned_over(self, solid: Solid, figures: ObjectFigures, views: int, scanned: Scanned) -> None:
        """The object lies on another face; a second scan joins the first, or is refused, and the first stays."""
        try:
            result, figures.joined = self._trials.scan_turned_over(solid, scanned, views)
        except Refused as refused:
            figures.joined = "refused"
            print(f"{solid.kind} {solid.seed}: NOT JOINED: {refused}", flush=True)
            return
        figures.views, figures.coverage = result.scan.views, float(result.scan.coverage)
        figures.scan += f"; joined: {judged(scanned.folder, solid, scanned.base_from_solid)}"
        print(f"{solid.kind} {solid.seed}: {result.message}; off by {figures.joined}; {figures.scan}", flush=True)


def chosen(only: Sequence[str] | None, first: int | None, known: Sequence[str]) -> Sequence[str]:
    """The objects to measure: those of `only`, else the first so many. Raises SolidError for an unknown one."""
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise SolidError(f"--only names {', '.join(unknown)}, expected some of {', '.join(known)}")
    return only or known[:first]


def run(arguments: argparse.Namespace) -> int:
    """Start the graph and measure every object; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    from_meshes = make_mesh_solids(arguments.meshes, arguments.mesh_unit, out) if arguments.meshes else ()
    kinds = chosen(arguments.only, arguments.objects, (*KINDS, *from_meshes))
    given = launch_arguments(out, planner=arguments.planner)
    domain = private_domain()
    measured: list[ObjectFigures] = []
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_objects") as client,
    ):
        session = CellSession.ready(graph, client)
        folder = show_solids(client, out) if from_meshes else ""
        bench = ObjectBench(ObjectTrials(client, session, out), out, not arguments.one_scan, folder)
        for kind in kinds:
            measured.append(bench.measure(kind, arguments.seed, arguments.goals, arguments.views))
            write_json(out / "results.json", {"objects": [asdict(figures) for figures in measured]})
    print(f"\n{table(measured)}\nload average {os.getloadavg()[0]:.1f}; pictures and results.json in {out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_objects", description=__doc__)
    parser.add_argument("--objects", type=count(1), help="the first so many (default: all)")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"these instead: of {', '.join(KINDS)}, and of meshes"
    )
    parser.add_argument(
        "--meshes",
        action="extend",
        type=Path,
        nargs="+",
        help="mesh files (OBJ, GLB, PLY, STL) or folders of them, which are objects, too",
    )
    parser.add_argument("--mesh-unit", default="m", help="unit of the meshes (default %(default)s)")
    parser.add_argument("--goals", type=count(1), default=10, help="for each object (default %(default)s)")
    parser.add_argument("--seed", type=count(0), default=1, help="of sizes, prints and poses (default %(default)s)")
    parser.add_argument(
        "--views", type=count(4), default=40, help="pictures that a scan asks for (default %(default)s)"
    )
    parser.add_argument("--one-scan", action="store_true", help="do not turn the object over for a second scan")
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-objects")
    return exit_status("bench_objects", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
