"""The life of a node's process: made, spun until it is told to end, closed. What a callback raises does not end it."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

import rclpy
from dense_grasp_core.errors import DenseGraspError
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, ExternalShutdownException
from rclpy.node import Node

from dense_grasp_ros.known_parameters import check_arguments, explained
from dense_grasp_ros.paced_executor import PacedExecutor
from dense_grasp_ros.shared_memory import PortCheck, remove_stale

#: Exit code of a node whose parameters cannot be used; starting it again would not help.
CONFIGURATION_ERROR = os.EX_CONFIG
#: bytes of removed shared memory
WORTH_A_LINE = 1_000_000
#: s between two checks whether this process still hears the others; two in a row count.
HEARING_PERIOD = 2.0
#: s between two looks whether it is to end: rclpy can lose the wake-up of a signal.
LOOK_PERIOD = 0.5


class RestartNeeded(Exception):
    """Raised in a callback of a node that can do nothing any more but be started anew: ends its process with 1."""


def run_node(
    name: str,
    make: Callable[[], Node],
    arguments: list[str] | None = None,
    *,
    others_parameters: bool = False,
) -> int:
    """Spins the node that `make` makes; its exit code. For a process' main thread.

    Parameters that are not what they must be (`make` raises DenseGraspError or rclpy's ParameterException, or a key is
    unknown) are said in a line, and the exit code is CONFIGURATION_ERROR, which tells launch not to try again.
    others_parameters: the process takes parameters of nodes that are not ours, so unknown ones are let pass.
    What a callback raises is logged and the node goes on; only RestartNeeded ends it: its sentence, and 1.
    """
    with _without_interrupts():
        freed = remove_stale()
        node, begun = None, False
        try:
            if not others_parameters:
                check_arguments(name, sys.argv if arguments is None else arguments)
            rclpy.init(args=arguments)
            begun = True
            node = make()
            executor = PacedExecutor()  # and no other: see long_callback
            executor.add_node(node)
            if freed > WORTH_A_LINE:
                node.get_logger().info(f"removed {freed / 1e6:.0f} MB of shared memory that ended processes had left")
            hearing = _Hearing()
            while rclpy.ok():
                _look(executor, node)
                hearing.check()
        except (DenseGraspError, ParameterException) as error:
            if node is not None:
                raise
            return refused(name, error, arguments)
        except RestartNeeded as error:
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            return 1
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except Exception:
            if not begun or rclpy.ok():
                raise  # otherwise a signal took the context away while node or executor were made
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0


class _Hearing:
    """Whether what is sent to this process arrives."""

    def __init__(self) -> None:
        self._ports = PortCheck()
        self._due = time.monotonic() + HEARING_PERIOD
        self._suspected = False

    def check(self) -> None:
        """Raises RestartNeeded when nothing does, and never will."""
        if time.monotonic() < self._due:
            return
        port = self._ports.lost()
        if port and self._suspected:
            raise RestartNeeded(
                f"others no longer reach this process: {port} of the shared memory was replaced while it was stopped "
                "or had no processor for more than a second; it ends with 1 so that it is started again (launch does)"
            )
        self._suspected = bool(port)
        self._due = time.monotonic() + HEARING_PERIOD


def refused(name: str, error: Exception, arguments: list[str] | None = None) -> int:
    """Says in one line why the node `name` does not start with these arguments; CONFIGURATION_ERROR."""
    sentence = " ".join(explained(error, name, sys.argv if arguments is None else arguments).split())
    print(f"{name}: {sentence}", file=sys.stderr, flush=True)
    return CONFIGURATION_ERROR


def _look(executor: Executor, node: Node) -> None:
    try:
        executor.spin_once(timeout_sec=LOOK_PERIOD)
    except (KeyboardInterrupt, ExternalShutdownException, RestartNeeded):
        raise
    except Exception as error:
        if not rclpy.ok():  # rclpy's RCLError: a signal may take the context away while the next wait is prepared
            return
        if not _is_of_a_callback(error.__traceback__):
            raise
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        node.get_logger().error(f"a callback failed, the node goes on: {error!r}\n{text}", throttle_duration_sec=1.0)


def _is_of_a_callback(trace: TracebackType | None) -> bool:
    """Whether an exception went through one of rclpy's tasks: these run the callbacks, and take what they get."""
    return any(frame.f_globals.get("__name__") == "rclpy.task" for frame, _ in traceback.walk_tb(trace))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """rclpy ends the context at a SIGINT; a KeyboardInterrupt besides may leave a half-made thread of a callback
    behind, for which Python then waits for ever.
    """
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
