"""The arm scans a cap in the simulated cell: robot time, masks and surface beside the truth, and is the cap found then?

One scan, one click, then locates at drawn poses. Prints a line for each part. With --hand-eye-error the transform that
hand_eye_publisher gives is first set wrong by so much, some way, and after the scan to what its result names.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_assets.cap.mesh import make_cap
from dense_grasp_client.hand_eye import use_hand_eye
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store.scan_folders import folder_beside, folder_of
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.poses import pose_matrix

from dense_grasp_bench.arguments import add_planner
from dense_grasp_bench.graph_client import GraphClient, stamp_seconds
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.hand_eye_error import shipped_hand_eye
from dense_grasp_bench.scan_figures import judged
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_client import GraspClient

OBJECT = "scanned_by_arm"
PATIENCE_S = 900.0


def scan(client: GraphClient, session: CellSession, folder: Path, views: int, cap_seed: int) -> Any:
    """Scan the cap that lies there and print how it went; the result. folder: where the scan will lie."""
    grasp = GraspClient(connection=client.connection)
    pose = session.set_cap(cap_seed).pose
    base_from_cap = pose_matrix(pose)
    began = stamp_seconds(client.now())
    moving: list[float] = []
    result = grasp.scan(OBJECT, views, lambda feedback: moving.append(stamp_seconds(client.now())))
    print(
        f"{result.message}\n{views} views asked: robot time {moving[-1] - began:.0f} s until the arm was back, "
        f"{stamp_seconds(client.now()) - began:.0f} s with fusing; wall clock {result.total_time:.0f} s; "
        f"{result.scan.disk_bytes / 1e6:.0f} MB"
    )
    print(judged(folder, make_cap(cap_seed), base_from_cap), flush=True)
    return result


def teach(client: GraphClient, session: CellSession) -> None:
    """One click on the cap where it was scanned."""
    pixel = session.truth([CAP.clicks["contact"]]).pixels[0]
    client.register(OBJECT, "contact", pixel.x, pixel.y, PATIENCE_S)


def locate(session: CellSession, poses: int, cap_seed: int) -> None:
    """The cap at drawn poses."""
    contact = CAP.clicks["contact"]
    errors = []
    for seed in range(1, poses + 1):
        session.set_cap(cap_seed, seed)
        true = session.truth([contact]).positions[0]
        match = session.locate(OBJECT, ["contact"], 30.0)[0]
        if match.code != MatchCode.OK:
            print(f"pose {seed}: NOT FOUND: {match.message}", flush=True)
            continue
        found = match.position
        errors.append(1000.0 * math.dist((found.x, found.y, found.z), (true.x, true.y, true.z)))
        print(f"pose {seed}: {errors[-1]:.1f} mm", flush=True)
    median, worst = (np.median(errors), max(errors)) if errors else (math.nan, math.nan)
    print(f"found {len(errors)} of {poses}; median {median:.1f} mm, worst {worst:.1f} mm")


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, scan, locate; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    given = launch_arguments(out, planner=arguments.planner)
    folder = folder_of(folder_beside((out / "store.db").resolve()), OBJECT)
    domain = private_domain()
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_arm_scan") as client,
    ):
        session = CellSession.ready(graph, client)
        if arguments.hand_eye_error is not None:
            use_hand_eye(client.connection, shipped_hand_eye(tuple(arguments.hand_eye_error), arguments.seed))
        result = None
        for views in arguments.views:
            if folder.is_dir():
                folder.rename(folder.with_name(f".{OBJECT}.{os.getpid()}.{views}"))
            result = scan(client, session, folder, views, arguments.cap)
        teach(client, session)
        locate(session, arguments.poses, arguments.cap)
        if result is not None and result.hand_eye.child_frame_id:
            use_hand_eye(client.connection, result.hand_eye)
            print("with the hand-eye transform that the scan named:", flush=True)
            locate(session, arguments.poses, arguments.cap)
    print(f"load average {os.getloadavg()[0]:.1f}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_arm_scan", description=__doc__)
    parser.add_argument("--views", type=int, nargs="+", default=[40], help="pictures, a scan each (default 40)")
    parser.add_argument("--cap", type=int, default=TRAINING_SEED, help="seed of the cap (default %(default)s)")
    parser.add_argument("--poses", type=int, default=10, help="drawn poses of the cap (default %(default)s)")
    parser.add_argument(
        "--hand-eye-error", type=float, nargs=2, metavar=("MM", "DEG"), help="of the transform that is published"
    )
    parser.add_argument("--seed", type=int, default=0, help="of its directions (default %(default)s)")
    add_planner(parser)
    parser.add_argument("--out", default="out/bench-arm-scan")
    return exit_status("bench_arm_scan", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
