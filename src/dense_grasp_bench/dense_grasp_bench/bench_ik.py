"""The planner's inverse kinematics beside frankik's closed form, on the same drawn poses in one run.

Prints, for hands that hang, are tilted or level: poses solved, what solving costs, how far solutions miss the pose in
the robot description, how far the arm goes; then lines of 10 cm to the poses, and whole picks. frankik is no part of
the set-up: pip install frankik==1.0.1, or its folder in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from dense_grasp_core.command_line import exit_status
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics, Kinematics
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import RobotModel

from dense_grasp_bench.arguments import count
from dense_grasp_bench.kinematics.analytical import AnalyticalKinematics
from dense_grasp_bench.kinematics.compare import Done, Solved, follow_line, pick_planner, plan_one, solve_pose
from dense_grasp_bench.kinematics.poses import KINDS, draw_pose

Array = np.ndarray


def solved_line(answers: Sequence[Solved]) -> str:
    """The figures of one kinematics on some poses."""
    good = [one for one in answers if one.count]
    if not good:
        return f"0 of {len(answers)}"
    first, last = ([getattr(one, name) for one in answers] for name in ("first_ms", "last_ms"))
    travel = _spread([one.travel for one in good])
    return (
        f"{len(good)} of {len(answers)}, {np.mean([one.count for one in good]):.1f} solutions each; first "
        f"{_spread(first)} ms, all {_spread(last)} ms; off by {max(one.error_mm for one in good):.1e} mm, "
        f"{max(one.error_mrad for one in good):.1e} mrad at most; largest joint goes {travel} rad; "
        f"{sum(one.outside for one in good)} outside the limits"
    )


def done_line(answers: Sequence[Done]) -> str:
    """The figures of one kinematics on some lines or picks."""
    good = [one for one in answers if one.well]
    if not good:
        return f"0 of {len(answers)}"
    return (
        f"{len(good)} of {len(answers)}; {_spread([one.ms for one in answers])} ms; largest joint goes "
        f"{_spread([one.travel for one in good])} rad"
    )


def alone(ours: Sequence[bool], other: Sequence[bool]) -> tuple[int, int]:
    """How many only the first has, and how many only the second."""
    return sum(a and not b for a, b in zip(ours, other, strict=True)), sum(
        b and not a for a, b in zip(ours, other, strict=True)
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the figures of both; 0."""
    robot = RobotModel(primitive_arm_urdf(arguments.robot_type), arguments.robot_type)
    analytical = AnalyticalKinematics(robot)
    both: dict[str, Kinematics] = {"numerical": InverseKinematics(robot), "frankik": analytical}
    print(
        f"{arguments.robot_type}, frankik {analytical.version}; {arguments.poses} poses of a kind, {arguments.picks} "
        f"picks, seed {arguments.seed}; processor time, median / p95"
    )
    for kind in KINDS:
        generator = np.random.default_rng([arguments.seed, KINDS.index(kind)])
        poses = [draw_pose(kind, generator) for _ in range(arguments.poses)]
        solved = _ask(both, solve_pose, poses)
        _show(f"{kind}: poses", {name: solved_line(answers) for name, answers in solved.items()})
        _show_alone([[bool(one.count) for one in answers] for answers in solved.values()])
        lines = _ask(both, follow_line, poses)
        _show(f"{kind}: lines of 10 cm", {name: done_line(answers) for name, answers in lines.items()})
        _show_alone([[one.well for one in answers] for answers in lines.values()])
    planners = {name: pick_planner(robot, kinematics) for name, kinematics in both.items()}
    generator = np.random.default_rng([arguments.seed, len(KINDS)])
    picks = [_pick_pose(generator) for _ in range(arguments.picks)]
    planned = _ask(planners, plan_one, picks)
    _show("picks", {name: done_line(answers) for name, answers in planned.items()})
    _show_alone([[one.well for one in answers] for answers in planned.values()])
    print(f"load average {os.getloadavg()[0]:.1f}")
    return 0


def _pick_pose(generator: np.random.Generator) -> Array:
    pose = draw_pose("hanging", generator)
    pose[2, 3] = generator.uniform(0.06, 0.15)
    return pose


def _ask(both: dict, question: Callable, poses: Sequence[Array]) -> dict[str, list]:
    """The answers of each; pose by pose in turn, so that other load meets both."""
    answers: dict[str, list] = {name: [] for name in both}
    for pose in poses:
        for name, one in both.items():
            answers[name].append(question(one, pose))
    return answers


def _show(title: str, lines: dict[str, str]) -> None:
    for name, line in lines.items():
        print(f"{title:24s} | {name:9s} | {line}", flush=True)


def _show_alone(found: Sequence[Sequence[bool]]) -> None:
    ours, other = alone(*found)
    print(f"{'':24s} | numerical alone {ours}, frankik alone {other}", flush=True)


def _spread(values: Sequence[float]) -> str:
    return f"{np.median(values):.2f} / {np.percentile(values, 95):.2f}"


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 when it ran, 1 without frankik."""
    parser = argparse.ArgumentParser(prog="bench_ik", description=__doc__)
    parser.add_argument("--poses", type=count(1), default=300, help="of each kind (default %(default)s)")
    parser.add_argument("--picks", type=count(1), default=100, help="planned as a whole (default %(default)s)")
    parser.add_argument("--seed", type=count(0), default=0, help="of all that is drawn (default %(default)s)")
    parser.add_argument("--robot-type", default="fr3", choices=("fr3", "panda"), help="default %(default)s")
    return exit_status("bench_ik", partial(run, parser.parse_args(argv)))


if __name__ == "__main__":
    sys.exit(main())
