"""Picks caps by the known truth, without ROS, network or camera: does the physics hold a good pinch?

python -m dense_grasp_sim.physics.physics_check --seeds 20
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence

import numpy as np
import pinocchio
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grippers.record import GripperRecord
from numpy.typing import NDArray

from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.physics.trajectory import JointSpline
from dense_grasp_sim.world.cell_model import CellSettings
from dense_grasp_sim.world.hands.registry import HANDS

Array = NDArray[np.float64]
PINCH_DEPTH = 0.009  # m below the rim
GRASP_FORCE = 25.0  # N
SPEED = 0.8  # rad/s, fastest joint


class ReachError(DenseGraspError):
    """No joint configuration reaches a pose."""


class TopDownIk:
    """Damped least squares on the arm's seven joints for poses of the tool centre point."""

    def __init__(self, urdf: str, gripper: GripperRecord) -> None:
        self._model = pinocchio.buildModelFromXML(urdf)
        hand = self._model.frames[self._model.getFrameId(gripper.hand)]
        placement = hand.placement * pinocchio.SE3(gripper.hand_from_tcp)
        tool = pinocchio.Frame("tool", hand.parentJoint, placement, pinocchio.FrameType.OP_FRAME)
        self._frame = self._model.addFrame(tool)
        self._data = self._model.createData()
        self._low, self._high = self._model.lowerPositionLimit[:7] + 0.02, self._model.upperPositionLimit[:7] - 0.02

    def solve(self, base_from_tcp: Array, start: Array, attempts: int = 12) -> Array:
        """Joint positions (7,) nearest the start. Raises ReachError."""
        target = pinocchio.SE3(base_from_tcp[:3, :3], base_from_tcp[:3, 3])
        rng = np.random.default_rng(0)
        guess = np.array(start)
        for _ in range(attempts):
            q = np.concatenate([guess, np.zeros(self._model.nq - 7)])
            for _ in range(200):
                pinocchio.framesForwardKinematics(self._model, self._data, q)
                error = pinocchio.log6(self._data.oMf[self._frame].actInv(target)).vector
                if np.linalg.norm(error) < 1e-5:
                    return np.array(q[:7])
                jacobian = pinocchio.computeFrameJacobian(self._model, self._data, q, self._frame)[:, :7]
                step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + 1e-4 * np.eye(6), error)
                q[:7] = np.clip(q[:7] + step, self._low, self._high)
            guess = np.clip(start + rng.normal(0.0, 0.5, 7), self._low, self._high)
        raise ReachError(f"no inverse kinematics for the tool centre point at {base_from_tcp[:3, 3].round(3)} m")


def top_down(contact: Array, closing: Array) -> Array:
    """base_from_tcp (4, 4) that looks straight down at `contact` (3,) with fingers closing along `closing` (3,)."""
    y = np.array([closing[0], closing[1], 0.0])
    y /= np.linalg.norm(y)
    z = np.array([0.0, 0.0, -1.0])
    pose = np.eye(4)
    pose[:3, :3] = np.stack([np.cross(y, z), y, z], axis=1)
    pose[:3, 3] = contact
    return pose


def move(simulator: Simulator, goal: Array, speed: float = SPEED) -> bool:
    """Drive the arm to `goal` (7,) along a smooth joint path; whether it arrived."""
    start = simulator.arm.reference.positions
    duration = max(0.3, 1.9 * float(np.abs(goal - start).max()) / speed)
    rest = np.zeros((2, 7))
    spline = JointSpline([0.0, duration], [start, goal], rest, rest)
    motion = simulator.arm.follow(spline, simulator.time)
    while motion.running:
        simulator.step(5)
    return motion.status.value == "succeeded"


def close_fingers(simulator: Simulator) -> None:
    """Close with GRASP_FORCE until something stops the fingers."""
    widest = simulator.gripper.record.greatest_width
    command = simulator.gripper.grasp(simulator.data, 0.0, 0.05, GRASP_FORCE, widest, widest)
    while command.outcome is None:
        simulator.step(5)


