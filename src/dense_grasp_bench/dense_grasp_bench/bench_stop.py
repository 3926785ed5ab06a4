"""Benchmark of stopping: a canceled goal, and a killed executor, while the arm moves in the simulated cell.

For each trial the arm goes to a cap; in the middle of a motion the goal is canceled or the executor gets kill -9.
Measured in wall-clock time, from that moment: until the controller has the order to stop (its goal is CANCELING or
CANCELED), and until no joint is faster than 0.01 rad/s.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from action_msgs.msg import GoalStatus, GoalStatusArray
from dense_grasp.arm.heartbeat import GONE_AFTER
from dense_grasp_client.connection import GraphError
from dense_grasp_core.command_line import exit_status
from dense_grasp_ros.domains import private_domain
from rclpy.qos import qos_profile_action_status_default
from sensor_msgs.msg import JointState

from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.session import CellSession, launch_arguments
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED
from dense_grasp_interfaces.action import GraspObject

STILL = 0.01  # rad/s
MOVING = 0.1  # rad/s
FIRST_SEED = 2000
STATUS_TOPIC = "/fr3_arm_controller/follow_joint_trajectory/_action/status"
STOPPING = (GoalStatus.STATUS_CANCELING, GoalStatus.STATUS_CANCELED)
DEMANDED = {"stop command": 0.1, "rest": 0.3}  # s


@dataclass
class Stop:
    """One trial: s of wall clock to the stop command and to rest; speed in rad/s of the fastest joint before it."""

    how: str
    seed: int
    speed: float
    command: float
    rest: float

    def line(self) -> str:
        """The trial in one line of text."""
        return (
            f"{self.how:6s} {self.seed} | at {self.speed:.2f} rad/s | stop command after {1e3 * self.command:4.0f} ms "
            f"| at rest after {1e3 * self.rest:4.0f} ms"
        )


class ArmWatch:
    """Times at which the controller was told to stop and the arm was at rest, as messages arrive."""

    def __init__(self, client: GraphClient):
        self.speed = 0.0
        self._arm_joints = frozenset(client.arm_joints)
        self._since: float | None = None
        self.command = self.rest = float("nan")
        self._earlier: set[bytes] = set()
        self._last: list[GoalStatus] = []
        client.node.create_subscription(JointState, "/joint_states", self._on_joints, 10)
        client.node.create_subscription(
            GoalStatusArray, STATUS_TOPIC, self._on_status, qos_profile_action_status_default
        )

    def begin(self) -> None:
        """From now on."""
        self.command = self.rest = float("nan")
        self._earlier = {_identity(s) for s in self._last if s.status in STOPPING}
        self._since = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether both times are known."""
        return not np.isnan([self.command, self.rest]).any()

    def _on_joints(self, message: JointState) -> None:
        speeds = [abs(v) for name, v in zip(message.name, message.velocity) if name in self._arm_joints]
        if not speeds:
            return
        self.speed = max(speeds)
        # At rest for good: a motor that turns round is still for an instant.
        if self._since is not None and self.speed >= STILL:
            self.rest = float("nan")
        elif self._since is not None and np.isnan(self.rest):
            self.rest = time.monotonic() - self._since

    def _on_status(self, message: GoalStatusArray) -> None:
        self._last = list(message.status_list)
        if self._since is None or not np.isnan(self.command):
            return
        if any(s.status in STOPPING and _identity(s) not in self._earlier for s in self._last):
            self.command = time.monotonic() - self._since


def _identity(status: GoalStatus) -> bytes:
    return bytes(status.goal_info.goal_id.uuid)


def stop_once(session: CellSession, watch: ArmWatch, how: str, seed: int, act: Callable[[Any], Any]) -> Stop:
    """Send a goal, wait for a fast motion, stop it by `act(goal handle)`. Raises GraphError."""
    session.set_cap(seed, pose_seed=seed)
    handle = session.client.send_grasp(GraspObject.Goal(object_id=CAP.object_id))
    future = handle.get_result_async()
    session.client.wait(lambda: watch.speed > MOVING or future.done(), 120.0, "a motion of the arm")
    if future.done():
        raise GraphError(f"the goal ended before the arm moved: {future.result().result.message}")
    speed = watch.speed
    watch.begin()
    act(handle)
    session.client.wait(lambda: watch.done, 10.0, "the arm at rest by a stop command")
    if how != "kill":
        session.client.result(future, 60.0, "result of the stopped goal")
    return Stop(how, seed, speed, watch.command, watch.rest)


