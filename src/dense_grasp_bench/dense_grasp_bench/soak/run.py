"""Entry point of the soak test: starts the graph, draws round after round, prints what came of it."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path

from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain

from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.soak.agenda import Agenda
from dense_grasp_bench.soak.calls import Caller
from dense_grasp_bench.soak.cell_under_test import CellUnderTest
from dense_grasp_bench.soak.hostile import HostileSender
from dense_grasp_bench.soak.launch_log import LaunchLog
from dense_grasp_bench.soak.ledger import Ledger
from dense_grasp_bench.soak.meter import Meter, shared_memory
from dense_grasp_bench.soak.recovery import recover
from dense_grasp_bench.soak.report import Findings, text
from dense_grasp_bench.soak.tasks import TASKS, Tally
from dense_grasp_bench.soak.troubles import Trouble, all_troubles, schedule
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED

#: Share of rounds with a trouble.
TROUBLED = 0.6
SAMPLE_PERIOD = 5.0
START_TIMEOUT = 180.0


class Soak:
    """Round after round: a task, often a trouble in the middle of it, and then the wait until all is as before."""

    def __init__(self, cell: CellUnderTest, kinds: list[str]):
        self._cell = cell
        troubles = all_troubles(sorted(cell.log.read().pids))
        self._troubles = {kind: troubles[kind] for kind in kinds or troubles}
        self._meter, self._tally = Meter(), Tally()
        self._counted: Counter[str] = Counter()
        self._recoveries: dict[str, float] = {}
        self._never: list[str] = []
        self._rounds = 0

    def run(self, seconds: float) -> Findings:
        """Rounds for so many seconds of wall clock, then a last look at everything."""
        began, before = time.monotonic(), shared_memory()
        self._sample()
        while time.monotonic() - began < seconds:
            self._rounds += 1
            line = self._round()
            print(f"{time.monotonic() - began:7.0f} s  {line}", flush=True)
        ledger = self._cell.caller.ledger
        self._cell.caller.until(lambda: not ledger.unanswered, START_TIMEOUT)
        present = self._cell.listed() or {}
        return Findings(
            seconds=time.monotonic() - began,
            rounds=self._rounds,
            lines=ledger.lines(),
            tally=self._tally,
            troubles=dict(self._counted),
            ends=self._ends(),
            trends=self._meter.trends(),
            shared_memory=(before, shared_memory()),
            lost=sorted(self._cell.lost),
            reappeared=sorted(self._cell.reappeared),
            acknowledged=self._cell.rows.acknowledged,
            present=len(present),
            never_recovered=self._never,
            slowest_recovery=self._recoveries,
        )

    def _round(self) -> str:
        cell = self._cell
        trouble = self._draw()
        task = cell.rng.choices(list(TASKS), list(TASKS.values()))[0]
        if trouble is not None:
            schedule(trouble, cell)
        said = task(cell, self._tally)
        took, lacks = recover(cell)
        self._note(trouble, took, lacks)
        cell.check_rows()
        name = f" + {trouble.name}" if trouble else ""
        lacking = f", LACKS {lacks}" if lacks else ""
        return f"{self._rounds:4d} {task.__name__}{name}: {said}; whole after {took:.1f} s{lacking}"

    def _draw(self) -> Trouble | None:
        rng = self._cell.rng
        if rng.random() >= TROUBLED:
            return None
        return rng.choice(self._troubles[rng.choice(list(self._troubles))])

    def _note(self, trouble: Trouble | None, took: float, lacks: str) -> None:
        name = trouble.name if trouble else "none"
        self._counted[name] += 1
        self._recoveries[name] = max(took, self._recoveries.get(name, 0.0))
        if lacks:
            self._never.append(f"{name}: {lacks}")
            for node in ("query_node", "descriptor_node", "grasp_executor"):
                self._cell.kill(node, "killed because it did not recover")
            recover(self._cell)

    def _sample(self) -> None:
        self._meter.look(time.monotonic(), self._cell.log.read().pids)
        self._cell.caller.agenda.after(SAMPLE_PERIOD, self._sample, background=True)

    def _ends(self) -> list[tuple[str, str]]:
        killed = self._cell.killed
        return [
            (node, killed.get(pid, f"by itself, exit code {code}")) for node, pid, code in self._cell.log.read().ends
        ]


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, soak, write out/soak; the exit code."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "graph.log"
    with (
        GraphProcess("bringup.launch.py", launch_arguments(out, arguments.model), log, arguments.domain) as graph,
        GraphClient(arguments.domain, graph, name="soak") as client,
    ):
        session = CellSession.ready(graph, client, START_TIMEOUT)
        cell = CellUnderTest(
            Caller(client, graph, Ledger(), Agenda()),
            session,
            LaunchLog(log),
            (out / "store.db").resolve(),
            HostileSender(client.node),
            random.Random(arguments.seed),
        )
        session.set_for(CAP, TRAINING_SEED)
        session.teach()
        cell.note_taught()
        print(f"the cell is taught; {arguments.minutes:g} minutes from seed {arguments.seed}", flush=True)
        findings = Soak(cell, arguments.troubles).run(60.0 * arguments.minutes)
    print(f"\n{text(findings)}\nlog: {log}")
    write_json(out / "results.json", asdict(findings) | {"faults": findings.faults()})
    return 1 if findings.faults() else 0


def main() -> int:
    """Entry point; 0 when all was answered, kept and bounded, 1 when not or when the graph failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0, help="of tasks and troubles")
    parser.add_argument(
        "--troubles", nargs="*", default=[], choices=sorted(all_troubles([])), help="kinds of trouble; default: all"
    )
    parser.add_argument("--model", default="", help="network file; default: the shipped one")
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the graph")
    parser.add_argument("--out", default="out/soak")
    return exit_status("soak", partial(run, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