def pick(simulator: Simulator, ik: TopDownIk, noise: Array, close: Callable[[Simulator], None] = close_fingers) -> str:
    """One top-down pinch of the back rim, then lift and hold; "" when lifted, else the reason.

    close: closes the fingers, and returns when they are closed.
    """
    contact = simulator.truth("crown", 0.5, 0.0).position + noise
    front = simulator.truth("crown", 0.0, 0.0).position
    return pick_at(simulator, ik, contact - [0.0, 0.0, PINCH_DEPTH], front - contact, close)


def pick_at(
    simulator: Simulator,
    ik: TopDownIk,
    tcp: Array,
    closing: Array,
    close: Callable[[Simulator], None] = close_fingers,
) -> str:
    """One top-down pinch with the tool centre point at `tcp` (3,) and fingers that close along `closing` (3,)."""
    here = simulator.arm.reference.positions
    poses = [top_down(tcp, sign * closing) for sign in (1.0, -1.0)]
    candidates = []
    for grasp in poses:
        try:
            joints = []
            last = here
            for height in (0.12, 0.0, 0.20):
                pose = grasp.copy()
                pose[2, 3] += height
                last = ik.solve(pose, last)
                joints.append(last)
        except ReachError:
            continue
        candidates.append((float(np.abs(joints[0] - here).max()), joints))
    if not candidates:
        return "no inverse kinematics for the grasp"
    above, at, raised = min(candidates, key=lambda candidate: candidate[0])[1]
    for goal, speed in ((above, SPEED), (at, 0.3)):
        if not move(simulator, goal, speed):
            return "the arm did not arrive"
    close(simulator)
    move(simulator, raised, 0.4)
    simulator.step(1500)
    return simulator.referee.reason


def run(
    seeds: Sequence[int], robot_type: str = "fr3", noise_m: float = 0.003, gripper: str = "franka"
) -> dict[str, object]:
    """Pick one cap a seed; figures as a dictionary."""
    simulator = Simulator(CellSettings(robot_type, gripper=gripper))
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    trials = []
    for seed in seeds:
        rng = np.random.default_rng([7, seed])
        simulator.set_scene(1000 + seed, pose_seed=seed)
        start, began = simulator.time, time.perf_counter()
        reason = pick(simulator, ik, rng.normal(0.0, noise_m, 3))
        wall = time.perf_counter() - began
        width = simulator.gripper.width(simulator.data)
        trials.append({"seed": seed, "lifted": not reason, "reason": reason, "width_mm": round(1e3 * width, 2)})
        speed = (simulator.time - start) / wall
        verdict = reason or "lifted"
        print(f"seed {seed}: {verdict} (width {1e3 * width:.1f} mm, {speed:.1f} x real time)", flush=True)
    lifted = sum(1 for trial in trials if trial["lifted"])
    return {"robot_type": robot_type, "lifted": lifted, "n": len(trials), "trials": trials}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the check; exit status 0 when at least 19 of 20 are lifted."""
    parser = argparse.ArgumentParser(description="Pinch caps by their true pose and count strict lifts.")
    parser.add_argument("--seeds", type=int, default=20, help="number of caps (default 20)")
    parser.add_argument("--robot-type", default="fr3", choices=("fr3", "panda"))
    parser.add_argument("--gripper", default="franka", choices=tuple(HANDS))
    parser.add_argument("--noise", type=float, default=0.003, help="noise of the contact point, m a component")
    parser.add_argument("--json", help="write the figures to this file")
    arguments = parser.parse_args(argv)
    figures = run(range(arguments.seeds), arguments.robot_type, arguments.noise, arguments.gripper)
    print(f"lifted {figures['lifted']} of {figures['n']}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)
    return 0 if int(str(figures["lifted"])) >= 0.95 * arguments.seeds else 1


if __name__ == "__main__":
    raise SystemExit(main())
