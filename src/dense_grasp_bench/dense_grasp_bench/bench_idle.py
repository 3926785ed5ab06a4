"""Benchmark of doing nothing: processor time of each process of the simulated cell while nobody listens."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import psutil
from dense_grasp_client.connection import GraphError, wait_for
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.soak.launch_log import LaunchLog

#: Share of a core, at most. The simulation calculates physics and pictures; the descriptor node hears its camera, and
#: runs no network.
DEMANDED = {
    **dict.fromkeys(("grasp_executor", "query_node", "motion_watchdog", "hand_eye_publisher"), 0.02),
    "descriptor_node": 0.03,
}
SETTLE = 12.0  # s after the client has left: query_node's idle_after, and two looks


def processor_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """Processor time that each process took so far, s. Raises GraphError when one has ended."""
    try:
        times = {name: psutil.Process(pid).cpu_times() for name, pid in pids.items()}
    except psutil.Error as error:
        raise GraphError(f"the processor time cannot be read: {error}") from error
    return {name: taken.user + taken.system for name, taken in times.items()}


def shares(before: Mapping[str, float], after: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Share of a core that each process took."""
    return {name: (after[name] - before[name]) / seconds for name in before}


def table(measured: Mapping[str, float]) -> str:
    """The shares beside what is demanded."""
    lines = [f"{'processor time of a core':26s}{'idle':>8s}  at most"]
    for name, share in sorted(measured.items(), key=lambda item: -item[1]):
        limit = f"{100.0 * DEMANDED[name]:.0f} %" if name in DEMANDED else ""
        lines.append(f"{name:26s}{100.0 * share:6.1f} %  {limit}".rstrip())
    return "\n".join(lines)


def meets(measured: Mapping[str, float]) -> bool:
    """Whether every process keeps what is demanded."""
    return all(measured[name] <= limit for name, limit in DEMANDED.items() if name in measured)


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, leave it alone, measure, write out/bench-idle; the exit code."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "graph.log"
    with GraphProcess("bringup.launch.py", launch_arguments(out), log, arguments.domain) as graph:
        with GraphClient(arguments.domain, graph, name="bench_idle") as client:
            CellSession.ready(graph, client)
        settled = time.monotonic() + SETTLE
        wait_for(lambda: time.monotonic() > settled, 2 * SETTLE, "rest", graph.check)
        pids = LaunchLog(log).read().pids
        began, before = time.monotonic(), processor_seconds(pids)
        wait_for(lambda: time.monotonic() - began >= arguments.seconds, 2 * arguments.seconds, "the end", graph.check)
        measured = shares(before, processor_seconds(pids), time.monotonic() - began)
    write_json(out / "results.json", {"seconds": arguments.seconds, "share_of_a_core": measured})
    print(f"{table(measured)}\nover {arguments.seconds:g} s; wrote {out / 'results.json'}")
    return 0 if meets(measured) else 2


def main() -> int:
    """Entry point; 0 when every figure is reached, 2 when one is not, 1 when the graph failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the graph")
    parser.add_argument("--out", default="out/bench-idle")
    return exit_status("bench_idle", partial(run, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
