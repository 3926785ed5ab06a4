"""ros2 topic."""

from __future__ import annotations

import argparse

from ros2cli.graph import appears, graph_node, hidden, settled, wait_for_type
from ros2cli.main import CommandError
from ros2cli.topic_streams import echo, publish, rate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    listing = verbs.add_parser("list", help="names of all topics")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-topics", action="store_true")
    listing.set_defaults(function=_list)
    kind = verbs.add_parser("type", help="type of a topic")
    kind.add_argument("topic_name")
    kind.set_defaults(function=_type)
    info = verbs.add_parser("info", help="type and ends of a topic")
    info.add_argument("topic_name")
    info.add_argument("-v", "--verbose", action="store_true", help="name the ends and their quality of service")
    info.set_defaults(function=_info)
    _add_streams(verbs)


def _add_streams(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    reading = verbs.add_parser("echo", help="print the messages of a topic")
    reading.add_argument("topic_name")
    reading.add_argument("message_type", nargs="?")
    reading.add_argument("--once", action="store_true", help="only the first")
    reading.add_argument("--timeout", type=float, help="seconds to wait for a message")
    reading.add_argument("--field", help="only this field, e.g. header.stamp")
    reading.add_argument("--no-arr", action="store_true", help="only the lengths of sequences")
    reading.add_argument("-f", "--full-length", action="store_true", help="do not cut sequences and texts")
    reading.add_argument("-l", "--truncate-length", type=int, default=128)
    _add_qos(reading)
    reading.set_defaults(function=echo)
    hz = verbs.add_parser("hz", help="rate of a topic")
    hz.add_argument("topic_name")
    hz.add_argument("--window", "-w", type=int, default=10000)
    _add_qos(hz)
    hz.set_defaults(function=rate)
    pub = verbs.add_parser("pub", help="publish messages")
    pub.add_argument("topic_name")
    pub.add_argument("message_type", help="e.g. std_msgs/msg/String")
    pub.add_argument("values", nargs="?", default="{}", help="the message in YAML")
    pub.add_argument("-r", "--rate", type=float, default=1.0, help="messages a second")
    pub.add_argument("-1", "--once", action="store_true", help="one message, once somebody listens")
    pub.add_argument("-t", "--times", type=int, default=0, help="this many messages")
    pub.add_argument("-w", "--wait-matching-subscriptions", type=int, help="listeners to wait for")
    pub.add_argument("--keep-alive", type=float, default=0.1, help="seconds to stay after the last message")
    _add_qos(pub)
    pub.set_defaults(function=publish)


def _add_qos(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--qos-profile", choices=["default", "sensor_data"])
    parser.add_argument("--qos-reliability", choices=["reliable", "best_effort"])
    parser.add_argument("--qos-durability", choices=["volatile", "transient_local"])
    parser.add_argument("--qos-depth", type=int)


def _list(args: argparse.Namespace) -> None:
    with graph_node() as node:
        found = settled(node, lambda: sorted(node.get_topic_names_and_types()))
    for name, types in found:
        if args.include_hidden_topics or not hidden(name):
            print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _type(args: argparse.Namespace) -> None:
    with graph_node() as node:
        print(wait_for_type(node.get_topic_names_and_types, node, args.topic_name, "topic"))


def _info(args: argparse.Namespace) -> None:
    with graph_node() as node:
        name = node.resolve_topic_name(args.topic_name)
        if not appears(node, lambda: name in dict(node.get_topic_names_and_types())):
            raise CommandError(f"Unknown topic '{name}'")
        publishers, subscriptions = settled(
            node,
            lambda: (node.get_publishers_info_by_topic(name), node.get_subscriptions_info_by_topic(name)),
        )
        types = dict(node.get_topic_names_and_types()).get(name, ["?"])
    print(f"Type: {types[0] if len(types) == 1 else types}\n" + "\n" * args.verbose, end="")
    for title, ends in (("Publisher", publishers), ("Subscription", subscriptions)):
        print(f"{title} count: {len(ends)}")
        if args.verbose:
            print("".join(f"\n{end}\n" for end in ends))
