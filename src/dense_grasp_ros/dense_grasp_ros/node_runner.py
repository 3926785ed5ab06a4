"""The life of a node's process: made, spun until it is told to end, closed."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import rclpy
from dense_grasp_core.errors import DenseGraspError
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

#: Exit code of a node whose parameters cannot be used; starting it again would not help.
CONFIGURATION_ERROR = os.EX_CONFIG
#: s between two looks whether it is to end: rclpy can lose the wake-up of a signal.
LOOK_PERIOD = 0.5


def run_node(
    name: str,
    make: Callable[[], Node],
    arguments: list[str] | None = None,
    *,
    refused: int = CONFIGURATION_ERROR,
) -> int:
    """Spins the node that `make` makes; its exit code. For a process' main thread.

    refused: the exit code for parameters that are not what they must be (`make` raises DenseGraspError or rclpy's
    ParameterException), which are said in a line. CONFIGURATION_ERROR tells launch not to try again.
    """
    with _without_interrupts():
        rclpy.init(args=arguments)
        node = None
        try:
            node = make()
            executor = SingleThreadedExecutor()  # and no other: see long_callback
            executor.add_node(node)
            while rclpy.ok():
                _look(executor)
        except (DenseGraspError, ParameterException) as error:
            if node is not None:
                raise
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            return refused
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            if node is not None:
                node.destroy_node()
            rclpy.try_shutdown()
    return 0


def _look(executor: Executor) -> None:
    try:
        executor.spin_once(timeout_sec=LOOK_PERIOD)
    except RuntimeError:  # rclpy's RCLError: a signal may take the context away while the next wait is prepared
        if rclpy.ok():
            raise


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
