"""Several networks at once, in running nodes on a photograph: each point is found by the network that it was taught
with, whichever describes the images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.nodes.descriptor_node import DescriptorNode
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.result_codes import MatchCode, StoreCode
from dense_grasp_core.store import DescriptorStore
from dense_grasp_ros.local_graph import LocalGraph, wait_until
from dense_grasp_sim.ros.replay_camera import ReplayCamera
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import Image
from tf2_ros import StaticTransformBroadcaster

from dense_grasp_interfaces.srv import ListDescriptors, LocateKeypoints, RedescribeStore, RegisterDescriptor

MODELS = share_directory() / "models"
CAPS, GENERAL = (str(MODELS / f"{name}.safetensors") for name in ("compact_caps", "general"))
CAPS_ID, GENERAL_ID = read_info(CAPS).model_id, read_info(GENERAL).model_id
CLICK, BESIDE = (330.0, 240.0), (410.0, 200.0)
LONG = 600.0  # s; the machine may be busy


class Nodes:
    """A camera that shows one photograph, descriptor_node and query_node, started with a network."""

    def __init__(self, store: Path, model: str):
        self.graph = LocalGraph()
        self._networks = ""
        self.graph.node.create_subscription(DiagnosticArray, "/diagnostics", self._take, 20)
        self._place = StaticTransformBroadcaster(self.graph.node)
        place = TransformStamped(child_frame_id="camera_link")
        place.header.frame_id = "fr3_link0"
        place.transform.rotation.w = 1.0
        self._place.sendTransform(place)
        self.graph.start(ReplayCamera, rate=3.0)
        self.graph.start(DescriptorNode, model=model)
        wide = {"workspace_min": [-50.0] * 3, "workspace_max": [50.0] * 3, "table_height": 0.0}
        # What general finds is judged by default thresholds, which a photograph of one thing passes.
        about = {"store": f"sqlite:///{store}", "max_frame_age": LONG, "allow_uncalibrated": True}
        self.graph.start(QueryNode, model=model, **about, **wide)

    def _take(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith("query_node: networks"):
                self._networks = {value.key: value.value for value in status.values}["loaded"]

    def loaded(self) -> str:
        """What query_node says from now on of the networks that are loaded beside the one that runs."""
        self._networks = None
        wait_until(lambda: self._networks is not None, LONG, "diagnostics of query_node")
        return self._networks

    def call(self, kind, name: str, **fields):
        """The answer, once images come and networks are loaded."""
        answers = []

        def answered() -> bool:
            answers.append(self.graph.call(kind, f"/dense_grasp/{name}", patience=LONG, **fields))
            return answers[-1].code not in (MatchCode.NO_FRAME, MatchCode.STALE, MatchCode.BUSY)

        wait_until(answered, LONG, f"answer of {name}")
        return answers[-1]

    def teach(self, object_id: str, keypoint: str = "contact", pixel=CLICK, **fields):
        """Of a click on the newest image."""
        u, v = pixel
        answer = self.call(
            RegisterDescriptor, "register_descriptor", object_id=object_id, keypoint=keypoint, u=u, v=v, **fields
        )
        assert answer.code == StoreCode.OK, answer.message
        return answer

    def locate(self, object_id: str, keypoints=("contact",)):
        """Of an image from now on."""
        now = self.graph.node.get_clock().now().to_msg()
        fields = {"keypoints": list(keypoints), "not_before": now, "timeout": Duration(sec=60)}
        return self.call(LocateKeypoints, "locate_keypoints", object_id=object_id, **fields)


@pytest.fixture
def nodes(tmp_path) -> Iterator:
    """`nodes(model)` starts the nodes with a network, on one store; those that ran before end."""
    running: list[Nodes] = []

    def start(model: str) -> Nodes:
        if running:
            running.pop().graph.close()
        running.append(Nodes(tmp_path / "store.db", model))
        return running[-1]

    yield start
    for each in running:
        each.graph.close()


@pytest.mark.parametrize(
    ("taught", "runs"), [((CAPS, CAPS_ID), (GENERAL, GENERAL_ID)), ((GENERAL, GENERAL_ID), (CAPS, CAPS_ID))]
)
def test_a_point_is_found_by_the_network_that_it_was_taught_with(nodes, tmp_path, taught, runs):
    (before, before_id), (now, now_id) = taught, runs
    first = nodes(before)
    assert first.teach("bike").taught.model_id == before_id
    assert first.locate("bike").code == MatchCode.OK and first.loaded() == ""

    second = nodes(now)
    assert second.teach("frame", pixel=BESIDE).taught.model_id == now_id, "a new object"
    assert second.locate("frame").code == MatchCode.OK
    assert second.loaded() == "", "nobody asked for a point of the other network"

    heatmaps: list[Image] = []
    second.graph.node.create_subscription(Image, "/dense_grasp/heatmap", heatmaps.append, 2)
    answer = second.locate("bike")
    (match,) = answer.matches
    assert (match.code, match.model_id) == (MatchCode.OK, before_id), match.message
    assert math.hypot(match.u - CLICK[0], match.v - CLICK[1]) < 3.0 and np.isfinite(match.position.x)
    told = second.loaded()
    assert f"{Path(before).stem} ({before_id})" in told
    for _ in range(3):  # images go on, and it describes none of them
        second.locate("frame")
    assert second.loaded() == told
    wait_until(lambda: heatmaps or second.locate("bike") is None, LONG, "a heatmap by that network")

    # A further point of that object is described by its network, and both are found in one image.
    assert second.teach("bike", "axis_a", BESIDE).taught.model_id == before_id
    answer = second.locate("bike", ())
    assert [match.code for match in answer.matches] == [MatchCode.OK] * 2, answer.message
    assert len({(match.header.stamp.sec, match.header.stamp.nanosec) for match in answer.matches}) == 1

    store = DescriptorStore(f"sqlite:///{tmp_path / 'store.db'}")
    store.add("bike", "lost", np.ones(16, np.float32), "0123456789abcdef", 1.0, 1.0, network="vanished")
    store.close()
    answer = second.locate("bike", ("contact", "lost"))
    found, lost = answer.matches
    assert found.code == MatchCode.OK and lost.code == answer.code == MatchCode.MODEL_MISMATCH
    assert lost.message.startswith("bike/lost was taught with network vanished (0123456789abcdef): no file of that")
    for words in (str(MODELS), "further_models", "redescribe"):
        assert words in lost.message
    listed = second.call(ListDescriptors, "list_descriptors")
    assert "nowhere" in listed.message and "bike/lost" in listed.message and "bike/contact" not in listed.message

    # Describing the store anew makes all of it points of the network that runs, and nothing else is needed then.
    anew = second.call(RedescribeStore, "redescribe_store", skip_without_picture=True)
    assert (anew.code, anew.described) == (StoreCode.OK, 2), anew.message
    assert second.locate("bike").matches[0].model_id == now_id
