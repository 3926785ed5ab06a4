"""The messages are ROS's own: same names, same type hashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory
from tf2_msgs.msg import TF2Error, TFMessage
from tf2_msgs.srv import FrameGraph

# Recorded from the binary packages of ROS 2 Jazzy.
HASHES = {
    "tf2_msgs/msg/TFMessage": "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087",
    "tf2_msgs/msg/TF2Error": "RIHS01_db2485e7d6a0ec75bf087e058ee45df682acc3a621ca7780503d10aac141809a",
    "tf2_msgs/srv/FrameGraph": "RIHS01_0d1fbc6222c018ba5f33822904a2fdd4063705289956d3fdde07cd8c50fe8067",
}


@pytest.mark.parametrize("name", HASHES)
def test_type_hash(name):
    package, kind, stem = name.split("/")
    path = Path(get_package_share_directory(package), kind, f"{stem}.json")
    if not path.is_file():
        pytest.skip("this ROS distribution records no type hashes")
    found = {entry["type_name"]: entry["hash_string"] for entry in json.loads(path.read_text())["type_hashes"]}
    assert found[name] == HASHES[name]


def test_fields():
    assert TFMessage().get_fields_and_field_types() == {"transforms": "sequence<geometry_msgs/TransformStamped>"}
    assert TF2Error.EXTRAPOLATION_ERROR == 3
    assert FrameGraph.Response(frame_yaml="a").frame_yaml == "a"
