"""A gripper: homing, move, grasp and stop with libfranka's semantics, driven by forces on the fingers."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_sim.world.hands.registry import hand_of
from dense_grasp_sim.world.robot_model import RobotNames

MOVE_FORCE = 30.0  # N a finger may use while moving freely
STIFFNESS = 3000.0  # N/m
DAMPING = 80.0  # N s/m
# Fingers that in so many seconds went no farther than this are stopped. Their speed does not say so: pressed on
# something they tremble by micrometres, at more than a millimetre a second.
STALL_TIME = 0.15  # s
STALL_TRAVEL = 0.00015  # m of one finger


class GripperError(DenseGraspError):
    """A gripper command whose numbers make no sense."""


@dataclass(frozen=True)
class GripperOutcome:
    """End of a command. width in m; stalled: the fingers were stopped by something."""

    success: bool
    error: str
    width: float
    stalled: bool = False


@dataclass
class GripperCommand:
    """A command in execution; `outcome` is set when it is over."""

    kind: str
    width: float
    speed: float
    force: float
    inner: float = 0.0
    outer: float = 0.0
    outcome: GripperOutcome | None = None


class SimulatedGripper:
    """Controller of both fingers in one MuJoCo model. Not thread-safe: the simulator's lock guards it."""

    def __init__(self, model: mujoco.MjModel, names: RobotNames, homed: bool = True) -> None:
        self.record = names.record
        self._fingers = hand_of(names.gripper).fingers(model, self.record)
        self.homed = homed or not self.record.needs_homing
        self.refuses = False
        self._command: GripperCommand | None = None
        self._target = 0.0
        self._reference = 0.0
        self._speed = 0.05
        self._force = MOVE_FORCE
        self._still, self._still_at = 0.0, 0.0

    def states(self, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, velocities and efforts of the joints that the record names, in its units."""
        return self._fingers.states(data)

    def width(self, data: mujoco.MjData) -> float:
        """Distance between the pads, m."""
        return self._fingers.width(data)

    @property
    def max_width(self) -> float:
        """Greatest width, m; 0 until the hand is homed."""
        return self.record.greatest_width if self.homed else 0.0

    def place(self, data: mujoco.MjData, width: float) -> None:
        """Put the fingers at `width` at once and drop any command."""
        self._end(GripperOutcome(False, "the scene was set anew", width))
        self._fingers.place(data, width)
        self._target = self._reference = 0.5 * width
        self._force = MOVE_FORCE

    def homing(self, data: mujoco.MjData) -> GripperCommand:
        """Open to the stop; afterwards the greatest width is known."""
        return self._begin(data, GripperCommand("homing", self.record.greatest_width, 0.1, MOVE_FORCE))

    def move(self, data: mujoco.MjData, width: float, speed: float, force: float = MOVE_FORCE) -> GripperCommand:
        """Move to `width` (m) at `speed` (m/s, of the width). Raises GripperError for impossible numbers."""
        self._check(width, speed, force)
        return self._begin(data, GripperCommand("move", width, speed, force))

    def grasp(
        self, data: mujoco.MjData, width: float, speed: float, force: float, inner: float, outer: float
    ) -> GripperCommand:
        """Close with `force` (N) until stopped; success when width - inner < d < width + outer (m)."""
        self._check(width, speed, force)
        if not (np.isfinite([inner, outer]).all() and inner >= 0.0 and outer >= 0.0):
            raise GripperError(f"grasp epsilon is ({inner}, {outer}) m, expected two numbers >= 0")
        return self._begin(data, GripperCommand("grasp", width, speed, force, inner, outer))

    def stop(self, data: mujoco.MjData) -> None:
        """Abort the running command and hold the present width."""
        self._end(GripperOutcome(False, "stopped", self.width(data)))
        self._target = self._reference = 0.5 * self.width(data)

    def _check(self, width: float, speed: float, force: float) -> None:
        if not 0.0 <= width <= self.max_width:
            hint = "" if self.homed else " (the hand is not homed)"
            raise GripperError(f"gripper width is {width} m, expected 0 to {self.max_width}{hint}")
        if not 0.0 < speed <= 0.2:
            raise GripperError(f"gripper speed is {speed} m/s, expected above 0, at most 0.2")
        if not 0.0 < force <= self.record.greatest_force:
            raise GripperError(f"gripper force is {force} N, expected above 0, at most {self.record.greatest_force}")

    def _begin(self, data: mujoco.MjData, command: GripperCommand) -> GripperCommand:
        if self.refuses:
            raise GripperError("the gripper refuses commands")
        self._end(GripperOutcome(False, "replaced by a newer command", self.width(data)))
        self._command = command
        self._target = 0.0 if command.kind == "grasp" else 0.5 * command.width
        self._reference = 0.5 * self.width(data)
        self._speed, self._force = 0.5 * command.speed, command.force
        self._still, self._still_at = 0.0, self._reference
        return command

    def _end(self, outcome: GripperOutcome) -> None:
        if self._command is not None:
            self._command.outcome = outcome
        self._command = None

    def step(self, data: mujoco.MjData, dt: float) -> None:
        """Set the finger forces for this time step of `dt` seconds."""
        # While closing on an object the reference runs ahead of the fingers until the force is at its limit.
        low = -0.1 if self._target == 0.0 else self._target
        travel = self._speed * dt
        goal = low if self._closing() else self._target
        self._reference += min(max(goal - self._reference, -travel), travel)
        position, velocity = 0.5 * self.width(data), self._fingers.opening_speed(data)
        moving = 0.0 if abs(goal - self._reference) < travel else np.sign(goal - self._reference) * self._speed
        force = STIFFNESS * (self._reference - position) + DAMPING * (moving - velocity)
        self._fingers.push(data, min(max(force, -self._force), self._force))
        if self._command is not None:
            self._judge(self._command, data, position, velocity, dt)

    def _closing(self) -> bool:
        return self._target == 0.0 and self._force > 0.0

    def _judge(self, command: GripperCommand, data: mujoco.MjData, position: float, velocity: float, dt: float) -> None:
        width = self.width(data)
        pushing = abs(self._reference - position) * STIFFNESS >= 0.9 * self._force
        self._still += dt
        if abs(position - self._still_at) > STALL_TRAVEL:
            self._still, self._still_at = 0.0, position
        stalled = pushing and self._still >= STALL_TIME
        if command.kind == "grasp":
            if stalled:
                held = command.width - command.inner < width < command.width + command.outer
                wanted = f"{command.width - command.inner:.4f} to {command.width + command.outer:.4f}"
                error = "" if held else f"fingers stopped at {width:.4f} m, expected {wanted}"
                self._end(GripperOutcome(held, error, width, stalled=True))
        elif abs(width - command.width) < 0.001 and abs(velocity) < 0.005:
            self.homed = self.homed or command.kind == "homing"
            self._end(GripperOutcome(True, "", width))
        elif stalled:
            self._end(GripperOutcome(False, f"blocked at {width:.4f} m on the way to {command.width:.4f}", width, True))
