"""Caps and scanned objects are put on the taught point of a scanned carton: within 2 cm of it, and upright where asked?

The arm scans the carton, which is clicked once in the middle of its top, and the objects. Each trial: an object at a
drawn pose beside the carton, one grasp, one place, and the truth. A trial counts when the middle of the area that the
object covers is within 2 cm of the point, the object lies on the carton, and, where that was asked, leans by at most 10
degrees from how it stood. It is asked of caps, and of objects that stand as they were scanned.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh, make_cap
from dense_grasp_assets.solids.make import KINDS, make_solid
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.poses import pose_matrix
from dense_grasp_sim.world.carton import CARTON_KIND, the_carton

from dense_grasp_bench.arguments import add_planner, count
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.object_trials import ObjectTrials
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.placed_on import Placed, placed
from dense_grasp_bench.scan_click import ClickError
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_bench.trial_pictures import COLOR_TOPIC, OVERVIEW_TOPIC, picture_now
from dense_grasp_bench.true_pose import at_rest, true_pose
from dense_grasp_client import GraphError, GraspClient, Refused

POINT = (CARTON_KIND, "middle")
_STANDS = np.radians(20.0)


class PlaceBench:
    """The running cell, in which the carton is known."""

    def __init__(self, client: GraphClient, session: CellSession):
        self._client, self._session = client, session
        self._grasp = GraspClient(connection=client.connection)
        self._carton = the_carton()
        self.rows: list[tuple[list[np.ndarray | None], str]] = []

    def trial(self, thing: CapMesh | Solid, seed: int, pose_seed: int) -> Placed | None:
        """One grasp and one place of an object that is drawn beside the carton; None where it did not come to it."""
        kind = thing.kind if isinstance(thing, Solid) else CAP.object_id
        scene = f"{kind}_beside_carton"
        there = self._session.set_scene(scene=scene, seed=seed, random_pose=True, pose_seed=pose_seed)
        looked, before = picture_now(self._client, COLOR_TOPIC), pose_matrix(there.pose)
        upright = not isinstance(thing, Solid) or bool(np.arccos(np.clip(before[2, 2], -1.0, 1.0)) < _STANDS)
        name, result = f"{kind:11s} {seed:4d} {pose_seed:4d}", None
        try:
            self._grasp.grasp(kind, may_drop=True)
            self._grasp.place(on=POINT, upright=upright)
        except Refused as refused:
            words = f"NOT PLACED: code {refused.code}: {refused.sentence}"
        else:
            self._session.client.wait(at_rest(self._session, thing), 30.0, f"the {kind} at rest")
            after, base_from_carton = true_pose(self._session, thing), true_pose(self._session, self._carton, "carton/")
            result = placed(thing, before, after, self._carton, base_from_carton, upright)
            words = f"{'ok  ' if result.is_there else 'FAIL'} | {result}"
        print(f"{name} | {words}", flush=True)
        self.rows.append(([looked, picture_now(self._client, OVERVIEW_TOPIC)], f"{name} | {words}"))
        return result


def learn(trials: ObjectTrials, solid: Solid, views: int, keypoint: str, turns_over: bool = False) -> None:
    """Scan and click; turns_over: scan it on a second face, too, where it has one. Raises GraphError where that is
    refused.
    """
    try:
        scanned = trials.scan(solid, views)
        print(scanned.result.message, flush=True)
        if turns_over and len(solid.rests) > 1:
            joined, off_by = trials.scan_turned_over(solid, scanned, views)
            print(f"{joined.message}; off by {off_by}", flush=True)
        clicked = trials.click(solid, scanned, keypoint)
    except (Refused, ClickError) as error:
        raise GraphError(f"the {solid.kind} was not taught: {error}") from error
    print(f"{solid.kind}/{keypoint} clicked in picture {clicked.view}", flush=True)


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, scan, teach, pick and place; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    given = launch_arguments(out, planner=arguments.planner)
    domain = private_domain()
    figures: dict[str, list[Placed | None]] = {}
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_place_on") as client,
    ):
        session = CellSession.ready(graph, client, arguments.patience)
        session.set_for(CAP, TRAINING_SEED)
        session.teach()
        trials, bench = ObjectTrials(client, session, out), PlaceBench(client, session)
        learn(trials, the_carton(), arguments.views, POINT[1])
        seeds = range(arguments.seed, arguments.seed + arguments.caps)
        figures["caps"] = [bench.trial(make_cap(seed), seed, seed) for seed in seeds]
        kinds = arguments.kinds if arguments.objects else []
        solids = [make_solid(kind, 1) for kind in kinds]
        for solid in solids:
            learn(trials, solid, arguments.views, "contact", not arguments.one_scan)
        turns = [(solids[i % len(solids)], arguments.seed + i) for i in range(arguments.objects)]
        figures["objects"] = [bench.trial(solid, solid.seed, pose_seed) for solid, pose_seed in turns]
    write_png(out / "sheet.png", sheet(bench.rows, "wrist camera before | cell at the end"))
    told = {what: [one and {**asdict(one), "is_there": one.is_there} for one in all_] for what, all_ in figures.items()}
    write_json(out / "results.json", told)
    for what, all_ in figures.items():
        print(summary(what, all_))
    print(f"load average {os.getloadavg()[0]:.1f}; {out / 'sheet.png'}, {out / 'results.json'}")
    return 0


def summary(what: str, trials: list[Placed | None]) -> str:
    """One line."""
    there = sum(one is not None and one.is_there for one in trials)
    came = [1000.0 * one.beside for one in trials if one is not None]
    off = ""
    if came:
        off = f"; middle beside the point median {np.median(came):.1f}, worst {max(came):.1f} mm (n {len(came)})"
    return f"{what}: {there} of {len(trials)} on the point, upright where asked{off}"


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_place_on", description=__doc__)
    parser.add_argument("--caps", type=count(0), default=10, help="different ones (default %(default)s)")
    parser.add_argument("--objects", type=count(0), default=10, help="of the kinds in turn (default %(default)s)")
    parser.add_argument(
        "--kinds", nargs="+", choices=KINDS, default=["printed_can", "printed_box"], help="default: %(default)s"
    )
    parser.add_argument("--seed", type=count(0), default=1000, help="of the first pose (default %(default)s)")
    parser.add_argument(
        "--views", type=count(4), default=16, help="pictures that a scan asks for (default %(default)s)"
    )
    parser.add_argument("--one-scan", action="store_true", help="do not turn the objects over for a second scan")
    parser.add_argument("--patience", type=float, default=300.0, help="s until the graph is ready")
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-place-on")
    return exit_status("bench_place_on", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
