"""A node's main loop that ends when it is told to."""

from __future__ import annotations

import rclpy
from rclpy.executors import Executor

LOOK_PERIOD = 0.5  # s


def spin_until_shutdown(executor: Executor) -> None:
    """``executor.spin()`` that looks now and then whether it is to end: rclpy can lose the wake-up of a signal.

    A cell that has stopped publishing gets no other one, and stayed for ever.
    """
    while rclpy.ok():
        try:
            executor.spin_once(timeout_sec=LOOK_PERIOD)
        except RuntimeError:  # rclpy's RCLError: a signal may take the context away while the next wait is prepared
            if rclpy.ok():
                raise
