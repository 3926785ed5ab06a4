"""Command: is the cell ready? Looks at every topic, transform, controller and file that a grasp needs, and measures
with the camera whether it is where the hand-eye transform says. `--move` looks from a second pose of the arm, too.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Sequence

import rclpy
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.parameters import ParameterError
from dense_grasp_ros.known_parameters import check_arguments
from dense_grasp_ros.node_runner import refused
from dense_grasp_ros.paced_executor import PacedExecutor
from dense_grasp_ros.parameter_files import ParameterFileError
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.signals import SignalHandlerOptions

from dense_grasp.bringup.launch_support import config_file
from dense_grasp.cell.checks import table
from dense_grasp.cell.observer import CellObserver

CONFIG = ("robot.yaml", "camera.yaml", "grasp.yaml", "hand_eye.yaml")
MOVE = "--move"


def with_config(arguments: Sequence[str]) -> list[str]:
    """The command's arguments with the installed configuration files before them, so that arguments win."""
    files = [part for name in CONFIG for part in ("--params-file", config_file(name))]
    rest = [argument for argument in arguments if argument != MOVE]
    move = ["--ros-args", "-p", "move:=true", "--"] if MOVE in arguments else []
    return ["--ros-args", *files, "--", *rest, *move]


def main(arguments: list[str] | None = None) -> int:
    """Entry point; 0 when every check is fine, 1 when one is not or the cell cannot be looked at.

    CONFIGURATION_ERROR when a parameter cannot be used.
    """
    stop = threading.Event()
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        given = with_config(given)
        check_arguments("check_cell", given)
        # Ctrl-C is to stop the arm: rclpy's own handler would cut the line to it first.
        rclpy.init(args=given, signal_handler_options=SignalHandlerOptions.NO)
        before = [signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)]
        node = CellObserver(stop=stop.is_set)
    except (ParameterError, ParameterFileError, ParameterException) as error:
        rclpy.try_shutdown()
        return refused("check_cell", error, given)
    except Exception as error:
        text = str(error) if isinstance(error, DenseGraspError) else f"{type(error).__name__}: {error}"
        print(f"check_cell: {text}", file=sys.stderr)
        rclpy.try_shutdown()
        return 1
    executor = PacedExecutor()
    executor.add_node(node)
    thread = threading.Thread(target=_spin, args=(executor,), daemon=True)
    thread.start()
    print(f"looking at the cell for {node.duration:.0f} s ...", flush=True)
    stop.wait(node.duration)
    checks = node.checks(lambda text: print(text, flush=True))
    print(table(checks))
    failed = sum(not check.ok for check in checks)
    print("ready" if not failed else f"{failed} of {len(checks)} checks failed")
    executor.shutdown(timeout_sec=2.0)
    thread.join(timeout=2.0)
    node.destroy_node()
    rclpy.try_shutdown()
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), before):
        signal.signal(number, handler)
    return 1 if failed else 0


def _spin(executor: PacedExecutor) -> None:
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()


if __name__ == "__main__":
    sys.exit(main())
