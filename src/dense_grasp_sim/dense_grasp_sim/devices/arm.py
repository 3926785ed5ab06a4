"""Computed-torque control of the arm: tracks joint splines, holds, stops; torques within the drive's limits."""

from __future__ import annotations

import threading
from enum import Enum

import mujoco
import numpy as np
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.trajectory_goal import Tolerances
from numpy.typing import NDArray

from dense_grasp_sim.physics.trajectory import JointSpline, JointState, stopping_spline
from dense_grasp_sim.world.robot_model import RobotNames

Array = NDArray[np.float64]

STIFFNESS = 1600.0  # 1/s2, error dynamics of 40 rad/s, critically damped
DAMPING = 80.0  # 1/s
TORQUE_LIMITS = np.array([87.0, 87.0, 87.0, 87.0, 12.0, 12.0, 12.0])  # N m, of the real drives


class ArmError(DenseGraspError):
    """A joint configuration the arm cannot take."""


class MotionStatus(Enum):
    """State of the newest motion."""

    IDLE = "idle"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    PREEMPTED = "preempted"
    PATH_VIOLATED = "path tolerance violated"
    GOAL_VIOLATED = "goal tolerance violated"
    ABORTED = "aborted"


class SimulatedMotion:
    """One trajectory being executed. `status` and `message` change until `done` is set."""

    def __init__(self, spline: JointSpline, start: float, tolerances: Tolerances) -> None:
        self.spline, self.start, self.tolerances = spline, start, tolerances
        self.status = MotionStatus.RUNNING
        self.message = ""
        self.done = threading.Event()

    @property
    def running(self) -> bool:
        return self.status is MotionStatus.RUNNING

    def finish(self, status: MotionStatus, message: str = "") -> None:
        """Set the outcome once; later calls are ignored."""
        if self.running:
            self.status, self.message = status, message
            self.done.set()


class SimulatedArm:
    """Controller of the seven joints in one MuJoCo model. Not thread-safe: the simulator's lock guards it."""

    def __init__(self, model: mujoco.MjModel, names: RobotNames) -> None:
        self._names = names
        joints = [model.joint(name) for name in names.arm_joints]
        self._qpos = np.array([int(joint.qposadr[0]) for joint in joints])
        self._dofs = np.array([int(joint.dofadr[0]) for joint in joints])
        self._motors = np.array([model.actuator(name).id for name in names.arm_joints])
        self._range = np.array([joint.range for joint in joints])
        self._wanted = np.zeros(model.nv)
        self._torque = np.zeros(model.nv)
        self.motion: SimulatedMotion | None = None
        self._hold: JointSpline | None = None
        self._hold_start = 0.0
        self.reference = JointState(np.zeros(7), np.zeros(7), np.zeros(7))

    def positions(self, data: mujoco.MjData) -> Array:
        """Measured joint positions (7,), rad."""
        return np.array(data.qpos[self._qpos])

    def velocities(self, data: mujoco.MjData) -> Array:
        """Measured joint velocities (7,), rad/s."""
        return np.array(data.qvel[self._dofs])

    def efforts(self, data: mujoco.MjData) -> Array:
        """Motor torques (7,), N m."""
        return np.array(data.ctrl[self._motors])

    def place(self, data: mujoco.MjData, positions: Array) -> None:
        """Put the arm at rest at `positions` (7,) at once. Raises ArmError outside the joint limits."""
        q = np.asarray(positions, dtype=float)
        if q.shape != (7,) or not np.isfinite(q).all():
            raise ArmError(f"joint positions are {positions}, expected 7 finite numbers")
        for name, value, (low, high) in zip(self._names.arm_joints, q, self._range):
            if not low <= value <= high:
                raise ArmError(f"{name} is {value:.4f} rad, expected {low:.4f} to {high:.4f}")
        self.abort(MotionStatus.ABORTED, "the scene was set anew")
        data.qpos[self._qpos] = q
        data.qvel[self._dofs] = 0.0
        self._hold = None
        self.reference = JointState(q, np.zeros(7), np.zeros(7))

    def follow(self, spline: JointSpline, start: float, tolerances: Tolerances | None = None) -> SimulatedMotion:
        """Begin a trajectory at simulated time `start`; one that runs already is preempted."""
        if self.motion is not None:
            self.motion.finish(MotionStatus.PREEMPTED, "a new trajectory was accepted")
        self._hold = None
        self.motion = SimulatedMotion(spline, start, tolerances or Tolerances.default())
        return self.motion

    def stop(self, now: float, status: MotionStatus = MotionStatus.CANCELED, message: str = "canceled") -> None:
        """End the running motion with `status`: at rest within 0.08 s."""
        self.abort(status, message)
        self._begin_stop(now)

    def abort(self, status: MotionStatus, message: str) -> None:
        """End the running motion with `status`; the arm holds its reference until told otherwise."""
        if self.motion is not None:
            self.motion.finish(status, message)
        self.motion = None

    def _begin_stop(self, now: float) -> None:
        self._hold = stopping_spline(self.reference)
        self._hold_start = now

    def step(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Set the motors for this time step, between mj_step1 and mj_step2."""
        now = data.time
        self._update_reference(now)
        q, v = data.qpos[self._qpos], data.qvel[self._dofs]
        error = self.reference.positions - q
        self._wanted[self._dofs] = (
            self.reference.accelerations + STIFFNESS * error + DAMPING * (self.reference.velocities - v)
        )
        mujoco.mj_mulM(model, data, self._torque, self._wanted)
        torque = self._torque[self._dofs] + data.qfrc_bias[self._dofs] - data.qfrc_passive[self._dofs]
        data.ctrl[self._motors] = np.minimum(np.maximum(torque, -TORQUE_LIMITS), TORQUE_LIMITS)  # np.clip: 4 x the time
        if self.motion is not None:
            self._check(self.motion, now, error, v)

    def _update_reference(self, now: float) -> None:
        if self.motion is not None:
            if now >= self.motion.start:
                self.reference = self.motion.spline.sample(now - self.motion.start)
        elif self._hold is not None:
            self.reference = self._hold.sample(now - self._hold_start)

    def _check(self, motion: SimulatedMotion, now: float, error: Array, velocities: Array) -> None:
        late = now - motion.start - motion.spline.duration
        deviation = np.abs(error)
        if late < 0.0:
            self._fail(motion, MotionStatus.PATH_VIOLATED, deviation, motion.tolerances.path, now)
        elif (deviation <= motion.tolerances.goal).all() and np.abs(velocities).max() < 0.01:
            self.abort(MotionStatus.SUCCEEDED, "")
        elif late > motion.tolerances.goal_time > 0.0:
            self._fail(motion, MotionStatus.GOAL_VIOLATED, deviation, motion.tolerances.goal, now)

    def _fail(self, motion: SimulatedMotion, status: MotionStatus, deviation: Array, limit: Array, now: float) -> None:
        excess = deviation - limit
        worst = int(np.argmax(excess))
        if excess[worst] <= 0.0 and status is MotionStatus.PATH_VIOLATED:
            return
        name = self._names.arm_joints[worst]
        self.abort(status, f"{name} is {deviation[worst]:.4f} rad off its set point, allowed {limit[worst]:.4f}")
        self._begin_stop(now)
