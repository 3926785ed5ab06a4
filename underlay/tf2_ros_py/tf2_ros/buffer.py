"""A buffer of frames that one can wait on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import sleep
from typing import Any

from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time
from tf2_msgs.srv import FrameGraph
from tf2_py import BufferCore, TransformException

from tf2_ros.buffer_interface import BufferInterface

_POLL_SECONDS = 0.02
_NO_WAIT = Duration()
_BIG_JUMP = Duration(seconds=3.0)


class Buffer(BufferCore, BufferInterface):
    """Frames of the last `cache_time` (10 s by default).

    With a node, the service `tf2_frames` tells all frames, and the buffer is cleared when that node's clock jumps back.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        BufferCore.__init__(self, cache_time)
        BufferInterface.__init__(self)
        self._waiting: list[Callable[[], None]] = []
        self._waiting_lock = threading.RLock()
        self.clock = Clock() if node is None else node.get_clock()
        if node is not None:
            self.srv = node.create_service(FrameGraph, "tf2_frames", self._frames_as_yaml)
        threshold = JumpThreshold(min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True)
        self.jump_handle = self.clock.create_jump_callback(threshold, post_callback=self.time_jump_callback)

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        """Forget everything: the stored stamps belong to another run of the clock."""
        get_logger("tf2_buffer").warning("Detected jump back in time. Clearing tf buffer.")
        self.clear()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform and wake those who wait for it."""
        super().set_transform(transform, authority)
        self._wake()

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Store a transform that holds at all times and wake those who wait for it."""
        super().set_transform_static(transform, authority)
        self._wake()

    def lookup_transform(
        self, target_frame: str, source_frame: str, time: Time, timeout: Duration = _NO_WAIT
    ) -> TransformStamped:
        """Return target_frame from source_frame at a time (0: latest), after waiting at most `timeout` for it.

        Raises:
            LookupException, ConnectivityException, ExtrapolationException: the reason it is not known.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
    ) -> TransformStamped:
        """Return target_frame at target_time from source_frame at source_time; fixed_frame does not move between."""
        self.can_transform_full(target_frame, target_time, source_frame, source_time, fixed_frame, timeout)
        return self.lookup_transform_full_core(target_frame, target_time, source_frame, source_time, fixed_frame)

    def can_transform(
        self,
        target_frame: str,
        source_frame: str,
        time: Time,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Return whether the lookup succeeds within `timeout`; with return_debug_tuple also why not."""
        return self._poll(
            lambda: self.can_transform_core(target_frame, source_frame, time), timeout, return_debug_tuple
        )

    def can_transform_full(
        self,
        target_frame: str,
        target_time: Time,
        source_frame: str,
        source_time: Time,
        fixed_frame: str,
        timeout: Duration = _NO_WAIT,
        return_debug_tuple: bool = False,
    ) -> Any:
        """Return whether the lookup through the fixed frame succeeds within `timeout`."""
        return self._poll(
            lambda: self.can_transform_full_core(target_frame, target_time, source_frame, source_time, fixed_frame),
            timeout,
            return_debug_tuple,
        )

    async def lookup_transform_async(self, target_frame: str, source_frame: str, time: Time) -> TransformStamped:
        """Return target_frame from source_frame once it is known. Has no timeout of its own."""
        await self.wait_for_transform_async(target_frame, source_frame, time)
        return self.lookup_transform_core(target_frame, source_frame, time)

    async def lookup_transform_full_async(
        self, target_frame: str, target_time: Time, source_frame: str, source_time: Time, fixed_frame: str
    ) -> TransformStamped:
        """Like lookup_transform_full, once it is known."""
        frames = (target_frame, target_time, source_frame, source_time, fixed_frame)
        await self.wait_for_transform_full_async(*frames)
        return self.lookup_transform_full_core(*frames)

    def wait_for_transform_async(self, target_frame: str, source_frame: str, time: Time) -> Future:
        """Return a future of the transform."""
        return self._wait(
            lambda: self.can_transform_core(target_frame, source_frame, time)[0],
            lambda: self.lookup_transform_core(target_frame, source_frame, time),
        )

    def wait_for_transform_full_async(
        self, target_frame: str, target_time: Time, source_frame: str, source_time: Time, fixed_frame: str
    ) -> Future:
        """Return a future of the transform through the fixed frame."""
        frames = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._wait(
            lambda: self.can_transform_full_core(*frames)[0], lambda: self.lookup_transform_full_core(*frames)
        )

    def _poll(self, check: Callable[[], tuple[bool, str]], timeout: Duration, debug: bool) -> Any:
        if timeout != _NO_WAIT:
            clock = Clock()
            start = clock.now()
            while clock.now() < start + timeout and not check()[0] and clock.now() + _BIG_JUMP >= start:
                sleep(_POLL_SECONDS)
        result = check()
        return result if debug else result[0]

    def _wait(self, possible: Callable[[], bool], lookup: Callable[[], TransformStamped]) -> Future:
        future = Future()

        def try_now() -> None:
            try:
                if not future.done() and possible():
                    future.set_result(lookup())
            except TransformException as error:
                future.set_exception(error)

        with self._waiting_lock:
            try_now()
            if not future.done():
                self._waiting.append(try_now)
                future.add_done_callback(lambda _: self._forget(try_now))
        return future

    def _wake(self) -> None:
        with self._waiting_lock:
            for callback in list(self._waiting):
                callback()

    def _forget(self, callback: Callable[[], None]) -> None:
        with self._waiting_lock:
            if callback in self._waiting:
                self._waiting.remove(callback)

    def _frames_as_yaml(self, request: FrameGraph.Request, response: FrameGraph.Response) -> FrameGraph.Response:
        response.frame_yaml = self.all_frames_as_yaml()
        return response
