"""Declares a node's parameters from their specifications, and checks them: at the start and while the node runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.parameters import ParameterSpec, by_name, check_changes
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.expand_topic_name import expand_topic_name
from rclpy.node import Node
from rclpy.parameter import Parameter

AT_THE_START = "read at the start only"
CHANGEABLE = "may change while the node runs"


def descriptor(spec: ParameterSpec) -> ParameterDescriptor:
    """What `ros2 param describe` says of a parameter.

    ROS ranges include their ends, know no NaN and are for single numbers: the words hold the whole rule.
    """
    unit = f", {spec.unit}" if spec.unit else ""
    changes = CHANGEABLE if spec.changeable else AT_THE_START
    told = ParameterDescriptor(
        description=f"{spec.description}{unit}", additional_constraints=f"{spec.expected}; {changes}"
    )
    if spec.low is None or spec.high is None or spec.nan:
        return told
    low = min(spec.low, 0) if spec.zero else spec.low
    if spec.kind is int:
        told.integer_range = [IntegerRange(from_value=int(low), to_value=int(spec.high), step=0)]
    elif spec.kind is float:
        told.floating_point_range = [FloatingPointRange(from_value=float(low), to_value=float(spec.high), step=0.0)]
    return told


def in_namespace(node: Node, name: str) -> str:
    """A ROS name as the node would use it, without its remappings: absolute names as they are."""
    return str(expand_topic_name(name, node.get_name(), node.get_namespace()))


def declare(
    node: Node, specs: Sequence[ParameterSpec], changed: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """The node's parameters by name, declared and checked. Raises ParameterError for the first that cannot be used.

    The names of topics, services and actions come back absolute, in the node's namespace: so every message says them
    in full. Remappings apply when the names are used.
    From now on a change is refused unless its specification allows it. changed: is given the checked values of a
    change, and refuses it by a DenseGraspError. Call this once a node, before anything else.
    """
    known = by_name(specs)
    values = {}
    for spec in specs:
        # rclpy refuses a whole number for a float by a sentence without a name, and shows the overrides nowhere else.
        override = node._parameter_overrides.get(spec.name)
        value = spec.check(spec.value if override is None else override.value)
        values[spec.name] = in_namespace(node, value) if spec.text == "name" and value else value
        node.declare_parameter(spec.name, value, descriptor(spec), ignore_override=True)

    def check(parameters: list[Parameter]) -> SetParametersResult:
        new = {parameter.name: parameter.value for parameter in parameters}
        taken, reason = check_changes(node.get_name(), new, known, node.has_parameter)
        if not reason and taken and changed is not None:
            try:
                changed(taken)
            except DenseGraspError as error:
                reason = str(error)
        return SetParametersResult(successful=not reason, reason=reason)

    node.add_on_set_parameters_callback(check)
    return values
