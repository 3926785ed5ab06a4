"""The cell behind Franka's network protocol: franka-sim serves the protocol and drives the arm, the cell is ours.

franka-sim (PyPI) speaks to libfranka as a robot does and moves the arm by its own control law. It runs here on the
cell's model instead of its own scene, with the cell's hand behind its gripper server: its own hand presses a thin sheet
with 1 N, whatever force was asked for. Needs `franka_sim` on the path (`make franka`).
"""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mujoco
import numpy as np
from dense_grasp_assets.cap.mesh import CapMesh
from dense_grasp_assets.solids.solid import Solid
from dense_grasp_core.errors import DenseGraspError
from franka_sim.control_modes import ControlMode
from franka_sim.franka_sim_server import FrankaSimServer
from franka_sim.gripper.backend import GripperBackend, GripperStateData
from franka_sim.gripper.server import FrankaGripperServer
from franka_sim.mujoco_franka_sim import ARM_POSITION_KP, DEFAULT_DT, MujocoFrankaSim
from franka_sim.sim_common import FR3_FORCE_LIMITS

from dense_grasp_sim.devices.arm import SimulatedArm
from dense_grasp_sim.devices.gripper import GripperCommand, SimulatedGripper
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import Cell, build_cell
from dense_grasp_sim.world.robot_model import RobotNames
from dense_grasp_sim.world.surroundings import Surroundings

COMMAND_TIMEOUT = 20.0  # s
MAX_LAG = 0.05  # s of wall time; what is lost beyond is not caught up
NEXT_STATE_TIMEOUT = 0.05  # s
CLIENT_GONE = 0.3  # s in which no state was taken
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
# N m s/rad. franka-sim's own, 450 to 200, is more than a step of 1 ms carries on this robot's inertia: the wrist shook.
POSITION_DAMPING = np.array([200.0, 200.0, 150.0, 150.0, 50.0, 50.0, 50.0])


