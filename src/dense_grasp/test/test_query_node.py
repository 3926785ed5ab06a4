"""query_node on hand-made descriptors and depth, in a private domain; every code of KeypointMatch."""

import importlib.util
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from builtin_interfaces.msg import Time as TimeMessage
from dense_grasp.nodes.query_node import QueryNode
from dense_grasp.perception.messages import stamp_ns
from dense_grasp_core.result_codes import MatchCode
from dense_grasp_core.store import DescriptorStore
from dense_grasp_ros.domains import private_domain
from dense_grasp_ros.service_qos import EVERY_CALL
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.clock import Clock, ClockType
from rosgraph_msgs.msg import Clock as ClockMessage
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import StaticTransformBroadcaster
from visualization_msgs.msg import MarkerArray

from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_interfaces.srv import (
    DeleteDescriptor,
    GetPicture,
    ListDescriptors,
    LocateKeypoints,
    RegisterDescriptor,
)

_spec = importlib.util.spec_from_file_location("query_cell", Path(__file__).with_name("query_cell.py"))
query_cell = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(query_cell)
Cell, SCORES, cell_centre = query_cell.Cell, query_cell.SCORES, query_cell.cell_centre
WIDTH, HEIGHT, STRIDE, CELLS = query_cell.WIDTH, query_cell.HEIGHT, query_cell.STRIDE, query_cell.CELLS


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def cell(graph, store):
    graph.start(QueryNode, store=store, tf_timeout=0.2, frame_timeout=1.0, **SCORES)
    return Cell(graph)


def taught(cell, until, cells=(("contact", 9),)):
    """A cell that streams frames and has been taught the given cells."""
    cell.publish_transform()
    cell.stream()
    for keypoint, index in cells:
        until(
            lambda name=keypoint, number=index: cell.register(number, name, overwrite=True).code == 0, 20.0, "teaching"
        )
    return cell


def test_taught_point_is_found_without_a_restart(cell, until):
    assert cell.locate().code == MatchCode.UNKNOWN_KEYPOINT
    taught(cell, until, (("contact", 9), ("axis_a", 20)))
    answer = cell.locate(keypoints=("axis_a", "contact"))
    assert answer.code == MatchCode.OK, answer.message
    assert [match.keypoint for match in answer.matches] == ["axis_a", "contact"]
    contact = answer.matches[1]
    u, v = cell_centre(9)
    assert math.hypot(contact.u - u, contact.v - v) < 1.0
    assert contact.header.frame_id == "fr3_link0"
    np.testing.assert_allclose(
        [contact.position.x, contact.position.y, contact.position.z],
        [0.5 - (contact.v - 23.5) / 100 * 0.5, -(contact.u - 31.5) / 100 * 0.5, 0.1],
        atol=1e-6,
    )
    every = cell.locate(keypoints=())
    assert [match.keypoint for match in every.matches] == ["axis_a", "contact"]


def test_unknown_object_and_keypoint_are_answered_at_once(cell, store):
    """There is no image that the answer could have waited for: it would be NO_FRAME."""
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    answer = cell.locate(keypoints=("contact", "nose"))
    assert answer.code == MatchCode.UNKNOWN_KEYPOINT and "nose" in answer.message
    assert [match.keypoint for match in answer.matches] == ["contact", "nose"]
    assert cell.locate("shoe", ()).code == MatchCode.UNKNOWN_KEYPOINT
    assert cell.locate().code == MatchCode.NO_FRAME


def test_no_frame_within_the_time_out(graph, store):
    """The request's own, and not the node's."""
    graph.start(QueryNode, store=store, tf_timeout=0.2, frame_timeout=60.0, **SCORES)
    cell = Cell(graph)
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    began = time.monotonic()
    answer = cell.locate(timeout=0.5)
    assert answer.code == MatchCode.NO_FRAME
    assert answer.matches[0].code == MatchCode.NO_FRAME and math.isnan(answer.matches[0].u)
    assert 0.4 < time.monotonic() - began < 55.0


def test_a_click_waits_for_an_image_as_long_as_the_node_says(cell):
    began = time.monotonic()
    response = cell.register()
    assert response.code == RegisterDescriptor.Response.NO_FRAME and response.taught.id == 0
    assert time.monotonic() - began > 0.9


def test_stamps_that_never_meet(cell, until, store):
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    cell.stream(depth_offset_ns=7_000_000)
    until(lambda: "never meet" in cell.locate(timeout=0.3).message, 20.0)
    assert cell.locate(timeout=0.3).code == MatchCode.NO_FRAME


def test_depth_that_never_comes(cell, until, store):
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    cell.stream(with_depth=False)
    until(lambda: "no depth image" in cell.locate(timeout=0.3).message, 20.0)


