"""Is a scanned solid found where it is, or said to lie in one of several ways, when its scan has few pictures?

Pictures and D435 depth of the simulated cell, without a graph: scans of a solid with some numbers of pictures, then the
solid at drawn poses and rests on other tables. Judged is where its contact is said to be; of a solid that looks the
same in several poses, beside the nearest place. Prints a line for each picture and a table. What must not be: another
place with the code OK.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.perception.posed_matches import SAME_PLACE
from dense_grasp_assets.solids.files import named_solid
from dense_grasp_assets.solids.make import KINDS
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.geometry.se3 import inverse, transform
from dense_grasp_core.object_model.find import find_objects
from dense_grasp_core.object_model.pose import PoseFinder
from dense_grasp_core.object_model.pose_keypoints import posed_keypoints
from dense_grasp_core.object_model.view_bank import build
from dense_grasp_sim.devices.camera import CellRenderer
from dense_grasp_sim.devices.d435 import imitate
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import WRIST_INTRINSICS
from numpy.typing import NDArray

from dense_grasp_bench.arguments import count
from dense_grasp_bench.search_cost import SearchCost
from dense_grasp_bench.solid_scan import scan_views

Array = NDArray[np.float64]
RIGHT, WRONG = 0.010, 0.030  # m


class Answer(Enum):
    """What is said of the contact, and whether that is so."""

    RIGHT = "within 10 mm"
    BESIDE = "10 to 30 mm off"
    WRONG = "farther off, with OK"
    AMBIGUOUS = "said to be in several places"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class Judged:
    """answer; off: m from the truth, NaN where no place was named; score of the best pose, NaN where there is none."""

    answer: Answer
    off: float
    score: float

    def __str__(self) -> str:
        return f"{self.answer.value}, {1000.0 * self.off:.0f} mm, score {self.score:.2f}"


class Cell:
    """The simulated cell. cost: of the searches; the finders' network is run through it."""

    def __init__(self, cost: SearchCost) -> None:
        self._simulator, self._renderer, self._cost = Simulator(), CellRenderer(), cost

    def finder(self, solid: Solid, views: int) -> PoseFinder:
        """Of a scan with so many pictures."""
        rng = np.random.default_rng([solid.seed, views])
        return PoseFinder(build(scan_views(self._simulator, self._renderer, solid, views, rng), self._cost), self._cost)

    def put(self, solid: Solid, pose_seed: int) -> tuple[Array, NDArray[np.uint8], Array]:
        """The solid at a drawn pose: camera_from_object (4, 4), RGB (H, W, 3), depth (H, W), m."""
        base_from_object = self._simulator.set_solid(solid, pose_seed=pose_seed, elsewhere=True)
        shown = self._renderer.render(self._simulator.snapshot())
        depth = imitate(shown.depth, np.random.default_rng(pose_seed)) / 1000.0
        return inverse(self._simulator.base_from_camera()) @ base_from_object, shown.rgb, depth

    def judged(
        self, finder: PoseFinder, solid: Solid, camera_from_object: Array, rgb: NDArray[np.uint8], depth: Array
    ) -> Judged:
        """What the finder says of the solid's contact."""
        poses = self._cost.of(lambda: find_objects(finder, rgb, WRIST_INTRINSICS, depth))
        if not poses:
            return Judged(Answer.NOT_FOUND, np.nan, np.nan)
        pose = poses[0]
        (keypoint,) = posed_keypoints(finder.bank, pose, WRIST_INTRINSICS, solid.contact, depth)
        truths = transform(camera_from_object, solid.equal_contacts)
        off = float(np.linalg.norm(truths - keypoint.point_camera, axis=1).min())
        if not keypoint.is_found:
            return Judged(Answer.NOT_FOUND, off, pose.score)
        others = [transform(alternative, solid.contact) for alternative in pose.alternatives]
        if any(np.linalg.norm(other - keypoint.point_camera) > SAME_PLACE for other in others):
            return Judged(Answer.AMBIGUOUS, off, pose.score)
        return Judged(Answer.RIGHT if off <= RIGHT else Answer.WRONG if off > WRONG else Answer.BESIDE, off, pose.score)


def table(answers: dict[tuple[str, int], Counter[Answer]]) -> str:
    """A row for each solid and number of pictures."""
    rows = ["| scanned | pictures | n | " + " | ".join(answer.value for answer in Answer) + " |", "|---" * 8 + "|"]
    for (name, views), counts in answers.items():
        cells = " | ".join(str(counts[answer]) for answer in Answer)
        rows.append(f"| {name} | {views} | {counts.total()} | {cells} |")
    return "\n".join(rows)


def run(arguments: argparse.Namespace) -> int:
    """Scan and look; 0, and 1 where a wrong place was named."""
    cost = SearchCost(DescriptorExtractor(share_directory() / "models" / "general.xml", threads=arguments.threads))
    cell = Cell(cost)
    answers: dict[tuple[str, int], Counter[Answer]] = {}
    for kind in arguments.only:
        solid = named_solid(kind, arguments.seed, arguments.solids_folder)
        finders = {views: cell.finder(solid, views) for views in arguments.views}
        for pose_seed in range(1000 * arguments.seed + 1, 1000 * arguments.seed + 1 + arguments.poses):
            shown = cell.put(solid, pose_seed)
            for views, finder in finders.items():
                judged = cell.judged(finder, solid, *shown)
                answers.setdefault((f"{kind} {arguments.seed}", views), Counter())[judged.answer] += 1
                print(f"{kind} {arguments.seed}, {views} pictures, pose {pose_seed}: {judged}", flush=True)
    print(f"\n{table(answers)}\n{cost.summary()}")
    return int(any(counts[Answer.WRONG] for counts in answers.values()))


def main(argv: list[str] | None = None) -> int:
    """Entry point; 1 where a wrong place was named."""
    parser = argparse.ArgumentParser(prog="bench_few_views", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        default=list(KINDS),
        help=f"these solids: of {', '.join(KINDS)} (default: all), and of the folder",
    )
    parser.add_argument("--solids-folder", default="", help="of solids that `dense_grasp_train solids` made of meshes")
    parser.add_argument("--views", type=count(2), nargs="+", default=[7, 16], help="pictures, a scan each")
    parser.add_argument("--poses", type=count(1), default=8, help="drawn poses of each (default %(default)s)")
    parser.add_argument("--seed", type=count(0), default=1, help="of sizes, prints and poses (default %(default)s)")
    parser.add_argument("--threads", type=count(1), default=1, help="of the network (default %(default)s)")
    return exit_status("bench_few_views", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
