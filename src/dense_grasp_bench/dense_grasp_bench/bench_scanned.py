"""Is a scanned cap found in the simulated cell, and how exactly? Pictures and D435 depth of the cell, without a graph.

One scan by the training's renderer; then the same cap at drawn poses, empty tables with other things on them, and other
caps. Prints a line for each picture and a summary.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp_assets.cap.mesh import cap_point, make_cap
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.geometry import se3
from dense_grasp_core.object_model.find import find_objects
from dense_grasp_core.object_model.pose import ObjectPose, PoseFinder
from dense_grasp_core.object_model.scan import read_scan
from dense_grasp_core.object_model.scan_check import require_consistent
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_sim.devices.camera import CellRenderer
from dense_grasp_sim.devices.d435 import imitate
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import WRIST_INTRINSICS
from dense_grasp_sim.world.surroundings import draw_surroundings

from dense_grasp_bench.arguments import count
from dense_grasp_bench.scanned_cap import write_cap_scan
from dense_grasp_bench.search_cost import SearchCost, resident_mb
from dense_grasp_bench.taught_clicks import CAP, TRAINING_SEED


@dataclass
class Figures:
    """errors_mm: of every keypoint of every cap that was found; counts of pictures; two_poses: of those found, so many
    were said to lie in one of several ways.
    """

    errors_mm: list[float] = field(default_factory=list)
    found: int = 0
    two_poses: int = 0
    asked: int = 0
    false_alarms: int = 0
    others_found: int = 0

    def summary(self, empty: int, others: int) -> str:
        """In some lines."""
        errors = np.array(self.errors_mm or [np.nan])
        return (
            f"found {self.found} of {self.asked}, {self.two_poses} of them in one of several poses; keypoints: median "
            f"{np.median(errors):.1f} mm, p95 {np.percentile(errors, 95):.1f} mm, worst {errors.max():.1f} mm "
            f"(n {len(self.errors_mm)})\n"
            f"found where there is no cap: {self.false_alarms} of {empty}\n"
            f"other caps taken for it: {self.others_found} of {others}"
        )


class Cell:
    """The simulated cell, ready to show pictures."""

    def __init__(self) -> None:
        self.simulator, self.renderer = Simulator(), CellRenderer()
        self.renderer.render(self.simulator.snapshot())


class Bench:
    """The finder of a scanned cap, and the simulated cell in front of it. cost: of the searches; the finder's network
    is run through it.
    """

    def __init__(self, cell: Cell, finder: PoseFinder, cost: SearchCost, cap_seed: int):
        self.finder, self.cost, self.cap_seed = finder, cost, cap_seed
        self.figures = Figures()
        self._simulator, self._renderer = cell.simulator, cell.renderer
        self._rng = np.random.default_rng(0)

    def warm_up(self) -> None:
        """Search once, so that the network is compiled for every size it will see; nothing is noted."""
        shown = self._renderer.render(self._simulator.snapshot())
        find_objects(self.finder, shown.rgb, WRIST_INTRINSICS)

    def look(self) -> list[ObjectPose]:
        """Instances in a picture of the cell as it is."""
        shown = self._renderer.render(self._simulator.snapshot())
        depth = imitate(shown.depth, self._rng) / 1000.0
        return self.cost.of(lambda: find_objects(self.finder, shown.rgb, WRIST_INTRINSICS, depth))

    def pose(self, number: int) -> str:
        """The cap at a drawn pose."""
        base_from_object = self._simulator.set_scene(self.cap_seed, pose_seed=number)
        camera_from_object = se3.inverse(self._simulator.base_from_camera()) @ base_from_object
        points = np.array([cap_point(make_cap(self.cap_seed).params, *click) for click in CAP.clicks.values()])
        self.figures.asked += 1
        poses = self.look()
        if not poses:
            return f"pose {number}: NOT FOUND"
        self.figures.found += 1
        self.figures.two_poses += bool(poses[0].alternatives)
        truth, there = (se3.transform(motion, points) for motion in (camera_from_object, poses[0].camera_from_object))
        errors = 1000.0 * np.linalg.norm(there - truth, axis=1)
        self.figures.errors_mm += errors.tolist()
        turn = np.degrees(se3.rotation_angle(se3.inverse(poses[0].camera_from_object) @ camera_from_object))
        return f"pose {number}: score {poses[0].score:.2f}, {errors.max():.1f} mm, {turn:.1f} degrees" + (
            f", or {len(poses[0].alternatives)} other poses" if poses[0].alternatives else ""
        )

    def empty(self, seed: int) -> str:
        """A table without a cap; odd seeds put other things on it."""
        self._simulator.set_scene(None, surroundings=draw_surroundings(seed))
        poses = self.look()
        self.figures.false_alarms += bool(poses)
        return f"no cap, {seed}: " + (f"FOUND, score {poses[0].score:.2f}" if poses else "not found")

    def other(self, seed: int) -> str:
        """Another cap."""
        self._simulator.set_scene(seed, pose_seed=seed)
        poses = self.look()
        self.figures.others_found += bool(poses)
        return f"cap {seed}: " + (f"taken for it, score {poses[0].score:.2f}" if poses else "not found")


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise argparse.ArgumentTypeError(f"size is {text!r}, expected WIDTHxHEIGHT in px, such as 320x240")
    return int(width), int(height)


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="bench_scanned", description=__doc__)
    parser.add_argument("--cap", type=int, default=TRAINING_SEED, help="seed of the scanned cap (default %(default)s)")
    parser.add_argument("--views", type=count(1), default=16, help="pictures of the scan (default %(default)s)")
    parser.add_argument("--size", type=_size, default="320x240", help="of the scan's pictures (default %(default)s)")
    parser.add_argument("--poses", type=count(1), default=20, help="drawn poses of the cap (default %(default)s)")
    parser.add_argument("--empty", type=int, default=10, help="tables without a cap (default %(default)s)")
    parser.add_argument("--others", type=int, default=10, help="other caps (default %(default)s)")
    parser.add_argument("--threads", type=count(1), default=2, help="of the network (default %(default)s)")
    return exit_status("bench_scanned", partial(_run, parser.parse_args(argv)))


def _run(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as folder:
        scan = Path(folder) / "cap"
        write_cap_scan(scan, arguments.cap, arguments.views, arguments.size)
        views = read_scan(scan)
    print(f"scan of cap {arguments.cap}: {require_consistent(views)}", flush=True)
    cell = Cell()
    before_mb = resident_mb()
    cost = SearchCost(DescriptorExtractor(share_directory() / "models" / "general.xml", threads=arguments.threads))
    bench = Bench(cell, PoseFinder(build(views, cost), cost), cost, arguments.cap)
    bench.warm_up()
    for number in range(arguments.poses):
        print(bench.pose(number), flush=True)
    for seed in range(1, arguments.empty + 1):
        print(bench.empty(seed), flush=True)
    for seed in range(1000, 1000 + arguments.others):
        print(bench.other(seed), flush=True)
    print(bench.figures.summary(arguments.empty, arguments.others))
    print(f"{cost.summary()}; network, bank and searches take {resident_mb() - before_mb:.0f} MB more")
    return 0


if __name__ == "__main__":
    sys.exit(main())
