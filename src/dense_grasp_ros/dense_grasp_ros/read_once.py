"""Parameters that are read at the start: a later change is refused with a reason, never taken without effect."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter


def refusal(node_name: str, names: Iterable[str], changeable: Collection[str]) -> str:
    """Why one of the parameters `names` cannot be changed while the node runs; empty when all can."""
    for name in names:
        if name != "use_sim_time" and name not in changeable:
            return (
                f"{name} is read at the start only; restart {node_name} to change it "
                f"(while it runs: {', '.join(changeable) or 'none'})"
            )
    return ""


def refuse_changes(node: Node, changeable: Collection[str] = ()) -> None:
    """From now on the node takes new values for `changeable` only. Call it when every parameter is declared."""

    def check(parameters: list[Parameter]) -> SetParametersResult:
        reason = refusal(node.get_name(), (parameter.name for parameter in parameters), changeable)
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(check)