def test_colour_that_never_comes_for_a_point_that_is_found_by_it(cell, until, store):
    """By its own network, or by the pose of its object; the network of the images needs descriptors alone."""
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    DescriptorStore(store).add("mug", "contact", np.eye(CELLS)[9], "other", 1.0, 1.0)
    cell.publish_transform()
    cell.stream(with_colour=False)
    until(lambda: cell.locate().code == MatchCode.OK, 20.0)
    answer = cell.locate("mug", timeout=0.5)
    assert (
        answer.code == MatchCode.NO_FRAME and "the colour image" in answer.message and "color_topic" in answer.message
    )


def test_stale_frames(cell, until, store):
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    cell.stream(age=100.0)
    until(lambda: cell.locate(timeout=0.3).code == MatchCode.STALE, 20.0)
    assert cell.register().code == RegisterDescriptor.Response.STALE


@pytest.mark.parametrize("ahead", [0.6, 1.5, 100.0])
def test_stamps_from_the_future_are_refused_with_their_offset(cell, until, store, ahead):
    """The pose of the arm at such a stamp is that of later: 115 mm off at 1.5 s."""
    DescriptorStore(store).add("cap", "contact", np.eye(CELLS)[9], "m", 1.0, 1.0)
    cell.publish_transform()
    cell.stream(age=-ahead)
    until(lambda: cell.locate(timeout=0.3).code == MatchCode.STAMP_AHEAD, 20.0)
    answer = cell.locate(timeout=2.0)  # while which the clock catches up with the first of them
    assert answer.code == MatchCode.STAMP_AHEAD and {match.code for match in answer.matches} == {MatchCode.STAMP_AHEAD}
    offset = float(re.search(r"stamped (\S+) s ahead", answer.message)[1])
    assert ahead - 0.5 < offset <= ahead
    refused = cell.register()
    assert refused.code == RegisterDescriptor.Response.STAMP_AHEAD and "s ahead" in refused.message


def test_a_request_that_cannot_be_meant_is_refused(cell, until):
    taught(cell, until)
    for timeout in (Duration(sec=2**31 - 1), Duration(sec=-1), Duration(sec=60, nanosec=1)):
        call = {"object_id": "cap", "keypoints": ["contact"], "timeout": timeout}
        answer = cell.call(LocateKeypoints, "locate_keypoints", **call)
        assert answer.code == MatchCode.INVALID_REQUEST and "at most 60 s" in answer.message
    assert cell.locate(keypoints=["contact"] * 257).code == MatchCode.INVALID_REQUEST
    assert cell.locate(keypoints=["contact"] * 256).code == MatchCode.OK


@pytest.mark.parametrize("callers", [1, 10])
def test_every_one_of_a_thousand_calls_at_once_is_answered(graph, store, until, callers):
    # This test's own images wait behind its calls: on a busy machine the newest one is older than it may be elsewhere.
    graph.start(QueryNode, store=store, tf_timeout=0.2, frame_timeout=1.0, max_frame_age=600.0, **SCORES)
    cell = taught(Cell(graph), until)
    kinds = ((RegisterDescriptor, "register_descriptor"), (LocateKeypoints, "locate_keypoints"))
    for kind, name in kinds:
        clients = [
            graph.node.create_client(kind, f"/dense_grasp/{name}", qos_profile=EVERY_CALL) for _ in range(callers)
        ]
        until(lambda clients=clients: all(client.service_is_ready() for client in clients), 20.0, name)
        futures = []
        for number in range(1000):
            request = kind.Request(object_id="cap")
            if kind is RegisterDescriptor:
                request.keypoint, (request.u, request.v) = f"k{number}", cell_centre(9)
            else:
                request.keypoints = ["contact"]
            futures.append(clients[number % callers].call_async(request))
        until(lambda futures=futures: all(future.done() for future in futures), 120.0, f"1000 answers of {name}")
        codes = {future.result().code for future in futures}
        assert MatchCode.OK in codes and codes <= {MatchCode.OK, MatchCode.BUSY}, codes
        for client in clients:
            graph.node.destroy_client(client)
    assert cell.locate().code == MatchCode.OK


def test_what_nobody_thought_of_is_an_answer_and_the_node_goes_on(graph, cell, until, monkeypatch):
    taught(cell, until)
    node = graph.nodes[-1]
    with monkeypatch.context() as patch:
        patch.setattr(node._store, "run", lambda action: 1 / 0)
        answers = [cell.locate(), cell.register(), cell.call(ListDescriptors, "list_descriptors")]
    assert {answer.code for answer in answers} == {MatchCode.INTERNAL_ERROR}
    assert {answer.message for answer in answers} == {"ZeroDivisionError: division by zero"}
    assert cell.locate().code == MatchCode.OK


