"""ros2 service."""

from __future__ import annotations

import argparse

from ros2cli.graph import graph_node, hidden, settled, spin_until, wait_for_type, wait_until
from ros2cli.messages import get_interface, parse_yaml, set_fields


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    listing = verbs.add_parser("list", help="names of all services")
    listing.add_argument("-t", "--show-types", action="store_true")
    listing.add_argument("--include-hidden-services", action="store_true")
    listing.set_defaults(function=_list)
    kind = verbs.add_parser("type", help="type of a service")
    kind.add_argument("service_name")
    kind.set_defaults(function=_type)
    call = verbs.add_parser("call", help="call a service")
    call.add_argument("service_name")
    call.add_argument("service_type", help="e.g. std_srvs/srv/Trigger")
    call.add_argument("values", nargs="?", default="{}", help="the request in YAML")
    call.set_defaults(function=_call)


def _list(args: argparse.Namespace) -> None:
    with graph_node() as node:
        found = settled(node, lambda: sorted(node.get_service_names_and_types()))
    for name, types in found:
        if args.include_hidden_services or not hidden(name):
            print(f"{name} [{', '.join(types)}]" if args.show_types else name)


def _type(args: argparse.Namespace) -> None:
    with graph_node() as node:
        print(wait_for_type(node.get_service_names_and_types, node, args.service_name, "Service"))


def _call(args: argparse.Namespace) -> None:
    service = get_interface(args.service_type, "srv")
    request = service.Request()
    with graph_node() as node:
        set_fields(request, parse_yaml(args.values), node.get_clock().now().to_msg())
        client = node.create_client(service, args.service_name)
        if not client.service_is_ready():
            print("waiting for service to become available...", flush=True)
            wait_until(node, client.service_is_ready)
        print(f"requester: making request: {request!r}\n", flush=True)
        future = client.call_async(request)
        spin_until(node, future)
        print(f"response:\n{future.result()!r}\n")
