"""Cancels a goal until the action server has confirmed it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from action_msgs.srv import CancelGoal
from rclpy.task import Future

from dense_grasp.ros.waiting import Deadline, wait_future

#: s of wall clock in which a server confirms a cancel, and how often it is asked.
CANCEL_TIMEOUT = 1.0
CANCEL_ATTEMPTS = 3
#: The goal has ended, or the server does not know it (it was started anew): nothing of it runs.
NOT_RUNNING = (CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID, CancelGoal.Response.ERROR_GOAL_TERMINATED)


def confirmed_cancel(
    handle: Any,
    what: str,
    *,
    beat: Callable[[], None] = lambda: None,
    warn: Callable[[str], None] = lambda text: None,
    attempts: int = CANCEL_ATTEMPTS,
    timeout: float = CANCEL_TIMEOUT,
) -> str:
    """Asks up to `attempts` times; "" once the goal of the client's handle runs no more, else a sentence about it.

    beat: called while it waits; warn: told of every attempt that was in vain. Raises nothing.
    """
    said = ""
    for attempt in range(1, attempts + 1):
        began = time.monotonic()
        said = _ask(handle, what, beat, timeout)
        if not said:
            return ""
        warn(f"{said} (attempt {attempt} of {attempts})")
        while attempt < attempts and time.monotonic() - began < 0.1 * timeout:
            beat()
            time.sleep(0.01)
    return f"{said} after {attempts} attempts: it may still be moving, use the emergency stop"


def cancel_when_accepted(
    future: Future, what: str, warn: Callable[[str], None], stop: Callable[[Any], object] | None = None
) -> None:
    """For a goal that was given up before the server had answered: should it still be accepted, it is stopped.

    stop(handle): how, in a thread of its own; None: by confirmed_cancel().
    """

    def answered(done: Future) -> None:
        if done.cancelled() or done.exception() is not None or not done.result().accepted:
            return
        handle = done.result()
        warn(f"{what} accepted a goal too late; it is stopped")
        # The thread that spins the node brings the answers: it must not wait for one.
        halt = stop or (lambda late: confirmed_cancel(late, what, warn=warn))
        threading.Thread(target=halt, args=(handle,), name="late_cancel", daemon=True).start()

    future.add_done_callback(answered)


def _ask(handle: Any, what: str, beat: Callable[[], None], timeout: float) -> str:
    try:
        answer = wait_future(handle.cancel_goal_async(), Deadline(timeout), watch=beat)
    except TimeoutError:
        return f"{what} did not confirm the stop within {timeout:g} s"
    except Exception as error:  # a client that is being destroyed; whoever stops goes on
        return f"{what} could not be told to stop ({type(error).__name__}: {error})"
    if answer.goals_canceling or answer.return_code in NOT_RUNNING:
        return ""
    return f"{what} refused to stop (code {answer.return_code})"
