"""Makes an arm's hardware and controller active again by ros2_control's controller_manager.

From franka_ros2 2.4 and 3.3 on a reflex leaves the hardware component unconfigured and its controllers inactive.
Franka's error recovery clears the robot's error alone; until both are active again every trajectory is rejected. On
Humble the controllers stay active over dead hardware and have to be deactivated first (documentation of
franka_hardware).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from dense_grasp.ros.waiting import Deadline, StopCheck, wait_future

try:
    from controller_manager_msgs.srv import (
        ListControllers,
        ListHardwareComponents,
        SetHardwareComponentState,
        SwitchController,
    )
    from lifecycle_msgs.msg import State
except ImportError:  # a machine without ros2_control: nothing there could be asked
    ListControllers = None  # type: ignore[assignment,misc]

#: s of wall clock for one answer; to become active the hardware connects to the robot.
TIMEOUT = 10.0
ACTIVE, INACTIVE = "active", "inactive"
#: Controllers that only report, e.g. joint_state_broadcaster/JointStateBroadcaster.
REPORTING = "Broadcaster"


class ControllerRecovery:
    """Recovery by the services of a controller_manager, where one answers.

    manager: its name, e.g. "/controller_manager"; controller: the arm's, e.g. "fr3_arm_controller"; joints: the arm's.
    """

    def __init__(
        self,
        node: Node,
        manager: str,
        controller: str,
        joints: Sequence[str],
        callback_group: CallbackGroup | None = None,
    ):
        self._manager = manager
        self._controller = controller
        self._joints = tuple(joints)
        self._logger = node.get_logger()
        self._clients: dict[str, Any] = {}
        #: What recover() did last, a sentence; "" for nothing.
        self.done = ""
        if ListControllers is None:
            return
        for name, kind in (
            ("list_hardware_components", ListHardwareComponents),
            ("set_hardware_component_state", SetHardwareComponentState),
            ("list_controllers", ListControllers),
            ("switch_controller", SwitchController),
        ):
            self._clients[name] = node.create_client(kind, f"{manager}/{name}", callback_group=callback_group)

    @property
    def by_hand(self) -> str:
        """What an operator has to call where this cannot."""
        return (
            "ros2 control list_hardware_components; ros2 control set_hardware_component_state <its name> active; "
            f"ros2 control switch_controllers --activate {self._controller}"
            + ("" if self._manager == "/controller_manager" else f" (each with -c {self._manager})")
        )

    def recover(self, stop: StopCheck | None = None) -> str:
        """Says what came of it: "" when hardware and controller are active, or nobody is there to be asked. Raises
        Canceled.
        """
        self.done = ""
        if not self._clients or not all(client.service_is_ready() for client in self._clients.values()):
            return ""
        did: list[str] = []
        try:
            reason = self._recover(did, stop)
        except TimeoutError as error:
            reason = f"{self._manager} did not answer ({error})"
        if did:
            self.done = f"{self._manager} {' and '.join(did)}"
            self._logger.warning(self.done)
        return f"{reason}; by hand: {self.by_hand}" if reason else ""

    def _recover(self, did: list[str], stop: StopCheck | None) -> str:
        asleep = [part for part in self._call("list_hardware_components", stop).component if not _is_active(part)]
        ours = [part for part in asleep if self._drives_us(part)]
        state = self._controller_state(stop)
        if ours and state == ACTIVE:
            if reason := self._switch(did, stop, deactivate=[self._controller]):
                return reason
            state = INACTIVE
        for part in ours:
            answer = self._call(
                "set_hardware_component_state",
                stop,
                name=part.name,
                target_state=State(id=State.PRIMARY_STATE_ACTIVE, label=ACTIVE),
            )
            if not answer.ok:
                return f"the hardware {part.name} is {answer.state.label or 'not active'} and did not become active"
            did.append(f"activated the hardware {part.name}")
        if state == ACTIVE:
            return ""
        if state != INACTIVE:
            return f"the controller {self._controller} is {state or 'not loaded'}, expected {INACTIVE} or {ACTIVE}"
        if reason := self._switch(did, stop, activate=[self._controller]):
            return reason
        return self._wake_reporters(did, stop) if ours else ""

    def _wake_reporters(self, did: list[str], stop: StopCheck | None) -> str:
        """The hardware's end ended them, too: without joint states the arm would not be moved."""
        names = [
            controller.name
            for controller in self._call("list_controllers", stop).controller
            if controller.state == INACTIVE
            and controller.type.endswith(REPORTING)
            and not controller.required_command_interfaces
        ]
        if names and (reason := self._switch(did, stop, activate=names, strictness="BEST_EFFORT")):
            self._logger.warning(reason)
        return ""

    def _controller_state(self, stop: StopCheck | None) -> str:
        known = {entry.name: entry.state for entry in self._call("list_controllers", stop).controller}
        return str(known.get(self._controller, ""))

    def _switch(
        self,
        did: list[str],
        stop: StopCheck | None,
        *,
        activate: Sequence[str] = (),
        deactivate: Sequence[str] = (),
        strictness: str = "STRICT",
    ) -> str:
        answer = self._call(
            "switch_controller",
            stop,
            activate_controllers=list(activate),
            deactivate_controllers=list(deactivate),
            strictness=getattr(SwitchController.Request, strictness),
        )
        names, verb = ", ".join([*activate, *deactivate]), "activate" if activate else "deactivate"
        if answer.ok:
            did.append(f"{verb}d {names}")
            return ""
        # Humble's answer has no text.
        text = getattr(answer, "message", "")
        return f"{self._manager} did not {verb} {names}{f' ({text})' if text else ''}"

    def _call(self, service: str, stop: StopCheck | None, **fields: Any) -> Any:
        client = self._clients[service]
        return wait_future(client.call_async(client.srv_type.Request(**fields)), Deadline(TIMEOUT), stop)

    def _drives_us(self, part: Any) -> bool:
        """Whether it has interfaces of our joints. One that tells none may be ours."""
        names = [interface.name for interface in (*part.command_interfaces, *part.state_interfaces)]
        return not names or any(name.partition("/")[0] in self._joints for name in names)


def _is_active(part: Any) -> bool:
    return bool(part.state.id == State.PRIMARY_STATE_ACTIVE)


def manager_beside(arm_action: str) -> tuple[str, str]:
    """Names of the controller_manager and of the controller of an action "<namespace>/<controller>/<action>"."""
    path = arm_action.rpartition("/")[0]
    namespace, _, controller = path.rpartition("/")
    return f"{namespace}/controller_manager", controller
