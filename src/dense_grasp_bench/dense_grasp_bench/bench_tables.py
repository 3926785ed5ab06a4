"""Benchmark of tables with three of one object among three others: one goal for all of them, delivered into a bin.

The arm scans the object by itself, and it is clicked once. Then table after table, each in another light: three of the
object and three solids of other kinds at drawn places and yaws, on any of their faces. An object counts as delivered
when the strict referee says that it was lifted, it lies in the bin, and nothing else was touched meanwhile.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_assets.solids.files import named_solid
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_assets.solids.solid import Solid, SolidError
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain
from dense_grasp_sim.world.crowd import EQUAL

from dense_grasp_bench.arguments import add_planner, count
from dense_grasp_bench.deliveries import TableOutcome, WatchDeliveries
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.mesh_solids import make_mesh_solids, show_solids
from dense_grasp_bench.object_trials import Array, ObjectTrials
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.scan_click import ClickError
from dense_grasp_bench.session import CellSession, Trial, launch_arguments
from dense_grasp_bench.trial_pictures import COLOR_TOPIC, OVERVIEW_TOPIC, picture_now
from dense_grasp_client import GraphError, Refused
from dense_grasp_interfaces.action import GraspObject

#: Over the bin, rad, joint 1 to 7: the finger tips at (0.00, 0.55, 0.35) m in the base frame.
OVER_THE_BIN = (1.571, 0.0, 0.0, -2.0, 0.0, 2.0, 0.785)
PATIENCE_S = 900.0  # of the wall's clock, for one table
FIRST_SEED = 4000


class TableBench:
    """The running cell, in which the objects are known; an object is known under its kind."""

    def __init__(self, client: GraphClient, session: CellSession):
        self._client, self._session = client, session
        self.rows: list[tuple[list[Array | None], str]] = []

    def clear(self, solid: Solid, seed: int) -> TableOutcome:
        """Set the table of a seed, and send one goal for all of the solid."""
        there = self._session.set_scene(scene=f"{solid.kind}_three_among_others", seed=solid.seed, pose_seed=seed)
        before, watch = picture_now(self._client, COLOR_TOPIC), WatchDeliveries(self._client)
        goal = GraspObject.Goal(object_id=solid.kind, may_drop=True, instances=GraspObject.Goal.ALL)
        trial = self._session.goal_trial(Trial(seed, solid.kind), goal, {}, watch, PATIENCE_S)
        outcome = TableOutcome(
            solid.kind,
            seed,
            watch.end(),
            tuple(self._client.call("get_report").touched),
            trial.code_name,
            trial.message,
            trial.robot_s,
            there.message,
        )
        self.rows.append(
            (
                [before, picture_now(self._client, COLOR_TOPIC), picture_now(self._client, OVERVIEW_TOPIC)],
                outcome.line(),
            )
        )
        return outcome


def table(outcomes: Sequence[TableOutcome]) -> str:
    """A row a kind of object."""
    lines = [f"{'':14s}{'all three delivered':>21s}{'delivered':>14s}{'s a table, median (worst)':>28s}"]
    for name in dict.fromkeys(outcome.name for outcome in outcomes):
        group = [outcome for outcome in outcomes if outcome.name == name]
        cleared = f"{sum(outcome.is_cleared for outcome in group)} of {len(group)}"
        delivered = f"{sum(outcome.delivered for outcome in group)} of {EQUAL * len(group)}"
        seconds = [outcome.seconds for outcome in group]
        lines.append(f"{name:14s}{cleared:>21s}{delivered:>14s}{f'{np.median(seconds):.0f} ({max(seconds):.0f})':>28s}")
    return "\n".join(lines)


def _learn(trials: ObjectTrials, solid: Solid, views: int) -> None:
    """Scan and click. Raises GraphError where that is refused."""
    try:
        scanned = trials.scan(solid, views)
        clicked = trials.click(solid, scanned)
    except (Refused, ClickError) as error:
        raise GraphError(f"the {solid.kind} was not taught: {error}") from error
    print(f"{solid.kind} {solid.seed}: {scanned.result.message} Clicked in picture {clicked.view}.", flush=True)


def _as_json(outcome: TableOutcome) -> dict[str, object]:
    return {**asdict(outcome), "delivered": outcome.delivered, "is_cleared": outcome.is_cleared}


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, clear the tables, write results.json and a sheet of pictures of each object; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    from_meshes = make_mesh_solids(arguments.meshes, arguments.mesh_unit, out) if arguments.meshes else ()
    unknown = [kind for kind in arguments.objects if kind not in (*KINDS, *from_meshes)]
    if unknown:
        raise SolidError(f"--objects has {', '.join(unknown)}, expected some of {', '.join((*KINDS, *from_meshes))}")
    given = launch_arguments(out, planner=arguments.planner)
    domain = private_domain()
    outcomes: list[TableOutcome] = []
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_tables") as client,
    ):
        session = CellSession.ready(graph, client)
        folder = show_solids(client, out) if from_meshes else ""
        client.set_parameter("grasp_executor", "deliver_joints", list(OVER_THE_BIN))
        client.set_parameter("grasp_executor", "after_grasp", "deliver")
        trials = ObjectTrials(client, session, out)
        for kind in arguments.objects:
            solid, bench = named_solid(kind, arguments.seed, folder), TableBench(client, session)
            _learn(trials, solid, arguments.views)
            for seed in arguments.only or range(arguments.first_seed, arguments.first_seed + arguments.tables):
                outcomes.append(bench.clear(solid, seed))
                print(outcomes[-1].line(), flush=True)
                write_json(out / "results.json", {"tables": [_as_json(outcome) for outcome in outcomes]})
                write_png(out / f"{kind}.png", sheet(bench.rows, "wrist camera before | at the end | cell at the end"))
    print(f"\n{table(outcomes)}\nload average {os.getloadavg()[0]:.1f}; pictures and results.json in {out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_tables", description=__doc__)
    parser.add_argument("--tables", type=count(1), default=10, help="for each object (default %(default)s)")
    parser.add_argument(
        "--objects",
        nargs="+",
        default=["printed_box"],
        metavar="NAME",
        help=f"of {', '.join(KINDS)}, and of meshes (default: printed_box)",
    )
    parser.add_argument(
        "--meshes", action="extend", type=Path, nargs="+", help="mesh files, or folders of them, which are objects, too"
    )
    parser.add_argument("--mesh-unit", default="m", help="unit of the meshes (default %(default)s)")
    parser.add_argument("--seed", type=count(0), default=1, help="of the objects (default %(default)s)")
    parser.add_argument("--first-seed", type=count(0), default=FIRST_SEED, help="of the tables (default %(default)s)")
    parser.add_argument("--only", type=count(0), nargs="+", metavar="SEED", help="the tables of these seeds instead")
    parser.add_argument("--views", type=count(4), default=24, help="of an object's scan (default %(default)s)")
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-tables")
    return exit_status("bench_tables", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
