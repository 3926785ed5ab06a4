"""ros2 param."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.node import Node
from rclpy.parameter import Parameter, get_parameter_value, parameter_value_to_python

from ros2cli.graph import graph_node, node_names, spin_until, wait_for_node
from ros2cli.main import CommandError

_TIMEOUT = 5.0
_NAMES = {
    ParameterType.PARAMETER_BOOL: "Boolean value is",
    ParameterType.PARAMETER_INTEGER: "Integer value is",
    ParameterType.PARAMETER_DOUBLE: "Double value is",
    ParameterType.PARAMETER_STRING: "String value is",
    ParameterType.PARAMETER_BYTE_ARRAY: "Byte values are",
    ParameterType.PARAMETER_BOOL_ARRAY: "Boolean values are",
    ParameterType.PARAMETER_INTEGER_ARRAY: "Integer values are",
    ParameterType.PARAMETER_DOUBLE_ARRAY: "Double values are",
    ParameterType.PARAMETER_STRING_ARRAY: "String values are",
}
_TYPES = {
    ParameterType.PARAMETER_NOT_SET: "not set",
    ParameterType.PARAMETER_BOOL: "boolean",
    ParameterType.PARAMETER_INTEGER: "integer",
    ParameterType.PARAMETER_DOUBLE: "double",
    ParameterType.PARAMETER_STRING: "string",
    ParameterType.PARAMETER_BYTE_ARRAY: "byte array",
    ParameterType.PARAMETER_BOOL_ARRAY: "boolean array",
    ParameterType.PARAMETER_INTEGER_ARRAY: "integer array",
    ParameterType.PARAMETER_DOUBLE_ARRAY: "double array",
    ParameterType.PARAMETER_STRING_ARRAY: "string array",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    listing = verbs.add_parser("list", help="names of parameters")
    listing.add_argument("node_name", nargs="?")
    listing.set_defaults(function=_list)
    get = verbs.add_parser("get", help="value of a parameter")
    get.add_argument("node_name")
    get.add_argument("parameter_name")
    get.add_argument("--hide-type", action="store_true")
    get.set_defaults(function=_get)
    description = verbs.add_parser("describe", help="what a parameter is and may be")
    description.add_argument("node_name")
    description.add_argument("parameter_names", nargs="+")
    description.set_defaults(function=_describe)
    setting = verbs.add_parser("set", help="change a parameter")
    setting.add_argument("node_name")
    setting.add_argument("parameter_name")
    setting.add_argument("value", help="in YAML")
    setting.set_defaults(function=_set)


def _call(node: Node, target: str, kind: Any, verb: str, request: Any) -> Any:
    client = node.create_client(kind, f"/{target.strip('/')}/{verb}")
    try:
        if not client.wait_for_service(_TIMEOUT):
            raise CommandError(f"Wait for service timed out: node '{target}' answers no parameter requests")
        future = client.call_async(request)
        if not spin_until(node, future, _TIMEOUT):
            raise CommandError(f"Exception while calling service of node '{target}': no answer in {_TIMEOUT} s")
        return future.result()
    finally:
        node.destroy_client(client)


def _list(args: argparse.Namespace) -> None:
    with graph_node() as node:
        if args.node_name is not None:
            wait_for_node(node, args.node_name)
        for name in [args.node_name] if args.node_name else node_names(node):
            answer = _call(node, name, ListParameters, "list_parameters", ListParameters.Request())
            if args.node_name is None:
                print(f"{name}:")
            for parameter in sorted(answer.result.names):
                print(f"  {parameter}")


def _get(args: argparse.Namespace) -> None:
    with graph_node() as node:
        wait_for_node(node, args.node_name)
        request = GetParameters.Request(names=[args.parameter_name])
        answer = _call(node, args.node_name, GetParameters, "get_parameters", request)
    if not answer.values or answer.values[0].type == ParameterType.PARAMETER_NOT_SET:
        raise CommandError("Parameter not set")
    value = answer.values[0]
    text = parameter_value_to_python(value)
    print(text if args.hide_type else f"{_NAMES[value.type]}: {text}")


def _describe(args: argparse.Namespace) -> None:
    with graph_node() as node:
        wait_for_node(node, args.node_name)
        request = DescribeParameters.Request(names=args.parameter_names)
        answer = _call(node, args.node_name, DescribeParameters, "describe_parameters", request)
    for told in answer.descriptors:
        lines = [f"Parameter name: {told.name}", f"  Type: {_TYPES[told.type]}"]
        if told.description:
            lines.append(f"  Description: {told.description}")
        lines.append("  Constraints:")
        if told.read_only:
            lines.append("    Read only: true")
        for limits in [*told.floating_point_range, *told.integer_range][:1]:
            lines += [f"    Min value: {limits.from_value}", f"    Max value: {limits.to_value}"]
            lines += [f"    Step: {limits.step}"] if limits.step else []
        if told.additional_constraints:
            lines.append(f"    Additional constraints: {told.additional_constraints}")
        print("\n".join(lines))


def _set(args: argparse.Namespace) -> int:
    with graph_node() as node:
        wait_for_node(node, args.node_name)
        value = get_parameter_value(args.value)
        parameter = Parameter(args.parameter_name, value=parameter_value_to_python(value)).to_parameter_msg()
        request = SetParameters.Request(parameters=[parameter])
        (result,) = _call(node, args.node_name, SetParameters, "set_parameters", request).results
    if result.successful:
        print("Set parameter successful" + f": {result.reason}" * bool(result.reason))
        return 0
    print("Setting parameter failed" + f": {result.reason}" * bool(result.reason), file=sys.stderr)
    return 0  # upstream's, too
