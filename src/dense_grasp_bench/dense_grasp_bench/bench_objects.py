"""Objects that are no caps: scanned by the arm in the simulated cell, one click, then grasped where they lie next.

An object that rests on several faces is scanned on two of them, and the second scan joined to the first.
Each goal: the object at a drawn place, yaw and face that it rests on, on another table in another light than the
scan's, every second one among other things. The strict referee judges. Prints a line for each goal and a table.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from dense_grasp_assets.solids.make import KINDS, make_solid
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.geometry.se3 import inverse, rotation_angle, transform
from dense_grasp_core.grasping.contacts import PLAIN_CONTACT
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_files import read_json
from dense_grasp_core.result_codes import StoreCode
from dense_grasp_core.store.scan_folders import folder_beside, folder_of
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.images import rgb_from_message
from dense_grasp_ros.poses import pose_matrix
from dense_grasp_sim.world.solid_placement import random_rest
from sensor_msgs.msg import Image

from dense_grasp_bench.arguments import count
from dense_grasp_bench.demo import write_json
from dense_grasp_bench.graph_client import GraphClient, stamp_seconds
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.object_figures import ObjectFigures, table
from dense_grasp_bench.picture_sheet import sheet, write_png
from dense_grasp_bench.scan_click import ClickError, click_on
from dense_grasp_bench.scan_figures import judged
from dense_grasp_bench.session import CellSession, Trial, launch_arguments
from dense_grasp_bench.trial_pictures import COLOR_TOPIC, OVERVIEW_TOPIC
from dense_grasp_client import GraspClient, Refused
from dense_grasp_interfaces.action import GraspObject
from dense_grasp_interfaces.srv import RegisterDescriptor

SCANNED_AT = {"x": 0.5, "y": 0.0, "yaw": 0.3}
HELD_AT = 0.10  # m, the least height at the end
PATIENCE_S = 180.0
Array = np.ndarray


def turned_over_seed(solid: Solid) -> int:
    """The first seed that puts a solid on its second face near the middle of the workspace."""

    def is_there(seed: int) -> bool:
        drawn = random_rest(seed, solid)
        return drawn.rest == 1 and abs(drawn.x - SCANNED_AT["x"]) < 0.05 and abs(drawn.y - SCANNED_AT["y"]) < 0.08

    return next(filter(is_there, itertools.count()))


def join_error(scan: dict[str, Any], base_from_first: Array, base_from_second: Array) -> tuple[float, float]:
    """How far the second part of a joined scan lies from where the truth says: m at the object's middle, and rad.

    scan: its scan.json; the others: where the object stood and lay, (4, 4).
    """
    (second,) = scan["joined"]
    truth = (
        inverse(np.array(second["base_from_object"]))
        @ base_from_second
        @ inverse(base_from_first)
        @ np.array(scan["base_from_object"])
    )
    found, middle = np.array(second["second_from_first"]), inverse(np.array(scan["base_from_object"])) @ base_from_first
    off = transform(found, middle[:3, 3]) - transform(truth, middle[:3, 3])
    return float(np.linalg.norm(off)), rotation_angle(inverse(truth) @ found)


class Pictures:
    """The newest picture of each camera."""

    def __init__(self, client: GraphClient):
        self._client = client
        self._newest: dict[str, Image] = {}
        for topic in (COLOR_TOPIC, OVERVIEW_TOPIC):
            client.on_image(topic, partial(self._newest.__setitem__, topic))

    def now(self, topic: str) -> Array:
        """(H, W, 3) RGB, newer than the call."""
        self._newest.pop(topic, None)
        return rgb_from_message(self._client.wait(lambda: self._newest.get(topic), 30.0, f"image on {topic}"))


class ObjectBench:
    """The running cell, in which one object after the other is scanned, taught and grasped."""

    def __init__(self, client: GraphClient, session: CellSession, out: Path, turns_over: bool):
        """turns_over: a second scan, of the object on another face, joins the first."""
        self._client, self._session, self._out, self._turns_over = client, session, out, turns_over
        self._grasp = GraspClient(connection=client.connection)
        self._pictures = Pictures(client)

    def measure(self, kind: str, seed: int, goals: int, views: int) -> ObjectFigures:
        """Scan, click, grasp; the object's pictures go to <out>/<kind>.png."""
        solid, figures = make_solid(kind, seed), ObjectFigures(kind, seed)
        rows: list[tuple[list[Array | None], str]] = []
        try:
            rows.append(self._learn(solid, figures, views))
        except (Refused, ClickError) as error:
            figures.refused = str(error)
            print(f"{kind} {seed}: NOT TAUGHT: {error}", flush=True)
            return figures
        for pose_seed in range(1000 * seed + 1, 1000 * seed + 1 + goals):
            trial, clean, pictures = self._goal(solid, pose_seed)
            figures.trials.append(trial)
            figures.clean.append(clean)
            rows.append((pictures, trial.line()))
            print(("ok   | " if clean else "FAIL | ") + trial.line(), flush=True)
        write_png(self._out / f"{kind}.png", sheet(rows, "wrist camera before | cell at the end"))
        return figures

    def _learn(self, solid: Solid, figures: ObjectFigures, views: int) -> tuple[list[Array | None], str]:
        """Scan the object and click its contact in one of the scan's pictures."""
        kind = solid.kind
        base_from_solid = pose_matrix(self._session.set_scene(scene=kind, seed=solid.seed, **SCANNED_AT).pose)
        before = self._pictures.now(COLOR_TOPIC)
        began, moving = stamp_seconds(self._client.now()), [0.0]
        result = self._grasp.scan(kind, views, lambda _: moving.append(stamp_seconds(self._client.now())))
        figures.robot_s, figures.views = moving[-1] - began, result.scan.views
        figures.coverage = float(result.scan.coverage)
        folder = folder_of(folder_beside((self._out / "store.db").resolve()), kind)
        figures.scan = str(judged(folder, solid, base_from_solid))
        print(
            f"{kind} {solid.seed}: {result.message} {figures.robot_s:.0f} s of robot time; {figures.scan}", flush=True
        )
        if self._turns_over and len(solid.rests) > 1:
            self._scan_turned_over(solid, figures, views, folder, base_from_solid)
        scanned = read_scan(folder)
        base_from_scanned = np.array(read_json(folder / "scan.json")["base_from_object"])
        contact = transform(inverse(base_from_scanned) @ base_from_solid, solid.contact)
        number, u, v = click_on(scanned, contact)
        self._click(kind, number, u, v)
        clicked = scanned[number].rgb.copy()
        clicked[max(0, v - 3) : v + 4, max(0, u - 3) : u + 4] = (255, 0, 255)
        return [before, clicked], f"{kind} {solid.seed}: where it is scanned, and the click in picture {number}"

    def _scan_turned_over(
        self, solid: Solid, figures: ObjectFigures, views: int, folder: Path, base_from_solid: Array
    ) -> None:
        """The object lies on another face; a second scan joins the first, or is refused, and the first stays."""
        there = self._session.set_scene(
            scene=solid.kind, seed=solid.seed, random_pose=True, pose_seed=turned_over_seed(solid)
        )
        try:
            result = self._grasp.scan(solid.kind, views, join=True)
        except Refused as refused:
            figures.joined = "refused"
            print(f"{solid.kind} {solid.seed}: NOT JOINED: {refused}", flush=True)
            return
        error_m, turn = join_error(read_json(folder / "scan.json"), base_from_solid, pose_matrix(there.pose))
        figures.views, figures.coverage = result.scan.views, float(result.scan.coverage)
        figures.joined = f"{1000 * error_m:.1f} mm, {np.degrees(turn):.1f}°"
        figures.scan += f"; joined: {judged(folder, solid, base_from_solid)}"
        print(f"{solid.kind} {solid.seed}: {result.message}; off by {figures.joined}; {figures.scan}", flush=True)

    def _click(self, kind: str, view: int, u: int, v: int) -> None:
        request = {"object_id": kind, "keypoint": PLAIN_CONTACT, "u": float(u), "v": float(v), "overwrite": True}
        request |= {"source": RegisterDescriptor.Request.SCAN_VIEW, "scan_view": view}

        def answered() -> Any:
            answer = self._client.call("register", PATIENCE_S, **request)
            return None if answer.code in (StoreCode.BUSY, StoreCode.NO_SCAN) else answer

        answer = self._client.wait(answered, PATIENCE_S, f"a described scan of the {kind}, to click on")
        if answer.code != StoreCode.OK:
            raise ClickError(f"the click at ({u}, {v}) in picture {view} was refused: {answer.message}")

    def _goal(self, solid: Solid, pose_seed: int) -> tuple[Trial, bool, list[Array | None]]:
        """One goal for the object at a drawn pose elsewhere; whether it is held and nothing else was touched."""
        there = self._session.set_scene(
            scene=f"{solid.kind}_elsewhere", seed=solid.seed, random_pose=True, pose_seed=pose_seed
        )
        before = self._pictures.now(COLOR_TOPIC)
        x, y, z = transform(pose_matrix(there.pose), solid.contact)
        trial = Trial(pose_seed, solid.kind, scene=there.message)
        goal = GraspObject.Goal(object_id=solid.kind, may_drop=True)
        self._session.goal_trial(trial, goal, {PLAIN_CONTACT: (float(x), float(y), float(z))})
        end = self._client.call("get_report")
        held = bool(end.both_pads and not end.other_contacts and end.height >= HELD_AT)
        return trial, trial.lifted and held and not trial.touched, [before, self._pictures.now(OVERVIEW_TOPIC)]


