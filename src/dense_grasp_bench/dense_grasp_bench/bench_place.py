"""Caps of the simulated cell are picked up and put down: back, and aside at a pose. How far from there do they lie?

Each trial: a cap at a drawn pose, one grasp, one place, and the truth before and after. Prints a line for each, and
median and worst of each kind of place.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.arguments import add_planner, count
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_client import GraspClient, Refused

WHERE = ("back", "aside")
#: Of a ring about the crown, whose mean is its middle.
RING = [("crown", u, 0.5) for u in np.linspace(0.0, 1.0, 12, endpoint=False)]


@dataclass(frozen=True)
class Lying:
    """Where a cap lies: its contact and its crown's middle (3,) m, and which way it points, rad."""

    contact: np.ndarray
    middle: np.ndarray
    heading: float


def lying(session: CellSession) -> Lying:
    """By the truth."""
    points = [np.array([p.x, p.y, p.z]) for p in session.truth([CAP.clicks["contact"], *RING]).positions]
    ring = np.array(points[1:])
    along = ring[0] - ring[len(ring) // 2]
    return Lying(points[0], ring.mean(axis=0), math.atan2(along[1], along[0]))


def trial(session: CellSession, grasp: GraspClient, where: str, seed: int, aside: float) -> tuple[float, float] | None:
    """mm that the contact and the crown's middle lie beside where they were to be; None without a grasp."""
    session.set_cap(seed, seed)
    before = lying(session)
    name = f"{where:5s} {seed:4d}"
    try:
        result = grasp.grasp("cap", may_drop=True)
    except Refused as refused:
        print(f"{name} | not grasped: {refused.sentence}", flush=True)
        return None
    shift = np.zeros(3)
    try:
        if where == "back":
            placed = grasp.place()
        else:
            shift[1] = -aside if before.contact[1] > 0.0 else aside
            pose = result.grasp_pose
            pose.header.stamp.sec = pose.header.stamp.nanosec = 0
            pose.pose.position.y += shift[1]
            placed = grasp.place(at=pose, upright=True)
    except Refused as refused:
        print(f"{name} | NOT PLACED: code {refused.code}: {refused.sentence}", flush=True)
        return math.inf, math.inf
    after = lying(session)
    beside = [
        1000.0 * float(np.linalg.norm((b - a - shift)[:2]))
        for a, b in ((before.contact, after.contact), (before.middle, after.middle))
    ]
    turned = math.degrees(math.remainder(after.heading - before.heading, 2.0 * math.pi))
    print(
        f"{name} | contact {beside[0]:5.1f} mm, crown's middle {beside[1]:5.1f} mm beside; turned {turned:+4.0f} deg | "
        f"planned in {placed.planning_time:.2f} s, {placed.total_time:.0f} s of wall clock",
        flush=True,
    )
    return beside[0], beside[1]


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, pick and place; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    given = launch_arguments(out, planner=arguments.planner)
    domain = private_domain()
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_place") as client,
    ):
        session = CellSession.ready(graph, client, arguments.patience)
        session.set_for(CAP, TRAINING_SEED)
        session.teach()
        grasp = GraspClient(connection=client.connection)
        for where in WHERE:
            seeds = range(arguments.seed, arguments.seed + arguments.trials)
            found = [trial(session, grasp, where, seed, arguments.aside) for seed in seeds]
            placed = np.array([one for one in found if one is not None]).reshape(-1, 2)
            words = [
                f"{what} median {np.median(column):.1f} mm, worst {column.max():.1f} mm"
                for what, column in zip(("contact", "crown's middle"), placed.T, strict=True)
                if len(column)
            ]
            print(f"{where}: {len(placed)} of {len(found)} grasped; {'; '.join(words)}", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_place", description=__doc__)
    parser.add_argument("--trials", type=count(1), default=10, help="of each kind of place (default %(default)s)")
    parser.add_argument(
        "--seed", type=count(0), default=1000, help="of the first cap and its pose (default %(default)s)"
    )
    parser.add_argument("--aside", type=float, default=0.10, help="m along y (default %(default)s)")
    parser.add_argument(
        "--patience", type=float, default=300.0, help="s until the graph is ready (default %(default)s)"
    )
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-place")
    return exit_status("bench_place", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