def test_a_transform_to_infinity_is_answered(graph, cell, until):
    taught(cell, until)
    message = TransformStamped(child_frame_id="optical")
    message.header.frame_id = "fr3_link0"
    message.transform.translation.x = math.inf
    message.transform.rotation.w = 1.0
    StaticTransformBroadcaster(graph.node).sendTransform(message)
    until(lambda: cell.locate().code == MatchCode.NO_TF, 20.0)
    assert cell.register(keypoint="other").code == RegisterDescriptor.Response.OK
    cell._broadcaster = StaticTransformBroadcaster(graph.node)
    cell.publish_transform()
    until(lambda: cell.locate().code == MatchCode.OK, 20.0)


def test_a_colour_image_of_another_size_is_answered(cell, until):
    taught(cell, until)
    cell.stream(colour=np.full((3, 5, 3), 90, np.uint8))

    def refused():
        answer = cell.register(keypoint="other", overwrite=True)
        return answer.code == RegisterDescriptor.Response.NO_FRAME and "5x3 px, expected 64x48" in answer.message

    until(refused, 20.0)
    cell.stream()
    until(lambda: cell.register(keypoint="other", overwrite=True).code == 0, 20.0)


def test_not_before_waits_for_a_newer_image(cell, until):
    taught(cell, until)
    later = cell.now_ns() + 700_000_000
    answer = cell.locate(not_before=later)
    assert answer.code == MatchCode.OK
    assert stamp_ns(answer.matches[0].header.stamp) >= later
    answer = cell.locate(not_before=cell.now_ns() + 3600 * 10**9, timeout=0.3)
    assert answer.code == MatchCode.STALE and "not_before" in answer.message


