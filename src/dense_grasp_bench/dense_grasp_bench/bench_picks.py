"""Benchmark of picks an hour: goals one after the other that deliver what they grasp, counted by the robot's clock.

A next object lies there at once, as with somebody who puts it there while the arm delivers the one before. The arm ends
at the place of delivery, so the way back to where it looks from counts, and so do goals that fail.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_assets.solids.make import KINDS, make_solid
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.result_codes import GraspCode
from dense_grasp_ros.domains import private_domain
from dense_grasp_sim.physics.referee import LiftRule

from dense_grasp_bench.arguments import add_planner, count
from dense_grasp_bench.bench_grasp import stage_medians
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.object_trials import ObjectTrials
from dense_grasp_bench.session import CellSession, Trial, launch_arguments
from dense_grasp_bench.taught_clicks import TRAINING_SEED

#: Where it is delivered, rad, joint 1 to 7: the finger tips at (0.41, 0.28, 0.44) m in the base frame.
DELIVER_JOINTS = (0.6, -0.2, 0.0, -2.0, 0.0, 1.8, 0.785)
FIRST_SEED = 2000
RAISED = LiftRule().raised  # m


@dataclass(frozen=True)
class Pick:
    """One goal. seconds: of the robot's clock, from the goal to its result. why_not: empty where it was delivered: the
    goal ended with SUCCESS, the object was raised by RAISED and let go, and nothing beside it was touched.
    """

    name: str
    seed: int
    seconds: float
    why_not: str

    @property
    def delivered(self) -> bool:
        """Whether the object was delivered."""
        return not self.why_not

    def line(self) -> str:
        """In one line of text."""
        return f"{self.name:12s} {self.seed:5d} | {self.seconds:5.1f} s | {self.why_not or 'delivered'}"


def picks_an_hour(picks: Sequence[Pick]) -> float:
    """Delivered objects an hour over all goals, also those that failed; 0 without a goal."""
    seconds = sum(pick.seconds for pick in picks)
    return 3600.0 * sum(pick.delivered for pick in picks) / seconds if seconds else 0.0


def table(picks: Sequence[Pick]) -> str:
    """A row a kind of object, and one of all."""
    names = list(dict.fromkeys(pick.name for pick in picks))
    groups = [(name, [pick for pick in picks if pick.name == name]) for name in names]
    lines = [f"{'':14s}{'delivered':>12s}{'s a goal, median (worst)':>27s}{'picks an hour':>16s}"]
    for name, group in [*groups, *([("all", list(picks))] if len(groups) > 1 else [])]:
        spent = [pick.seconds for pick in group]
        delivered = f"{sum(pick.delivered for pick in group)} of {len(group)}"
        took = f"{np.median(spent):.1f} ({max(spent):.1f})"
        lines.append(f"{name:14s}{delivered:>12s}{took:>27s}{picks_an_hour(group):16.0f}")
    return "\n".join(lines)


def judged(trial: Trial, is_held: bool) -> Pick:
    """A pick by the executor's code and the referee's word. is_held: whether it is still between the fingers."""
    if trial.code != GraspCode.SUCCESS:
        why = f"{trial.code_name}: {trial.message}"
    elif not trial.raised >= RAISED:
        why = f"raised {100.0 * trial.raised:.0f} cm, expected {100.0 * RAISED:.0f}"
    elif is_held:
        why = "still between the fingers"
    else:
        why = f"touched {', '.join(trial.touched)}" if trial.touched else ""
    return Pick(trial.object, trial.seed, trial.robot_s, why)


def _caps(session: CellSession, seeds: range) -> Iterator[Callable[[], Trial]]:
    session.set_cap(TRAINING_SEED)
    session.teach()
    for seed in seeds:
        session.set_cap(seed, pose_seed=seed)
        yield partial(session.grasp_trial, seed)


def _object_trial(trials: ObjectTrials, solid: Solid, pose_seed: int) -> Trial:
    return trials.goal(solid, pose_seed).trial


def _objects(
    trials: ObjectTrials, kinds: Sequence[str], seed: int, views: int, seeds: range
) -> Iterator[Callable[[], Trial]]:
    for kind in kinds:
        solid = make_solid(kind, seed)
        scanned = trials.scan(solid, views)
        print(f"{kind} {seed}: {scanned.result.message}", flush=True)
        trials.click(solid, scanned)
        for pose_seed in seeds:
            yield partial(_object_trial, trials, solid, pose_seed)


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, deliver, write results.json; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    domain = private_domain()
    given = launch_arguments(out, planner=arguments.planner)
    picks: list[Pick] = []
    trials: list[Trial] = []
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_picks") as client,
    ):
        session = CellSession.ready(graph, client)
        client.set_parameter("grasp_executor", "deliver_joints", list(DELIVER_JOINTS))
        client.set_parameter("grasp_executor", "after_grasp", "deliver")
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.goals)
        queued = [_caps(session, seeds)] if arguments.caps else []
        if arguments.objects:
            taught = ObjectTrials(client, session, out)
            queued.append(_objects(taught, arguments.objects, arguments.seed, arguments.views, seeds))
        for goals in queued:
            for goal in goals:
                trials.append(goal())
                picks.append(judged(trials[-1], client.call("get_report").both_pads))
                print(picks[-1].line(), flush=True)
                write_json(out / "results.json", {"picks": [asdict(pick) for pick in picks]})
    spent = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in stage_medians(trials).items())
    print(f"\n{table(picks)}\nmedian s of each stage by the wall's clock: {spent}")
    print(f"load average {os.getloadavg()[0]:.1f}; wrote {out / 'results.json'}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_picks", description=__doc__)
    parser.add_argument("--goals", type=count(1), default=20, help="of each kind of object (default %(default)s)")
    parser.add_argument("--no-caps", dest="caps", action="store_false", help="scanned objects alone")
    parser.add_argument(
        "--objects",
        nargs="+",
        default=[],
        choices=KINDS,
        metavar="KIND",
        help=f"scanned first, then picked: of {', '.join(KINDS)}",
    )
    parser.add_argument("--seed", type=count(0), default=1, help="of the objects (default %(default)s)")
    parser.add_argument(
        "--first-seed", type=count(0), default=FIRST_SEED, help="of caps and poses (default %(default)s)"
    )
    parser.add_argument("--views", type=count(4), default=24, help="of an object's scan (default %(default)s)")
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-picks")
    return exit_status("bench_picks", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
