"""What the bridge says of parameters that it cannot use, before it looks for a robot."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
import rclpy
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_franka.bridge import Bridge, BridgeError
from rclpy.parameter import Parameter

SOUND = {"robot_ip": "192.0.2.1", "robot_description": primitive_arm_urdf()}  # RFC 5737: an address that nobody has


@pytest.fixture(scope="module", autouse=True)
def context():
    rclpy.init()
    yield
    rclpy.try_shutdown()


def bridge(**changes) -> Bridge:
    values = {**SOUND, **changes}
    return Bridge(parameter_overrides=[Parameter(name, value=value) for name, value in values.items()])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"robot_ip": ""}, "robot_ip is ''"),
        ({"realtime": "maybe"}, "realtime is 'maybe', expected one of enforce, ignore"),
        ({"robot_description": ""}, "robot_description"),
        ({"prefix": "left_"}, "no joint left_fr3_joint1"),
        ({"collision_torques": [20.0] * 6}, "collision_torques is .*, expected 7 numbers above 0"),
        ({"collision_forces": [20.0] * 5 + [0.0]}, "collision_forces is .*, expected 6 numbers above 0"),
    ],
)
def test_parameters(changes, words):
    with pytest.raises(DenseGraspError, match=words):
        bridge(**changes)


@pytest.mark.skipif(find_spec("pylibfranka") is not None, reason="pylibfranka is installed here")
def test_libraries_that_are_not_installed_are_named():
    with pytest.raises(BridgeError, match="no pylibfranka, franky: run make franka"):
        bridge()
