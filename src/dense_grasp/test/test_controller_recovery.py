"""After a reflex: hardware and controllers are made active again through a controller_manager's own services."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from controller_manager_msgs.msg import ControllerState, HardwareComponentState, HardwareInterface
from controller_manager_msgs.srv import (
    ListControllers,
    ListHardwareComponents,
    SetHardwareComponentState,
    SwitchController,
)
from dense_grasp.arm.controller_recovery import ControllerRecovery, manager_beside
from dense_grasp.arm.error_recovery import RecoveringArm, RecoverySteps
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import GraspCode
from lifecycle_msgs.msg import State
from rclpy.callback_groups import ReentrantCallbackGroup

NUMBERS = count()
JOINTS = ("fr3_joint1", "fr3_joint2")
ARM = "fr3_arm_controller"
MOVE = Trajectory(JOINTS, np.array([0.0, 1.0]), np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros((2, 2)))
STATES = {"unconfigured": State.PRIMARY_STATE_UNCONFIGURED, "active": State.PRIMARY_STATE_ACTIVE}


class Manager:
    """A controller_manager with ros2_control's rules: a controller starts on active hardware only, hardware does not
    start under a controller that holds it.
    """

    def __init__(self, graph, humble: bool = False):
        self.name = f"/cell_{next(NUMBERS)}/controller_manager"
        self.hardware = {"FrankaHardwareInterface": "unconfigured"}
        self.interfaces = {"FrankaHardwareInterface": [f"{joint}/position" for joint in JOINTS]}
        resting = "active" if humble else "inactive"
        self.controllers = {ARM: resting, "joint_state_broadcaster": resting, "gravity_compensation": "inactive"}
        self.broken = False
        self.calls: list[str] = []
        group = ReentrantCallbackGroup()
        for kind, service, callback in (
            (ListHardwareComponents, "list_hardware_components", self.list_hardware),
            (SetHardwareComponentState, "set_hardware_component_state", self.set_hardware),
            (ListControllers, "list_controllers", self.list_controllers),
            (SwitchController, "switch_controller", self.switch),
        ):
            graph.node.create_service(kind, f"{self.name}/{service}", callback, callback_group=group)

    def list_hardware(self, request, response):
        response.component = [
            HardwareComponentState(
                name=name,
                state=State(id=STATES[state], label=state),
                state_interfaces=[HardwareInterface(name=interface) for interface in self.interfaces[name]],
            )
            for name, state in self.hardware.items()
        ]
        return response

    def set_hardware(self, request, response):
        self.calls.append(f"hardware {request.name} {request.target_state.label}")
        if not self.broken and self.controllers.get(ARM) != "active":
            self.hardware[request.name] = request.target_state.label
            response.ok = True
        state = self.hardware[request.name]
        response.state = State(id=STATES[state], label=state)
        return response

    def list_controllers(self, request, response):
        types = {ARM: "joint_trajectory_controller/JointTrajectoryController", "gravity_compensation": "a/Controller"}
        response.controller = [
            ControllerState(
                name=name,
                state=state,
                type=types.get(name, "joint_state_broadcaster/JointStateBroadcaster"),
                required_command_interfaces=[f"{JOINTS[0]}/effort"] if name in types else [],
            )
            for name, state in self.controllers.items()
        ]
        return response

    def switch(self, request, response):
        names = [*request.activate_controllers, *request.deactivate_controllers]
        self.calls.append(f"{'activate' if request.activate_controllers else 'deactivate'} {', '.join(names)}")
        response.ok = "active" in self.hardware.values() or not request.activate_controllers
        response.message = "" if response.ok else "interfaces are not available"
        for name in names if response.ok else ():
            self.controllers[name] = "active" if name in request.activate_controllers else "inactive"
        return response


class Arm:
    """Rejects trajectories while its controller is not active, at the start of the trajectory or elsewhere."""

    def __init__(self, manager: Manager, at: float = 0.0):
        self.manager, self.at, self.moved = manager, at, 0

    def positions(self):
        return np.array([self.at, 0.0])

    def execute(self, trajectory, stop=None):
        if self.manager.controllers[ARM] != "active" or "active" not in self.manager.hardware.values():
            raise GraspFailure(GraspCode.CONTROLLER_REJECTED, "rejected")
        self.moved += 1

    def wait_still(self, stop=None): ...

    def stop(self): ...


@pytest.fixture
def made(graph, until):
    def make(humble: bool = False) -> tuple[Manager, ControllerRecovery]:
        manager = Manager(graph, humble)
        recovery = ControllerRecovery(graph.node, manager.name, ARM, JOINTS)
        until(lambda: all(c.service_is_ready() for c in recovery._clients.values()), 20.0, "services")
        return manager, recovery

    return make


def recovering(arm: Arm, recovery: ControllerRecovery) -> RecoveringArm:
    steps = RecoverySteps(SimpleNamespace(recover=lambda stop=None: ""), recovery)
    return RecoveringArm(arm, steps, steps.done, steps.advice)


def test_an_arm_moves_again_after_its_hardware_and_controllers_were_activated(made):
    manager, recovery = made()
    arm = Arm(manager)
    recovering(arm, recovery).execute(MOVE)
    assert arm.moved == 1
    assert manager.calls == [
        "hardware FrankaHardwareInterface active",
        f"activate {ARM}",
        "activate joint_state_broadcaster",
    ]
    assert manager.controllers["gravity_compensation"] == "inactive"


def test_controllers_that_stay_active_over_dead_hardware_are_deactivated_first(made):
    """As on Humble."""
    manager, recovery = made(humble=True)
    arm = Arm(manager)
    recovering(arm, recovery).execute(MOVE)
    assert arm.moved == 1
    assert manager.calls[:3] == [
        f"deactivate {ARM}",
        "hardware FrankaHardwareInterface active",
        f"activate {ARM}",
    ]


def test_an_arm_that_was_stopped_on_its_way_says_what_was_done(made):
    manager, recovery = made()
    with pytest.raises(GraspFailure) as failure:
        recovering(Arm(manager, at=0.5), recovery).execute(MOVE)
    message = str(failure.value)
    assert "the robot's error was cleared" in message
    assert f"activated the hardware FrankaHardwareInterface and activated {ARM}" in message
    assert manager.controllers[ARM] == "active"


def test_hardware_that_does_not_wake_is_said_with_what_to_call(made):
    manager, recovery = made()
    manager.broken = True
    reason = recovery.recover()
    assert "the hardware FrankaHardwareInterface is unconfigured and did not become active" in reason
    assert f"ros2 control switch_controllers --activate {ARM} (each with -c {manager.name})" in reason
    assert recovery.done == ""


def test_nothing_is_touched_where_all_is_active(made):
    manager, recovery = made()
    manager.hardware, manager.controllers[ARM] = {"FrankaHardwareInterface": "active"}, "active"
    assert recovery.recover() == ""
    assert manager.calls == [] and recovery.done == ""


def test_the_hardware_of_another_arm_is_left_alone(made):
    manager, recovery = made()
    manager.hardware = {"FrankaHardwareInterface": "active", "right": "unconfigured"}
    manager.interfaces["right"] = ["right_fr3_joint1/position"]
    assert recovery.recover() == ""
    assert manager.calls == [f"activate {ARM}"]


def test_a_controller_that_is_not_there(made):
    manager, recovery = made()
    del manager.controllers[ARM]
    assert f"the controller {ARM} is not loaded, expected inactive or active" in recovery.recover()


def test_without_a_manager_the_operator_is_told_what_to_call(graph):
    recovery = ControllerRecovery(graph.node, "/controller_manager", ARM, JOINTS)
    assert recovery.recover() == ""
    nobody = SimpleNamespace(controllers={ARM: "inactive"}, hardware={})
    with pytest.raises(GraspFailure) as failure:
        recovering(Arm(nobody), recovery).execute(MOVE)
    assert failure.value.code == GraspCode.CONTROLLER_REJECTED
    assert f"set_hardware_component_state <its name> active; ros2 control switch_controllers --activate {ARM}" in str(
        failure.value
    )


def test_where_the_manager_is():
    assert manager_beside("/fr3_arm_controller/follow_joint_trajectory") == ("/controller_manager", ARM)
    assert manager_beside("/left/a/follow_joint_trajectory") == ("/left/controller_manager", "a")