def test_waiting_calls_do_not_stop_the_streams(graph, cell, until):
    taught(cell, until)
    client = graph.node.create_client(LocateKeypoints, "/dense_grasp/locate_keypoints")
    request = LocateKeypoints.Request(object_id="cap", keypoints=["contact"], timeout=Duration(sec=20))
    later = cell.now_ns() + 10**9
    request.not_before = TimeMessage(sec=later // 10**9, nanosec=later % 10**9)
    futures = [client.call_async(request) for _ in range(4)]
    until(lambda: all(future.done() for future in futures), 20.0)
    assert {future.result().code for future in futures} == {MatchCode.OK}


def test_model_mismatch(cell, until):
    taught(cell, until)
    cell.stream(model_id="other")
    until(lambda: cell.locate().code == MatchCode.MODEL_MISMATCH, 20.0)
    assert "other" in cell.locate().message


def test_low_score_and_ambiguous(cell, until, store):
    taught(cell, until)
    DescriptorStore(store).add("cap", "nothing", -np.ones(CELLS), "m", 1.0, 1.0)
    answer = cell.locate(keypoints=("nothing",))
    assert answer.code == MatchCode.LOW_SCORE and math.isnan(answer.matches[0].position.x)
    cell.stream(twin=True)
    until(lambda: cell.locate().code == MatchCode.AMBIGUOUS, 20.0)


@pytest.mark.parametrize(
    ("depth", "word"),
    [
        (np.zeros((HEIGHT, WIDTH), np.uint16), "no depth"),
        (np.full((HEIGHT, WIDTH), np.nan, np.float32), "no depth"),
        (np.full((HEIGHT, WIDTH), 5, np.uint8), "mono8"),
        (np.full((HEIGHT // 2, WIDTH // 2), 500, np.uint16), "32x24"),
    ],
)
def test_unusable_depth(cell, until, depth, word):
    taught(cell, until)
    cell.stream(depth=depth)
    until(lambda: cell.locate().code == MatchCode.NO_DEPTH, 20.0)
    assert word in cell.locate().message


def test_no_transform_then_one(cell, until):
    cell.stream()
    until(lambda: cell.register().code == 0, 20.0)
    answer = cell.locate()
    assert answer.code == MatchCode.NO_TF
    assert "fr3_link0" in answer.message and math.isfinite(answer.matches[0].position_camera.z)
    cell.publish_transform()
    until(lambda: cell.locate().code == MatchCode.OK, 20.0)


def test_out_of_workspace(cell, until):
    taught(cell, until)
    cell.stream(depth=np.full((HEIGHT, WIDTH), 3000, np.uint16))
    until(lambda: cell.locate().code == MatchCode.OUT_OF_WORKSPACE, 20.0)


def test_register_refusals(graph, cell, until):
    taught(cell, until)
    codes = RegisterDescriptor.Response
    assert cell.register().code == codes.ALREADY_EXISTS
    assert cell.register(u=float(WIDTH), keypoint="x").code == codes.PIXEL_OUTSIDE
    assert cell.register(object_id="a b").code == codes.INVALID_NAME
    listed = graph.call(ListDescriptors, "/dense_grasp/list_descriptors")
    assert [row.keypoint for row in listed.taught] == ["contact"]
    gone = graph.call(DeleteDescriptor, "/dense_grasp/delete_descriptor", object_id="cap")
    assert gone.deleted == 1
    assert cell.locate().code == MatchCode.UNKNOWN_KEYPOINT


def test_the_picture_of_a_click_is_kept_and_shown(cell, until):
    taught(cell, until)
    answer = cell.call(GetPicture, "get_picture", object_id="cap", keypoint="contact")
    assert answer.code == GetPicture.Response.OK, answer.message
    image = cv2.imdecode(np.frombuffer(answer.image.data, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (HEIGHT, WIDTH, 3) and (image == 90).all()
    assert (answer.camera_info.width, answer.camera_info.k[0]) == (WIDTH, 100.0)


def test_corrupt_store_is_reported_and_left_alone(graph, until, tmp_path):
    path = tmp_path / "store.db"
    path.write_bytes(b"no database" * 500)
    graph.start(QueryNode, store=f"sqlite:///{path}", **SCORES)
    cell = Cell(graph)
    cell.stream()
    until(lambda: cell.register().code == RegisterDescriptor.Response.STORE_ERROR, 20.0)
    listed = graph.call(ListDescriptors, "/dense_grasp/list_descriptors")
    assert listed.code == ListDescriptors.Response.STORE_ERROR and "store.db" in listed.message
    answer = cell.locate()
    assert answer.code == MatchCode.STORE_ERROR and "store.db" in answer.message
    assert path.read_bytes() == b"no database" * 500


def test_watched_point_is_published_with_pictures(graph, cell, until):
    taught(cell, until, (("axis_a", 9), ("axis_b", 20)))
    heatmaps, infos, markers, matches = [], [], [], []
    node = graph.node
    node.create_subscription(Image, "/dense_grasp/heatmap", heatmaps.append, 2)
    node.create_subscription(CameraInfo, "/dense_grasp/heatmap/camera_info", infos.append, 2)
    node.create_subscription(MarkerArray, "/dense_grasp/markers", markers.append, 2)
    node.create_subscription(KeypointMatch, "/dense_grasp/matches", matches.append, 10)
    watch = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value="cap")
    graph.call(SetParameters, "/query_node/set_parameters", parameters=[Parameter(name="watch", value=watch)])
    until(lambda: heatmaps and infos and markers and len(matches) >= 2, 20.0)
    assert (heatmaps[0].encoding, heatmaps[0].width, heatmaps[0].height) == ("rgb8", WIDTH, HEIGHT)
    assert heatmaps[0].header.frame_id == infos[0].header.frame_id == "optical"
    assert np.frombuffer(heatmaps[0].data, np.uint8).std() > 0.0
    assert {match.keypoint for match in matches} == {"axis_a", "axis_b"}
    assert len(markers[0].markers) == 5


def test_clock_that_jumps_back(graph, until, store):
    graph.start(QueryNode, store=store, use_sim_time=True, tf_timeout=0.2, **SCORES)
    cell = Cell(graph)
    clock = graph.node.create_publisher(ClockMessage, "/clock", 10)
    now = {"ns": 1000 * 10**9}

    def tick():
        now["ns"] += 50_000_000
        clock.publish(ClockMessage(clock=TimeMessage(sec=now["ns"] // 10**9, nanosec=now["ns"] % 10**9)))
        cell.send(stamp=now["ns"])

    timer = graph.node.create_timer(0.05, tick, clock=Clock(clock_type=ClockType.SYSTEM_TIME))
    cell.publish_transform()
    until(lambda: cell.register().code == 0, 20.0)
    assert cell.locate().code == MatchCode.OK
    now["ns"] = 5 * 10**9
    cell.publish_transform()

    def found_after_the_jump() -> bool:
        answer = cell.locate()
        return answer.code == MatchCode.OK and answer.matches[0].header.stamp.sec < 500

    until(found_after_the_jump, 20.0)
    graph.node.destroy_timer(timer)


def test_kill_loses_nothing_that_was_acknowledged(graph, until, store):
    options = {**SCORES, "store": store}
    arguments = [text for name, value in options.items() for text in ("-p", f"{name}:={value}")]
    command = [sys.executable, "-m", "dense_grasp.nodes.query_node", "--ros-args", *arguments]
    environment = dict(os.environ, ROS_DOMAIN_ID=str(private_domain()))
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    cell = Cell(graph)
    cell.stream()
    acknowledged = []
    try:
        until(lambda: cell.register(0, "first").code == 0, 60.0)
        acknowledged.append("first")
        for index in range(20):
            if cell.register(index, f"p{index}").code == 0:
                acknowledged.append(f"p{index}")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(acknowledged) > 10
    assert {row.keypoint for row in DescriptorStore(store).list().entries} >= set(acknowledged)