def figures_of(stops: Sequence[Stop]) -> dict:
    """Median and largest time by kind of stop."""
    kinds = sorted({stop.how for stop in stops})
    return {
        kind: {
            name: {"median_s": float(np.median(values)), "max_s": float(np.max(values)), "n": len(values)}
            for name, values in (
                ("stop command", [stop.command for stop in stops if stop.how == kind]),
                ("rest", [stop.rest for stop in stops if stop.how == kind]),
            )
        }
        for kind in kinds
    }


def meets(figures: dict) -> bool:
    """Whether every trial kept what is demanded."""
    return all(
        part[name]["max_s"] <= limit for part in figures.values() for name, limit in DEMANDED.items() if part[name]["n"]
    )


def table(figures: dict) -> str:
    """The figures beside what is demanded."""
    lines = [f"{'':34s}{'median':>10s}{'largest':>10s}{'n':>4s}  at most"]
    for kind, part in figures.items():
        for name, limit in DEMANDED.items():
            f = part[name]
            times = f"{1e3 * f['median_s']:7.0f} ms{1e3 * f['max_s']:7.0f} ms"
            lines.append(f"{f'{kind} -> {name}':34s}{times}{f['n']:4d}  {1e3 * limit:.0f} ms")
    return "\n".join(lines)


def arguments_of(arguments: argparse.Namespace, out: Path) -> list[str]:
    """Launch arguments: with the time-out of a real cell, not the simulation's longer one."""
    return launch_arguments(out, arguments.model, [f"heartbeat_timeout:={arguments.heartbeat_timeout}"])


def run(arguments: argparse.Namespace) -> int:
    """Start the graph, teach, stop it again and again, write out/bench-stop; the exit code."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    log = out / "graph.log"
    stops: list[Stop] = []
    with (
        GraphProcess("bringup.launch.py", arguments_of(arguments, out), log, arguments.domain) as graph,
        GraphClient(arguments.domain, graph, name="bench_stop") as client,
    ):
        session = CellSession.ready(graph, client)
        watch = ArmWatch(client)
        session.set_cap(TRAINING_SEED)
        session.teach()

        def executor() -> int:
            return int(re.findall(r"\[grasp_executor-\d+\]: process started with pid \[(\d+)\]", log.read_text())[-1])

        def kill(handle: Any) -> None:
            os.kill(executor(), signal.SIGKILL)

        for seed in range(FIRST_SEED, FIRST_SEED + arguments.trials):
            stops.append(stop_once(session, watch, "cancel", seed, lambda handle: handle.cancel_goal_async()))
            print(stops[-1].line(), flush=True)
        for seed in range(FIRST_SEED, FIRST_SEED + arguments.trials):
            before = executor()
            stops.append(stop_once(session, watch, "kill", seed, kill))
            print(stops[-1].line(), flush=True)
            client.wait(partial(_another, executor, before), 60.0, "new start of grasp_executor")
            client.wait(lambda: _ready(log) == _starts(log), 60.0, "executor ready")
            time.sleep(GONE_AFTER + 0.5)  # what the old one told is forgotten
    figures = figures_of(stops)
    write_json(out / "results.json", {"summary": figures, "trials": [asdict(stop) for stop in stops]})
    print(f"\n{table(figures)}\nload average {os.getloadavg()[0]:.1f}; wrote {out / 'results.json'}")
    return 0 if meets(figures) else 2


def _another(executor: Callable[[], int], before: int) -> bool:
    return executor() != before


def _starts(log: Path) -> int:
    return len(re.findall(r"\[grasp_executor-\d+\]: process started", log.read_text()))


def _ready(log: Path) -> int:
    # Its planner, too, says that it is ready: a goal sent then would go to the server that was killed.
    return log.read_text().count("[grasp_executor]: ready for")


def main() -> int:
    """Entry point; 0 when every figure is reached, 2 when one is not, 1 when the graph failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--trials", type=int, default=5, help="of each kind")
    parser.add_argument("--heartbeat-timeout", type=float, default=0.06, help="s, as in config/robot.yaml")
    parser.add_argument("--model", default="", help="network file; default: the shipped one")
    parser.add_argument("--domain", type=int, default=private_domain(), help="ROS_DOMAIN_ID of the graph")
    parser.add_argument("--out", default="out/bench-stop")
    return exit_status("bench_stop", partial(run, parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
