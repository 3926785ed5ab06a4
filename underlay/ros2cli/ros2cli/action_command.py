"""ros2 action."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.action.graph import (
    get_action_client_names_and_types_by_node,
    get_action_names_and_types,
    get_action_server_names_and_types_by_node,
)
from rclpy.node import Node
from rclpy.task import Future

from ros2cli.graph import INTERRUPT, appears, graph_node, settled, spin_until, wait_until
from ros2cli.main import CommandError
from ros2cli.messages import get_interface, parse_yaml, set_fields, to_yaml

_STATUS = {
    getattr(GoalStatus, f"STATUS_{name}"): name
    for name in ("UNKNOWN", "ACCEPTED", "EXECUTING", "CANCELING", "SUCCEEDED", "CANCELED", "ABORTED")
}
_CANCEL_SECONDS = 10.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    listing = verbs.add_parser("list", help="names of all actions")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.set_defaults(function=_list)
    info = verbs.add_parser("info", help="clients and servers of an action")
    info.add_argument("action_name")
    info.add_argument("-t", "--show-types", action="store_true")
    info.set_defaults(function=_info)
    send = verbs.add_parser("send_goal", help="send a goal and wait for its result; ctrl-c cancels it")
    send.add_argument("action_name")
    send.add_argument("action_type", help="e.g. control_msgs/action/GripperCommand")
    send.add_argument("goal", help="in YAML")
    send.add_argument("-f", "--feedback", action="store_true", help="print feedback")
    send.set_defaults(function=_send_goal)


def _list(args: argparse.Namespace) -> None:
    with graph_node() as node:
        found = settled(node, lambda: sorted(get_action_names_and_types(node)))
    for name, types in found:
        print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _info(args: argparse.Namespace) -> None:
    name = f"/{args.action_name.lstrip('/')}"

    def ends(node: Node, query: Any) -> list[tuple[str, list[str]]]:
        found = []
        for node_name, namespace in node.get_node_names_and_namespaces():
            try:
                actions = dict(query(node, node_name, namespace))
            except RuntimeError:  # the node went away meanwhile
                continue
            if name in actions:
                found.append((f"{namespace.rstrip('/')}/{node_name}", actions[name]))
        return sorted(found)

    with graph_node() as node:
        appears(node, lambda: name in dict(get_action_names_and_types(node)))
        queries = (get_action_client_names_and_types_by_node, get_action_server_names_and_types_by_node)
        clients, servers = settled(node, lambda: [ends(node, query) for query in queries])
    print(f"Action: {args.action_name}")
    for title, found in (("clients", clients), ("servers", servers)):
        print(f"Action {title}: {len(found)}")
        for node_name, types in found:
            print(f"    {node_name} [{', '.join(types)}]" if args.show_types else f"    {node_name}")


def _print_indented(title: str, message: Any) -> None:
    print(f"{title}:\n{textwrap.indent(to_yaml(message), '    ')}", flush=True)


def _send_goal(args: argparse.Namespace) -> int:
    action = get_interface(args.action_type, "action")
    goal = action.Goal()
    # As ros2action 0.32.5 does; a shell may have started this with SIGINT ignored.
    INTERRUPT.heed()
    with graph_node() as node:
        set_fields(goal, parse_yaml(args.goal), node.get_clock().now().to_msg())
        client = ActionClient(node, action, args.action_name)
        try:
            print("Waiting for an action server to become available...", flush=True)
            wait_until(node, client.server_is_ready)
            _print_indented("Sending goal", goal)
            callback = (lambda message: _print_indented("Feedback", message.feedback)) if args.feedback else None
            answer = client.send_goal_async(goal, callback)
            try:
                result = _result(node, answer)
            except KeyboardInterrupt:
                result = _cancel(node, answer)
            if result is not None:
                _print_indented("Result", result.result)
                print(f"Goal finished with status: {_STATUS[result.status]}", flush=True)
            return 0  # upstream's, too, whatever became of the goal
        finally:
            client.destroy()


def _result(node: Node, answer: Future) -> Any:
    """Return the result of the goal that `answer` tells of, None when it is refused."""
    spin_until(node, answer)
    handle = answer.result()
    if handle is None:
        raise CommandError(f"Exception while sending goal: {answer.exception()!r}")
    if not handle.accepted:
        print("Goal was rejected.")
        return None
    print(f"Goal accepted with ID: {bytes(handle.goal_id.uuid).hex()}\n", flush=True)
    result = handle.get_result_async()
    spin_until(node, result)
    return result.result()


def _cancel(node: Node, answer: Future) -> Any:
    """Cancel the goal, also one whose answer is still under way; return its result, None if that does not come."""
    print("Canceling goal...", flush=True)
    spin_until(node, answer, _CANCEL_SECONDS)
    handle = answer.result() if answer.done() else None
    if handle is None:
        raise CommandError("Failed to cancel goal: the action server has not answered the goal")
    if not handle.accepted:
        print("Goal was rejected.")
        return None
    result = handle.get_result_async()
    cancel = handle.cancel_goal_async()
    spin_until(node, cancel, _CANCEL_SECONDS)
    answered = cancel.result() if cancel.done() else None
    if answered is None or not answered.goals_canceling:
        raise CommandError("Failed to cancel goal")
    print("Goal canceled.", flush=True)
    spin_until(node, result, _CANCEL_SECONDS)
    return result.result() if result.done() else None
