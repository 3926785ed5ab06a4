"""Are the arm's controller and its hardware active?

After a reflex, franka_ros2 3.3 and later leave the hardware component and the controllers inactive: error recovery
alone makes the arm well, and every goal is still rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller_manager_msgs.srv import ListControllers, ListHardwareComponents
from rclpy.node import Node, NodeNameNonExistentError

from dense_grasp.arm.controller_recovery import manager_beside
from dense_grasp.cell.checks import Check
from dense_grasp.ros.waiting import Deadline, wait_future

ACTIVE = "active"
#: s of wall clock for an answer of the controller manager.
ANSWER_TIMEOUT = 3.0


@dataclass(frozen=True)
class Managed:
    """A controller or hardware component and its state."""

    name: str
    state: str


def check_controllers(arm_controller: str, controllers: Sequence[Managed], hardware: Sequence[Managed]) -> Check:
    """What the controller manager says of the arm's controller and of all hardware."""
    name = "controller states"
    again = f"ros2 control switch_controllers --activate {arm_controller}"
    asleep = [h for h in hardware if h.state != ACTIVE]
    if asleep:
        first = " && ".join(f"ros2 control set_hardware_component_state {h.name} active" for h in asleep)
        text = ", ".join(f"hardware component {h.name} is {h.state}" for h in asleep)
        remedy = f"error recovery alone is not enough after a reflex (franka_ros2 3.3): {first} && {again}"
        return Check(name, False, text, remedy)
    states = {c.name: c.state for c in controllers}
    if arm_controller not in states:
        text = f"no {arm_controller} among {', '.join(states) or 'no controllers'}"
        return Check(name, False, text, f"load it, or set arm_action in config/robot.yaml; {again}")
    stopped = [c for c in controllers if c.state != ACTIVE and (c.name == arm_controller or "broadcaster" in c.name)]
    if stopped:
        text = ", ".join(f"{c.name} is {c.state}" for c in stopped)
        names = " ".join(c.name for c in stopped)
        return Check(name, False, text, f"ros2 control switch_controllers --activate {names}")
    text = f"{arm_controller} active, hardware {', '.join(h.name for h in hardware) or 'not told'} active"
    return Check(name, True, text)


def check_manager(node: Node, arm_action: str, joint_names: Sequence[str], manager: str = "") -> Check | None:
    """The line of a controller manager, as a rule the one beside the arm's controller; None where there is none, such
    as in a simulation. Hardware that does not hold the arm's joints is another machine's.
    """
    name = "controller states"
    beside, controller = manager_beside(arm_action)
    manager = manager or beside
    if not _is_served(node, f"{manager}/list_controllers"):
        return None
    try:
        controllers = _ask(node, ListControllers, f"{manager}/list_controllers").controller
        hardware = _ask(node, ListHardwareComponents, f"{manager}/list_hardware_components").component
    except TimeoutError as error:
        return Check(name, False, f"{manager}: {error}", "start the robot's driver again")
    of_the_arm = [h for h in hardware if any(i.name.startswith(joint_names[0]) for i in h.state_interfaces)]
    return check_controllers(
        controller,
        [Managed(c.name, c.state) for c in controllers],
        [Managed(h.name, h.state.label) for h in of_the_arm or hardware],
    )


def _is_served(node: Node, service: str) -> bool:
    """Whether a node offers the service: the names of the whole graph hold those that have clients only, such as
    grasp_executor's in a cell without a controller manager.
    """
    service = node.resolve_service_name(service)
    for name, namespace in node.get_node_names_and_namespaces():
        with suppress(NodeNameNonExistentError):  # it ended meanwhile
            if service in dict(node.get_service_names_and_types_by_node(name, namespace)):
                return True
    return False


def _ask(node: Node, kind: Any, name: str) -> Any:
    client = node.create_client(kind, name)
    try:
        return wait_future(client.call_async(kind.Request()), Deadline(ANSWER_TIMEOUT))
    finally:
        node.destroy_client(client)