class ServedArm(SimulatedArm):
    """The arm of the cell, moved by franka-sim. It stays where it is when the scene is changed."""

    def __init__(self, model: mujoco.MjModel, names: RobotNames, drive: Drive, stay: np.ndarray | None) -> None:
        super().__init__(model, names)
        self._drive, self._stay = drive, stay

    def place(self, data: mujoco.MjData, positions: np.ndarray) -> None:
        """Put the arm to `positions` (7,) at the start; afterwards leave it where it was."""
        super().place(data, positions if self._stay is None else self._stay)

    def step(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Set the torques for this time step."""
        self._drive.apply(data)


class Drive(MujocoFrankaSim):
    """franka-sim's arm on the cell's present model: command modes, control law, published state."""

    def __init__(self, simulator: ServedSimulator) -> None:
        super().__init__(enable_vis=False)
        self._simulator = simulator
        self._published = threading.Condition()
        self._count = self._delivered = 0
        self._delivered_at = 0.0
        self._taken = threading.local()

    def bind(self, cell: Cell, data: mujoco.MjData) -> None:
        """Go over to another model; the arm is held where it stands in `data`."""
        self.model, self.data = cell.model, data
        self.prefix = cell.names.of("")
        self._bind_model()
        self.prev_dq = np.zeros(7)
        self.update_joint_positions(np.array(data.qpos[self.arm_qpos_adr]))
        self._position_feedforward.reset(self.latest_joint_positions)

    def initialize_simulation(self) -> None:
        """The model is there already; the server calls this before it starts."""
        self._publish()

    def apply(self, data: mujoco.MjData) -> None:
        """franka-sim's control law for this time step."""
        self._apply_control()

    def arm_control_torque(self) -> np.ndarray:
        """franka-sim's law (7,) N m, in position mode with POSITION_DAMPING."""
        if self.control_mode is not ControlMode.POSITION:
            return super().arm_control_torque()
        speed = self._position_feedforward.step(self.latest_joint_positions, self.dt)
        error = self.latest_joint_positions - self.data.qpos[self.arm_qpos_adr]
        torque = ARM_POSITION_KP * error + POSITION_DAMPING * (speed - self.data.qvel[self.arm_dofs_idx])
        return np.clip(torque, -FR3_FORCE_LIMITS, FR3_FORCE_LIMITS)

    def _bind_self_collision(self) -> None:
        """The cell's robot does not meet itself: nothing to watch."""
        self._self_collision_pairs: dict[tuple[int, int], tuple[str, str]] = {}

    def _publish(self) -> None:
        with self._published:
            self._readings_time = None
            self._read_and_publish_state()
            self._count += 1
            self._published.notify_all()

    def get_robot_state(self) -> dict[str, Any]:
        """The newest state; each thread gets each once, so that a slow physics makes a slow robot, not a jumping one.

        The server publishes a state a millisecond of the wall's clock; the robot's time, which clients go by, is the
        number of states.
        """
        seen = getattr(self._taken, "count", -1)
        with self._published:
            self._published.wait_for(lambda: self._count > seen or not self.running, NEXT_STATE_TIMEOUT)
            self._taken.count = self._delivered = self._count
            self._delivered_at = time.monotonic()
            self._published.notify_all()
            return dict(self._state_snapshot)

    def _await_delivery(self) -> None:
        """Let the server take every state while a client listens: the cell's clock must not outrun the robot's."""
        with self._published:
            if time.monotonic() - self._delivered_at < CLIENT_GONE:
                self._published.wait_for(lambda: self._delivered == self._count or not self.running, CLIENT_GONE)

    def run_simulation(self) -> None:
        """Step the cell at its real-time factor, or slower when the machine is busy, until stopped."""
        due = time.perf_counter()
        period = self.dt / self._simulator.real_time_factor
        while self.running:
            with self._simulator.lock:
                self._publish()
                self._simulator.step(1)
            self._simulator.after_step()
            self._await_delivery()
            due += period
            late = time.perf_counter() - due
            if late < 0.0:
                time.sleep(-late)
            elif late > MAX_LAG:
                due = time.perf_counter()


def _end_with_parent() -> None:
    """The builder of a cell that was killed would wait for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a Ctrl-C: the cell ends it
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _save_cell(path: str, *arguments: Any) -> None:
    mujoco.mj_saveModel(build_cell(*arguments).model, path, None)


class ServedSimulator(Simulator):
    """The cell's simulator with franka-sim's arm and time step. after_step: called after every step, without lock.

    Models are compiled in a process of their own: MuJoCo keeps Python's lock meanwhile, and a robot that is silent for
    a second is lost to libfranka.
    """

    def __init__(self, real_time_factor: float = 1.0, **arguments: Any) -> None:
        if not 0.0 < real_time_factor <= 1.0:
            raise DenseGraspError(f"real_time_factor is {real_time_factor}, expected more than 0, at most 1")
        self.real_time_factor = real_time_factor
        self._builder = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _end_with_parent)
        self._stay: np.ndarray | None = None
        self.drive = Drive(self)
        self.after_step = lambda: None
        super().__init__(**arguments)

    def _build(self, picked: CapMesh | Solid | None, surroundings: Surroundings | None) -> Cell:
        with TemporaryDirectory() as folder:
            path = str(Path(folder) / "cell.mjb")
            self._builder.submit(_save_cell, path, self.settings, picked, surroundings).result()
            return Cell(mujoco.MjModel.from_binary_path(path), self.cell.names, self.cell.urdf, picked)

    def close(self) -> None:
        """End the process that compiles models."""
        self._builder.shutdown(wait=False, cancel_futures=True)

    def _make_arm(self, cell: Cell) -> SimulatedArm:
        return ServedArm(cell.model, cell.names, self.drive, self._stay)

    def _use(self, cell: Cell, gripper: SimulatedGripper, time: float) -> None:
        cell.model.opt.timestep = DEFAULT_DT
        super()._use(cell, gripper, time)
        self.drive.bind(cell, self.data)

    def _replace(self, cell: Cell) -> None:
        self._stay = self.arm.positions(self.data)
        super()._replace(cell)


class ServedHand(GripperBackend):
    """The cell's hand behind the gripper protocol."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._grasped = False

    def _run(self, command: GripperCommand) -> bool:
        deadline = time.monotonic() + COMMAND_TIMEOUT
        while command.outcome is None:
            if time.monotonic() > deadline:
                raise DenseGraspError(f"the hand did not end {command.kind} within {COMMAND_TIMEOUT} s")
            time.sleep(0.005)
        self._grasped = command.kind == "grasp" and command.outcome.success
        return command.outcome.success

    def homing(self) -> bool:
        """Open to the stop."""
        with self._simulator.lock:
            command = self._simulator.gripper.homing(self._simulator.data)
        return self._run(command)

    def move(self, width: float, speed: float) -> bool:
        """Move to `width` m. Raises GripperError for impossible numbers."""
        with self._simulator.lock:
            command = self._simulator.gripper.move(self._simulator.data, width, speed)
        return self._run(command)

    def grasp(self, width: float, epsilon_inner: float, epsilon_outer: float, speed: float, force: float) -> bool:
        """Close with `force` N. Raises GripperError for impossible numbers."""
        with self._simulator.lock:
            command = self._simulator.gripper.grasp(
                self._simulator.data, width, speed, force, epsilon_inner, epsilon_outer
            )
        return self._run(command)

    def stop(self) -> bool:
        """End the running command where the fingers are."""
        with self._simulator.lock:
            self._simulator.gripper.stop(self._simulator.data)
        return True

    def get_state(self) -> GripperStateData:
        """What the hand publishes."""
        with self._simulator.lock:
            gripper = self._simulator.gripper
            width = gripper.width(self._simulator.data)
        return GripperStateData(width, gripper.max_width, self._grasped, 30)


class HandServer(FrankaGripperServer):
    """The gripper server with every command in a thread of its own: a stop is read while the fingers move."""

    def _dispatch_command(self, *arguments: Any) -> None:
        threading.Thread(target=super()._dispatch_command, args=arguments, daemon=True).start()


def make_server(simulator: ServedSimulator, host: str) -> FrankaSimServer:
    """The protocol server of the cell on `host`, TCP ports 1337 and 1338; `start()` runs it until `stop()`.

    It refuses what the robot refuses: jumps in speed, acceleration or jerk end a motion.
    """
    server = FrankaSimServer(
        host=host, physics_sim=simulator.drive, gripper_backend=ServedHand(simulator), enforce_motion_limits=True
    )
    server.gripper_server = HandServer(host=host, backend=server.gripper_server.backend)
    return server