def run(arguments: argparse.Namespace) -> int:
    """Start the graph and measure every object; 0."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    kinds: Sequence[str] = arguments.only or list(KINDS)[: arguments.objects]
    given = launch_arguments(out)
    domain = private_domain()
    measured: list[ObjectFigures] = []
    with (
        GraphProcess("bringup.launch.py", given, out / "graph.log", domain) as graph,
        GraphClient(domain, graph, name="bench_objects") as client,
    ):
        session = CellSession.ready(graph, client)
        bench = ObjectBench(client, session, out, not arguments.one_scan)
        for kind in kinds:
            measured.append(bench.measure(kind, arguments.seed, arguments.goals, arguments.views))
            write_json(out / "results.json", {"objects": [asdict(figures) for figures in measured]})
    print(f"\n{table(measured)}\nload average {os.getloadavg()[0]:.1f}; pictures and results.json in {out}")
    return 0


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_objects", description=__doc__)
    parser.add_argument("--objects", type=count(1), default=len(KINDS), help="the first so many (default: all)")
    parser.add_argument("--only", nargs="+", choices=KINDS, help="these objects instead")
    parser.add_argument("--goals", type=count(1), default=10, help="for each object (default %(default)s)")
    parser.add_argument("--seed", type=count(0), default=1, help="of sizes, prints and poses (default %(default)s)")
    parser.add_argument(
        "--views", type=count(4), default=40, help="pictures that a scan asks for (default %(default)s)"
    )
    parser.add_argument("--one-scan", action="store_true", help="do not turn the object over for a second scan")
    parser.add_argument("--out", default="out/bench-objects")
    return exit_status("bench_objects", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
