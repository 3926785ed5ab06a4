"""Stops what moves from outside of the executor: cancels every goal of action servers, whoever sent it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action_msgs.srv import CancelGoal
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger

from dense_grasp.ros.waiting import Deadline, wait_in_callback


@dataclass(frozen=True)
class Stopped:
    """What came of it: actions whose goals end, with how many there were; services and actions that did not answer."""

    canceled: dict[str, int]
    stopped: tuple[str, ...]
    silent: tuple[str, ...]

    def and_then(self, later: Stopped) -> Stopped:
        """Both stops together. Who answered the first is not waited for long in the second: only the first counts it as
        silent.
        """
        names = dict.fromkeys([*self.canceled, *later.canceled])
        canceled = {name: self.canceled.get(name, 0) + later.canceled.get(name, 0) for name in names}
        return Stopped(canceled, tuple(dict.fromkeys(self.stopped + later.stopped)), self.silent)

    def sentence(self) -> str:
        """What an operator is told."""
        parts = [f"canceled {count} goal{'s' * (count > 1)} of {action}" for action, count in self.canceled.items()]
        parts += [f"called {service}" for service in self.stopped]
        parts += [f"NO ANSWER from {name}" for name in self.silent]
        return "; ".join(parts) or "nothing was moving by a goal"


class Stoppable:
    """Action servers whose goals can be canceled, and services that stop what their goals moved.

    An all-zero goal id in CancelGoal means every goal of the server.
    """

    def __init__(
        self,
        node: Node,
        actions: Sequence[str],
        services: Sequence[str] = (),
        callback_group: CallbackGroup | None = None,
    ):
        group = callback_group
        self._cancels = {
            action: node.create_client(CancelGoal, f"{action}/_action/cancel_goal", callback_group=group)
            for action in actions
        }
        self._stops = {name: node.create_client(Trigger, name, callback_group=group) for name in services}

    def missing(self) -> list[str]:
        """The actions that nobody serves."""
        return [action for action, client in self._cancels.items() if not client.service_is_ready()]

    def cancel(self) -> dict[str, Future]:
        """Asks every server that is there to cancel all its goals; the answers to come, by action."""
        ready = {action: client for action, client in self._cancels.items() if client.service_is_ready()}
        return {action: client.call_async(CancelGoal.Request()) for action, client in ready.items()}

    def stop(self) -> dict[str, Future]:
        """Calls every stop service that is there; the answers to come, by service."""
        ready = {name: client for name, client in self._stops.items() if client.service_is_ready()}
        return {name: client.call_async(Trigger.Request()) for name, client in ready.items()}

    def forget(self, asked: dict[str, Future]) -> None:
        """Waits no longer for what has not answered."""
        clients = {**self._cancels, **self._stops}
        for name, future in asked.items():
            if not future.done():
                clients[name].remove_pending_request(future)


def stop_all(movers: Sequence[Stoppable], timeout: float) -> Stopped:
    """Cancels all at once, the first of `movers` first, and waits `timeout` s at most for the answers.

    The stop services of a mover are called where goals of it were canceled or where it does not answer: fingers that
    are at rest may hold something, which their stop would drop. Call it in a thread that does not spin the node.
    """
    deadline = Deadline(timeout)
    asked = [mover.cancel() for mover in movers]
    everything = [future for futures in asked for future in futures.values()]
    wait_in_callback(lambda: all(future.done() for future in everything), deadline)
    canceled: dict[str, int] = {}
    silent: list[str] = []
    stops: list[tuple[Stoppable, dict[str, Future]]] = []
    for mover, futures in zip(movers, asked, strict=True):
        counts = {action: _count(future) for action, future in futures.items()}
        canceled.update({action: count for action, count in counts.items() if count})
        silent += [action for action, count in counts.items() if count is None]
        if any(count != 0 for count in counts.values()):
            stops.append((mover, mover.stop()))
        mover.forget(futures)
    wait_in_callback(lambda: all(f.done() for _, futures in stops for f in futures.values()), Deadline(timeout))
    for mover, futures in stops:
        silent += [name for name, future in futures.items() if not future.done()]
        mover.forget(futures)
    called = tuple(name for _, futures in stops for name, future in futures.items() if future.done())
    return Stopped(canceled, called, tuple(silent))


def _count(future: Future) -> int | None:
    """How many goals an answer ends, None without one."""
    answer = future.result() if future.done() else None
    return None if answer is None else len(answer.goals_canceling)
