"""The process that talks to the arm: reads its state, answers it every millisecond while it moves.

It runs alone, because the robot wants an answer within a millisecond and pylibfranka keeps Python's lock while it waits
for the robot: threads of the same process would be late, and so would it.
"""

from __future__ import annotations

import ctypes
import gc
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from dense_grasp_franka.arm_state import SharedArmState
from dense_grasp_franka.motion import Motion, between, stop_offsets

START_TOLERANCE = 1e-3  # rad; a robot that was moved by hand meanwhile must not jump
IDLE_PERIOD = 0.005  # s between two states while nothing moves
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


@dataclass(frozen=True)
class ArmOptions:
    """address: of the robot. realtime: fail without a real-time kernel, as libfranka does by default.

    collision_torques (7,) N m, collision_forces (6,) N and N m: a contact above them stops the arm by a reflex.
    """

    address: str
    realtime: bool
    collision_torques: Sequence[float]
    collision_forces: Sequence[float]


# What goes through the pipe. To the process: ("move", Motion), ("recover", None), ("end", None); from it, one answer to
# its start and to every command: ("done" | "stopped" | "failed" | "lost", sentence).


def serve(options: ArmOptions, state: SharedArmState, commands: Connection, stop: Any) -> None:
    """Run until told to end, until the other end of the pipe is gone, or until the robot is.

    stop: shared flag; setting it brings a running motion to rest on its path.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a Ctrl-C; the node decides what becomes of the motion
    signal.signal(signal.SIGTERM, lambda *_: _raise_flag(stop))
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    try:
        robot = _connect(options)
    except Exception as error:  # whatever it is, the node has to say it
        commands.send(("failed", _words(error)))
        return
    commands.send(("done", ""))
    try:
        while _serve_one(robot, state, commands, stop):
            pass
    except (EOFError, BrokenPipeError):
        return


def _raise_flag(stop: Any) -> None:
    stop.value = 1


def _connect(options: ArmOptions) -> Any:
    import pylibfranka

    kind = pylibfranka.RealtimeConfig.kEnforce if options.realtime else pylibfranka.RealtimeConfig.kIgnore
    robot = pylibfranka.Robot(options.address, kind)
    torques, forces = list(options.collision_torques), list(options.collision_forces)
    robot.set_collision_behavior(torques, torques, forces, forces)
    return robot


def _serve_one(robot: Any, state: SharedArmState, commands: Connection, stop: Any) -> bool:
    import pylibfranka

    try:
        if not commands.poll(IDLE_PERIOD):
            _keep(state, robot.read_once(), -1)
            return True
        kind, content = commands.recv()
        if kind == "move":
            commands.send((_follow(robot, content, state, stop), ""))
        elif kind == "recover":
            robot.automatic_error_recovery()
            commands.send(("done", ""))
        else:
            return False
    except pylibfranka.NetworkException as error:
        commands.send(("lost", _words(error)))
        return False
    except RuntimeError as error:  # pylibfranka's ControlException, CommandException and the like
        commands.send(("failed", _words(error)))
    return True


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip()


def _keep(state: SharedArmState, seen: Any, row: int) -> None:
    state.write(int(seen.robot_mode.value), row, seen.q, seen.dq, seen.tau_J, seen.q_d)


def _follow(robot: Any, motion: Motion, state: SharedArmState, stop: Any) -> str:
    """Command the rows of a motion as the robot's own time goes on; at rest afterwards. Raises as pylibfranka."""
    import pylibfranka

    rows, stop_lengths = motion.table.tolist(), motion.stop_lengths.tolist()
    off = max(abs(wanted - held) for wanted, held in zip(rows[0], robot.read_once().q_d))
    if off > START_TOLERANCE:
        raise RuntimeError(f"the motion begins {off:.4f} rad off the position that the robot holds")
    last = len(rows) - 1
    elapsed = 0  # ms
    begun, from_row = -1, 0  # of a stop: ms, row
    offsets: tuple[float, ...] = ()  # rows after that one
    gc.collect()
    gc.disable()  # a collection takes longer than a turn
    try:
        control = robot.start_joint_position_control(pylibfranka.ControllerMode.JointImpedance)
        while True:
            seen, period = control.readOnce()
            # Turns that were lost are not made up for: the robot has gone on by itself meanwhile.
            elapsed += round(period.to_sec() * 1e3)
            if begun < 0 and stop.value and 0 < elapsed < last:
                begun, from_row = elapsed, elapsed - 1
                offsets = stop_offsets(stop_lengths[from_row])
            if begun < 0:
                row = min(elapsed, last)
                command, finished = pylibfranka.JointPositions(rows[row]), row == last
            else:
                turn = min(elapsed - begun, len(offsets) - 1)
                place = from_row + offsets[turn]
                row = min(int(place), last)
                command, finished = pylibfranka.JointPositions(between(rows, place)), turn == len(offsets) - 1
            command.motion_finished = finished
            _keep(state, seen, row)
            control.writeOnce(command)
            if finished:
                return "done" if begun < 0 else "stopped"
    finally:
        gc.enable()
