"""The goals of one arm, of whatever action: one at a time, when it has to stop, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import rclpy
from dense_grasp_core.errors import Canceled, DenseGraspError
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode
from rclpy.node import Node

from dense_grasp.arm.heartbeat import Heartbeat
from dense_grasp.grasping.executor_diagnostics import GoalRecord
from dense_grasp.ros.clock_watch import ClockWatch
from dense_grasp.ros.waiting import StopCheck


class ArmGoals:
    """`running`: held while a goal runs; `record`: how the goals ended."""

    def __init__(self, node: Node, heartbeat: Heartbeat, clock_watch: ClockWatch):
        self._node = node
        self._heartbeat = heartbeat
        self._clock_watch = clock_watch
        self.running = threading.Lock()
        self.record = GoalRecord()

    def outcome(self, handle: Any, run: Callable[[StopCheck], str]) -> tuple[int, str]:
        """Code and sentence of a goal that `run(stop)` does, unless another executor drives this arm. `stop` becomes
        true when the goal is canceled, the clock jumps or the node ends. Raises nothing.
        """
        others = self._heartbeat.others()
        if others:
            return GraspCode.BUSY, f"another executor drives this arm: {', '.join(others)}; end one of them"
        watch = self._clock_watch
        mark = watch.mark()
        try:
            watch.check_running(lambda: handle.is_cancel_requested)
            # A node that has just started jumps from zero to the simulation's time: no goal was under way then.
            mark = watch.mark()
            return GraspCode.SUCCESS, run(
                lambda: (
                    handle.is_cancel_requested or watch.jumped_since(mark) or not rclpy.ok(context=self._node.context)
                )
            )
        except Canceled as error:
            if watch.jumped_since(mark) and not handle.is_cancel_requested:
                return GraspCode.CLOCK_ERROR, f"{watch.jump}: the running goal was aborted"
            return GraspCode.CANCELED, str(error)
        except GraspFailure as error:
            return error.code, str(error)
        except DenseGraspError as error:
            return GraspCode.INTERNAL_ERROR, str(error)
        except Exception as error:  # the node survives what it is sent
            self._node.get_logger().error(f"internal error: {type(error).__name__}: {error}")
            return GraspCode.INTERNAL_ERROR, f"{type(error).__name__}: {error}"

    def end(self, handle: Any, code: int, message: str) -> None:
        """Gives the goal its end state, keeps it in the record and logs it."""
        if code == GraspCode.SUCCESS:
            handle.succeed()
        elif code == GraspCode.CANCELED and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        self.record.note(code, message)
        # rclpy fixes the severity of a line of code with its first call: one line each.
        if code == GraspCode.SUCCESS:
            self._node.get_logger().info(f"goal ended: {message}")
        else:
            self._node.get_logger().warning(f"goal ended with code {code}: {message}")
