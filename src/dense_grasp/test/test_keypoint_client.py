"""The executor's client of the store and the queries, against query_node's own services."""

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from dense_grasp.grasping.keypoint_client import PAGE, KeypointClient
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp_core.grasping.failure import GraspFailure
from dense_grasp_core.result_codes import GraspCode, MatchCode
from dense_grasp_core.store import DescriptorStore
from dense_grasp_ros.local_graph import PATIENCE, wait_until
from dense_grasp_ros.service_qos import EVERY_CALL
from geometry_msgs.msg import Point
from rclpy.node import Node
from rclpy.parameter import Parameter

from dense_grasp_interfaces.msg import KeypointMatch, ObjectPose
from dense_grasp_interfaces.srv import LocateKeypoints


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.db"


@pytest.fixture
def client(graph, path):
    scores = {"temperature": 0.0, "found_threshold": 0.5, "ambiguity_ratio": 0.97}  # no network is looked at
    graph.start(QueryNode, store=f"sqlite:///{path}", frame_timeout=0.5, **scores)
    node = Node("client", context=graph.context)
    graph.spin(node, 1)
    services = ("/dense_grasp/locate_keypoints", "/dense_grasp/list_descriptors", "/dense_grasp/list_scans")
    return KeypointClient(node, *services, locate_timeout=15.0, server_timeout=PATIENCE)


def test_every_page_of_an_object_is_read(client, path, monkeypatch):
    monkeypatch.setattr("dense_grasp.grasping.keypoint_client.PAGE", 3)
    store = DescriptorStore(str(path))
    names = [f"kp{index}" for index in range(8)]
    for name in names:
        store.add("cap", name, np.ones(4), "m", 1.0, 2.0)
    store.add("mug", "handle", np.ones(4), "m", 1.0, 2.0)
    assert client.taught("cap") == names
    assert client.taught("mug") == ["handle"]
    assert client.taught("shoe") == []
    assert PAGE == 1000


def test_what_is_scanned_has_a_point_on_its_scan(client, path):
    store = DescriptorStore(str(path))
    store.add("cap", "contact", np.ones(4), "m", 1.0, 2.0)
    store.add("mug", "top", np.ones(4), "m", 1.0, 2.0)
    assert client.scanned_radius("mug") is None
    store.add("mug", "handle", np.ones(4), "m", 1.0, 2.0, object_point=(0.0, 0.01, 0.02))
    assert client.scanned_radius("mug") == 0.0, "of a scan that is not there the size is not known"
    assert client.scanned_radius("cap") is None and client.scanned_radius("shoe") is None


def client_of(graph, answer) -> KeypointClient:
    """A client of a node that answers locate_keypoints so."""
    server, node = (Node(name, context=graph.context) for name in ("server", "client"))
    server.create_service(LocateKeypoints, "/its/locate_keypoints", answer)
    graph.spin(server, 1)
    graph.spin(node, 1)
    names = ("/its/locate_keypoints", "/its/list_descriptors", "/its/list_scans")
    return KeypointClient(node, *names, server_timeout=PATIENCE)


def test_where_an_object_is_about_is_told_also_in_two_poses(graph):
    def answer(request, response):
        response.objects = [ObjectPose(instance=2), ObjectPose(instance=1, two_poses=True)]
        response.objects[1].pose.pose.position = Point(x=0.5, y=0.1, z=0.03)
        response.matches = [KeypointMatch(keypoint=name, code=MatchCode.AMBIGUOUS) for name in request.keypoints]
        response.matches[0].instance = 1
        return response

    asked = client_of(graph, answer)
    seen, alone = asked.locate("mug", ["contact", "top"])
    np.testing.assert_array_equal(seen.object_at, [0.5, 0.1, 0.03])
    assert seen.base_from_object is None
    assert alone.object_at is None


def test_each_instance_has_its_answers(graph):
    asked = []

    def answer(request, response):
        asked.append(request.instances)
        response.objects = [ObjectPose(instance=number) for number in (1, 2)]
        for one in response.objects:
            one.pose.pose.position = Point(x=0.1 * one.instance)
        each = [[KeypointMatch(keypoint=name, instance=number) for name in request.keypoints] for number in (1, 2)]
        response.matches, response.further_matches = each[0], each[1][: 2 if request.instances < 7 else 1]
        return response

    client = client_of(graph, answer)
    instances = client.locate_instances("mug", ["contact", "top"], 6)
    assert [[located.keypoint for located in each] for each in instances] == [["contact", "top"]] * 2
    assert [[located.object_at[0] for located in each] for each in instances] == [[0.1, 0.1], [0.2, 0.2]]
    assert len(client.locate("mug", ["contact", "top"])) == 2 and asked == [6, 0]
    with pytest.raises(GraspFailure, match="answered 3 matches for 2 keypoints"):
        client.locate_instances("mug", ["contact", "top"], 7)


def test_a_store_that_fails_is_a_code_of_its_own(client, path):
    path.write_bytes(b"no database" * 500)
    for call in (lambda: client.taught("cap"), lambda: client.locate("cap", ())):
        with pytest.raises(GraspFailure, match=r"store\.db") as caught:
            call()
        assert caught.value.code == GraspCode.PERCEPTION + MatchCode.STORE_ERROR
    (located,) = client.locate("cap", ["contact"])
    assert located.code == MatchCode.STORE_ERROR and "store.db" in located.text


def test_a_query_node_that_has_too_many_calls_is_asked_again(graph, client, path):
    """32 others wait for an image; the goal's own question is answered when one of them has ended."""
    DescriptorStore(str(path)).add("cap", "contact", np.ones(4), "m", 1.0, 2.0)
    others = graph.node.create_client(LocateKeypoints, "/dense_grasp/locate_keypoints", qos_profile=EVERY_CALL)
    assert others.wait_for_service(PATIENCE)
    request = LocateKeypoints.Request(object_id="cap", keypoints=["contact"], timeout=Duration(sec=10))
    waiting = [others.call_async(request) for _ in range(40)]

    def refused() -> int:
        return sum(future.done() and future.result().code == MatchCode.BUSY for future in waiting)

    wait_until(lambda: refused() == 8, 20.0, "no room")
    (located,) = client.locate("cap", ["contact"])
    assert located.code == MatchCode.NO_FRAME  # and not BUSY
    wait_until(lambda: all(future.done() for future in waiting), 20.0, "answers")


def test_a_slow_simulation_is_waited_for_by_its_own_clock(graph, path):
    """An image that comes after the time-out of one call, and before the goal's by the simulated clock."""
    DescriptorStore(str(path)).add("cap", "contact", np.ones(4), "m", 1.0, 2.0)
    asked = []

    def answer(request, response):
        asked.append(request.not_before)
        code = MatchCode.STALE if len(asked) < 3 else MatchCode.LOW_SCORE
        response.code = code
        response.matches = [KeypointMatch(keypoint="contact", code=code)]
        return response

    server = Node("server", context=graph.context)
    server.create_service(LocateKeypoints, "/slow/locate_keypoints", answer)
    graph.spin(server, 1)
    node = Node("client", context=graph.context, parameter_overrides=[Parameter("use_sim_time", value=True)])
    graph.spin(node, 1)  # nobody publishes /clock: it stands still
    slow = KeypointClient(
        node, "/slow/locate_keypoints", "/slow/list_descriptors", "/slow/list_scans", server_timeout=PATIENCE
    )
    (located,) = slow.locate("cap", ["contact"])
    assert located.code == MatchCode.LOW_SCORE
    assert asked == asked[:1] * 3
