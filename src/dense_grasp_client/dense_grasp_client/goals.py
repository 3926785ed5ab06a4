"""Goals of the graph's actions: one is sent, awaited, and canceled."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from action_msgs.msg import GoalStatus
from dense_grasp_ros.action_client import ActionClient

from dense_grasp_client.connection import ANSWER_TIMEOUT_S, GraphError, NodeCalls
from dense_grasp_client.presence import ServerPresence
from dense_grasp_client.refused import checked
from dense_grasp_interfaces.action import GraspObject, PlaceObject, ScanObject

CANCEL_TIMEOUT_S = 5.0
#: Name and type of each action, by its goal's type.
ACTIONS = {
    GraspObject.Goal: ("dense_grasp/grasp_object", GraspObject),
    PlaceObject.Goal: ("dense_grasp/place_object", PlaceObject),
    ScanObject.Goal: ("dense_grasp/scan_object", ScanObject),
}


class Goals:
    """Runs one goal at a time; `cancel` may be called from another thread meanwhile."""

    def __init__(self, connection: NodeCalls):
        self._connection = connection
        self._clients = {
            goal: (name, ActionClient(connection.node, action, name)) for goal, (name, action) in ACTIONS.items()
        }
        self._running: Any = None
        self._lock = threading.Lock()

    def run(self, request: Any, what: str, on_feedback: Callable[[Any], None] | None, timeout: float) -> Any:
        """The result of a goal, SUCCESS; it is canceled when it has not ended within `timeout` s.

        on_feedback: called with each feedback, in another thread. Raises GraphError, also when the node that serves
        the action ends meanwhile, and Refused.
        """
        (name, client), connection = self._clients[type(request)], self._connection
        action = connection.node.resolve_topic_name(name)
        connection.wait(client.server_is_ready, ANSWER_TIMEOUT_S, f"action {action}")

        def feedback(message: Any) -> None:
            if on_feedback is not None:
                on_feedback(message.feedback)

        sent = client.send_goal_async(request, feedback_callback=feedback)
        try:
            handle = connection.result(sent, ANSWER_TIMEOUT_S, f"answer of {action}")
            if not handle.accepted:
                raise GraphError(f"{action} did not accept the goal, expected a goal that is answered with a code")
            with self._lock:
                self._running = handle
            presence, ending = ServerPresence(connection.node, action), handle.get_result_async()

            def ended() -> bool:
                if not ending.done():
                    presence.check()
                return bool(ending.done())

            connection.wait(ended, timeout, f"end of the {what}")
            answer = ending.result()
            if answer.status == GoalStatus.STATUS_UNKNOWN:  # with a result of zeros, which would read as a success
                raise GraphError(
                    f"{action} answered that it does not know the goal: its node was started anew meanwhile, or a "
                    "second node serves it (`ros2 node list` shows them); end that one, and send the goal again"
                )
            result = answer.result
        except BaseException:  # also Ctrl-C: nothing goes on that nobody waits for
            self._abandon(sent)
            raise
        finally:
            with self._lock:
                self._running = None
        return checked(result, what)

    def _abandon(self, sent: Any) -> None:
        """Cancel the goal that was sent, and wait until that has been answered: the process may end right after."""
        with contextlib.suppress(GraphError):
            handle = self._connection.result(sent, CANCEL_TIMEOUT_S, "answer to the goal")
            if handle.accepted:
                self._connection.result(handle.cancel_goal_async(), CANCEL_TIMEOUT_S, "answer to the cancellation")

    def cancel(self, timeout: float = ANSWER_TIMEOUT_S) -> bool:
        """Cancel the goal that this client runs; whether there was one. Its call then raises Refused with CANCELED."""
        with self._lock:
            handle = self._running
        if handle is None:
            return False
        self._connection.result(handle.cancel_goal_async(), timeout, "answer to the cancellation")
        return True


def check_fields(goal: Mapping[str, Any], action: Any, own: Sequence[str], hint: str = "") -> None:
    """A message takes a field that it does not have without a word. own: fields that are arguments of the call; hint:
    what else to do, at the end of the sentence.
    """
    fields = sorted(set(action.Goal.get_fields_and_field_types()) - set(own))
    for name in goal:
        if name not in fields:
            raise TypeError(f"a goal has no field {name}, expected one of {', '.join(fields)}{hint}")
