"""Sends calls and books their answers, while what is on the agenda goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dense_grasp_core.result_codes import GraspCode, MatchCode

from dense_grasp_bench.graph_client import GraphClient
from dense_grasp_bench.graph_process import GraphProcess
from dense_grasp_bench.soak.agenda import Agenda
from dense_grasp_bench.soak.ledger import Call, Ledger
from dense_grasp_interfaces.action import GraspObject

EXECUTOR = "grasp_executor"
SERVERS = {
    "register": "query_node",
    "list": "query_node",
    "delete": "query_node",
    "rename": "query_node",
    "locate": "query_node",
    "set_scene": "sim_cell",
    "get_truth": "sim_cell",
    "get_report": "sim_cell",
}
#: s of wall clock; what was not answered by then is reported, though a later answer is still booked.
SERVICE_PATIENCE = 120.0
GOAL_PATIENCE = 240.0


@dataclass
class Sent:
    """A call under way; answer: the response, or the goal's result."""

    call: Call
    answer: Any = None
    handle: Any = None
    stages: list[int] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether it was answered, or will never be because its server was killed."""
        return self.call.closed


def code_name(answer: Any) -> str:
    """The name of an answer's code."""
    if isinstance(answer, GraspObject.Result):
        code = int(answer.code)
        if GraspCode.PERCEPTION < code < GraspCode.PERCEPTION_UNAVAILABLE:
            return f"{code} {_name(MatchCode, code - GraspCode.PERCEPTION)}"
        return f"{code} {_name(GraspCode, code)}"
    if hasattr(answer, "code"):
        return str(_name(MatchCode, answer.code) if hasattr(answer, "matches") else _constant(answer, answer.code))
    if hasattr(answer, "success"):
        return "OK" if answer.success else "REFUSED"
    return "OK"


def _name(codes: Any, code: int) -> str:
    try:
        return str(codes(code).name)
    except ValueError:
        return str(code)


def _constant(answer: Any, code: int) -> str:
    names = (name for name in dir(type(answer)) if name.isupper() and getattr(answer, name) == code)
    return next(names, str(code))


class Caller:
    """Calls of one client. Everything happens in the caller's thread but the booking of answers."""

    def __init__(self, client: GraphClient, graph: GraphProcess, ledger: Ledger, agenda: Agenda):
        self.client, self.ledger, self.agenda = client, ledger, agenda
        self._graph = graph

    def until(self, condition: Callable[[], bool], patience: float) -> bool:
        """Wait for the condition and do meanwhile what is due; False after `patience` s. GraphError: launch ended."""
        end = time.monotonic() + patience
        while not condition():
            self.agenda.tick()
            self._graph.check()
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def send(self, key: str, kind: str = "", **fields: Any) -> Sent | None:
        """Call a service; None when nobody offers it."""
        if not self.until(lambda: self.client.offers(key), SERVICE_PATIENCE):
            return None
        sent = Sent(self.ledger.sent(kind or key, SERVERS[key]))

        def answered(future: Any) -> None:
            sent.answer = future.result()
            self.ledger.answered(sent.call, code_name(sent.answer))

        self.client.request(key, **fields).add_done_callback(answered)
        return sent

    def call(self, key: str, kind: str = "", **fields: Any) -> Any:
        """The answer of a service; None when there is none."""
        sent = self.send(key, kind, **fields)
        if sent is None:
            return None
        self.until(lambda: sent.closed, SERVICE_PATIENCE)
        return sent.answer

    def send_goal(self, goal: GraspObject.Goal, kind: str) -> Sent:
        """Send a grasp goal; its call is answered by the result, or by the refusal of the goal."""
        self.until(self.client.offers_grasp, SERVICE_PATIENCE)
        sent = Sent(self.ledger.sent(kind, EXECUTOR))

        def ended(future: Any) -> None:
            sent.answer = future.result().result
            self.ledger.answered(sent.call, code_name(sent.answer))

        def accepted(future: Any) -> None:
            sent.handle = future.result()
            if sent.handle.accepted:
                sent.handle.get_result_async().add_done_callback(ended)
            else:
                self.ledger.answered(sent.call, "NOT ACCEPTED")

        future = self.client.request_grasp(goal, lambda message: sent.stages.append(message.feedback.stage))
        future.add_done_callback(accepted)
        return sent

    def wait(self, sent: Sent) -> Any:
        """The result of a goal; None when there is none."""
        self.until(lambda: sent.closed, GOAL_PATIENCE)
        return sent.answer

    def cancel(self, sent: Sent) -> None:
        """Cancel a goal that was accepted."""
        if sent.handle is None or not sent.handle.accepted:
            return
        call = self.ledger.sent("cancel", EXECUTOR)
        future = sent.handle.cancel_goal_async()
        future.add_done_callback(lambda future: self.ledger.answered(call, _cancel_name(future.result())))


def _cancel_name(response: Any) -> str:
    names = (name for name in dir(type(response)) if name.startswith("ERROR_"))
    return next(name for name in names if getattr(response, name) == response.return_code).removeprefix("ERROR_")
