"""The messages are ROS's own: same names, same fields, same type hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from controller_manager_msgs.msg import ControllerState, HardwareComponentState
from controller_manager_msgs.srv import (
    ListControllers,
    ListHardwareComponents,
    SetHardwareComponentState,
    SwitchController,
)
from lifecycle_msgs.msg import State

# Of the definitions of controller_manager_msgs for ROS 2 Jazzy.
HASHES = {
    "msg/ChainConnection": "RIHS01_2daecd1da4b171f48b291c79747657a651eb1ab8821b68e38b1c88c736bba91c",
    "msg/ControllerState": "RIHS01_9a8780ab9814b6032978a07c6c7033cf1a7894ac8d948a6fb72afea07b04cc83",
    "msg/HardwareComponentState": "RIHS01_8723f76b60e3ea54920065e3e777d93c68b76fc12839ad6a6ca4e0a6439b384c",
    "msg/HardwareInterface": "RIHS01_b4c556991db81ca56a49338b5e8f0675a6707faee54fba161d2bbd4d963d418a",
    "srv/ListControllers": "RIHS01_4f8e36bb1fa5afdeba45c2d56ae6a2097b1493a253f961dd6290c085033bd189",
    "srv/ListHardwareComponents": "RIHS01_2ff105e609928671af16413362c0fdd089e1dd50c5a49d830db603ba8e4439c8",
    "srv/SetHardwareComponentState": "RIHS01_940b15846ed3e1fb561ab45edf77a992b811fd59c574f45d5205a84a0deb2f65",
    "srv/SwitchController": "RIHS01_d4ad10aa5da7808bc522d55d4123d8ef79de73d049d165639d7663ac37cc9895",
}


@pytest.mark.parametrize("name", HASHES)
def test_type_hash(name):
    kind, _, type_name = name.partition("/")
    path = Path(get_package_share_directory("controller_manager_msgs"), kind, f"{type_name}.json")
    if not path.is_file():
        pytest.skip("this ROS distribution records no type hashes")
    if "exported_state_interfaces" not in ControllerState.get_fields_and_field_types():
        pytest.skip("this controller_manager_msgs is older than Jazzy's")
    entries = json.loads(path.read_text())["type_hashes"]
    assert {e["type_name"]: e["hash_string"] for e in entries}[f"controller_manager_msgs/{name}"] == HASHES[name]


def test_fields_that_are_used():
    hardware = HardwareComponentState(name="arm", state=State(id=State.PRIMARY_STATE_ACTIVE, label="active"))
    assert ListHardwareComponents.Response(component=[hardware]).component[0].state.label == "active"
    controller = ControllerState(name="a", state="inactive", type="b/C", required_command_interfaces=["j/effort"])
    assert ListControllers.Response(controller=[controller]).controller[0].state == "inactive"
    assert SetHardwareComponentState.Request(name="arm").target_state.id == 0
    request = SwitchController.Request(activate_controllers=["a"], strictness=SwitchController.Request.STRICT)
    assert request.deactivate_controllers == [] and request.strictness == 2
    assert SwitchController.Request.BEST_EFFORT == 1
