"""ros2 node."""

from __future__ import annotations

import argparse

from rclpy.action.graph import (
    get_action_client_names_and_types_by_node,
    get_action_server_names_and_types_by_node,
)

from ros2cli.graph import graph_node, hidden, node_names, settled, wait_for_node


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    verbs.add_parser("list", help="names of all nodes").set_defaults(function=_list)
    info = verbs.add_parser("info", help="what a node offers and uses")
    info.add_argument("node_name")
    info.set_defaults(function=_info)


def _list(args: argparse.Namespace) -> None:
    with graph_node() as node:
        names = node_names(node)
    if names:
        print("\n".join(names))


def _info(args: argparse.Namespace) -> None:
    with graph_node() as node:
        name, namespace = wait_for_node(node, args.node_name)
        queries = {
            "Subscribers": node.get_subscriber_names_and_types_by_node,
            "Publishers": node.get_publisher_names_and_types_by_node,
            "Service Servers": node.get_service_names_and_types_by_node,
            "Service Clients": node.get_client_names_and_types_by_node,
            "Action Servers": lambda *of: get_action_server_names_and_types_by_node(node, *of),
            "Action Clients": lambda *of: get_action_client_names_and_types_by_node(node, *of),
        }
        found = settled(node, lambda: {title: sorted(query(name, namespace)) for title, query in queries.items()})
    print(f"/{args.node_name.lstrip('/')}")
    for title, entries in found.items():
        print(f"  {title}:")
        for topic, types in entries:
            if not hidden(topic):
                print(f"    {topic}: {', '.join(types)}")
    print()
