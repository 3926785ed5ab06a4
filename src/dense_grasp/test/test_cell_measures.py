"""What check_cell says of clocks, depth, fingers, TF, controllers and the camera's place: each fault has its line."""

from __future__ import annotations

import numpy as np
import pytest
from controller_manager_msgs.msg import ControllerState, HardwareComponentState, HardwareInterface
from controller_manager_msgs.srv import ListControllers, ListHardwareComponents
from dense_grasp.cell.checks import Check, Stream
from dense_grasp.cell.clocks import Clocks, check_clock, check_stamps
from dense_grasp.cell.controllers import Managed, check_controllers, check_manager
from dense_grasp.cell.depth import FROZEN, DepthHistory, check_depth, check_depth_camera, info_topic
from dense_grasp.cell.fingers import LEAST_MESSAGES, FingerReadings, check_fingers
from dense_grasp.cell.look import Pictures, hand_eye_edge
from dense_grasp.cell.mount import Expected, check_table, check_two_poses
from dense_grasp.cell.robot_mode import ROBOT_MODES, check_robot_mode
from dense_grasp.cell.second_pose import TILT, TURN, announcement, second_pose
from dense_grasp.cell.tf_tree import TfTree
from dense_grasp_core.cell_measures.mount_check import Mount, MountView, PointPair
from dense_grasp_core.cell_measures.table_plane import Plane
from dense_grasp_core.geometry.se3 import exp, from_quaternion, inverse, transform
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_ros.images import image_message
from geometry_msgs.msg import TransformStamped
from lifecycle_msgs.msg import State
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

SECOND = 1_000_000_000
REAL, SIMULATED = Clocks(), Clocks(True, ("/sim_cell",))


def arrivals(ages, clock="system") -> Stream:
    stream = Stream("/camera")
    for i, age in enumerate(ages):
        stamp = 100 * SECOND + i * SECOND // 10
        now = stamp + round(age * SECOND)
        stream.add(stamp, None, now if clock == "system" else 10**18, now if clock == "simulated" else None)
    return stream


# clocks


@pytest.mark.parametrize(("clocks", "kind"), [(REAL, "system"), (SIMULATED, "simulated")])
@pytest.mark.parametrize(
    ("ages", "ok", "words"),
    [
        ([0.05, 0.08, 0.06], True, "0.060 s old"),
        ([-0.80, -0.79, -0.78], False, "0.790 s ahead"),
        ([-0.05, -0.03, -0.04], False, "0.040 s ahead"),
        ([1.9, 2.0, 2.1], False, "2.000 s old"),
    ],
)
def test_stamps_are_compared_with_the_clock_that_is_gone_by(clocks, kind, ages, ok, words):
    check = check_stamps("camera's stamps", arrivals(ages, kind), clocks, "restart it")
    assert check is not None and check.ok == ok
    assert words in check.seen
    assert ok or check.remedy == "restart it"


def test_one_late_message_does_not_condemn_a_clock_and_silence_says_nothing():
    assert check_stamps("a", arrivals([0.05, 3.0, 0.06]), REAL, "").ok
    assert check_stamps("a", arrivals([0.05, -0.1, 0.06]), REAL, "").ok
    assert check_stamps("a", Stream("/a"), REAL, "") is None


def test_stamps_of_the_system_beside_a_simulated_clock_are_decades_ahead():
    stream = Stream("/camera")
    stream.add(1_700_000_000 * SECOND, None, 1_700_000_000 * SECOND, 12 * SECOND)
    check = check_stamps("camera's stamps", stream, SIMULATED, "end it")
    assert not check.ok and "1699999988 s ahead of /clock" in check.seen


@pytest.mark.parametrize(
    ("clocks", "ok", "words"),
    [
        (REAL, True, "machine's"),
        (SIMULATED, True, "/sim_cell"),
        (Clocks(True, ("/bag", "/sim_cell")), False, "/bag, /sim_cell"),
        (Clocks(False, ("/bag",)), False, "silent"),
    ],
)
def test_which_clock(clocks, ok, words):
    check = check_clock(clocks)
    assert check.ok == ok and words in check.seen


# depth


def by_name(checks) -> dict[str, Check]:
    return {check.name: check for check in checks}


def depth_image(metres: np.ndarray, encoding: str = "16UC1"):
    values = (1000 * metres).astype(np.uint16) if encoding == "16UC1" else metres.astype(np.float32)
    return image_message(values, encoding, Header())


def noisy(scale: float = 1.0, seed: int = 0) -> np.ndarray:
    return scale * (0.6 + 0.01 * np.random.default_rng(seed).standard_normal((48, 64)))


@pytest.mark.parametrize(
    ("metres", "encoding", "ok", "words"),
    [
        (noisy(), "16UC1", True, "median 0.599 m"),
        (noisy(), "32FC1", True, "100 % measured"),
        (noisy(10.0), "16UC1", False, "median 6 m"),
        (noisy(0.1), "16UC1", False, "expected 0.15 to 3.0 m"),
        (noisy(1000.0), "32FC1", False, "median 600 m"),
        (np.where(np.random.default_rng(0).random((48, 64)) < 0.8, 0.0, noisy()), "16UC1", False, "20 % of the pixels"),
        (np.full((48, 64), np.nan), "32FC1", False, "0 % of the pixels"),
    ],
)
def test_depth_that_cannot_be_is_named(metres, encoding, ok, words):
    check = by_name(check_depth(depth_image(metres, encoding), DepthHistory()))["depth values"]
    assert check.ok == ok and words in check.seen
    assert ok or check.remedy


def test_a_frozen_picture_is_found_by_new_stamps_on_old_data():
    def frozen(pictures) -> bool:
        history = DepthHistory()
        for stamp, picture in pictures:
            history.add(stamp, picture)
        return not by_name(check_depth(pictures[-1][1], history))["depth changes"].ok

    same = depth_image(noisy())
    assert frozen([(i, same) for i in range(FROZEN)])
    assert not frozen([(7, same)] * 5)  # one message, delivered again
    assert not frozen([(i, depth_image(noisy(seed=i))) for i in range(FROZEN)])


def test_depth_must_have_the_intrinsics_of_colour():
    def info(fx: float) -> CameraInfo:
        return CameraInfo(k=[fx, 0.0, 320.0, 0.0, fx, 240.0, 0.0, 0.0, 1.0])

    assert check_depth_camera(info(615.0), info(615.0), "/d").ok
    wrong = check_depth_camera(info(615.0), info(385.0), "/d")
    assert not wrong.ok and "fx 385.0" in wrong.seen and "fx 615.0" in wrong.seen
    assert check_depth_camera(info(615.0), None, "/d") is None
    assert info_topic("/cam/aligned_depth_to_color/image_raw") == "/cam/aligned_depth_to_color/camera_info"


# fingers

HAND = gripper_record("franka", "fr3")
ROBOTIQ = gripper_record("robotiq", "fr3")


def readings(topic: str, positions, count: int = LEAST_MESSAGES, gripper=HAND) -> FingerReadings:
    made = FingerReadings(topic, gripper)
    for _ in range(count):
        made.add(("a1", *gripper.joints), (1.0, *positions))
    return made


@pytest.mark.parametrize(
    ("told", "own", "ok", "words"),
    [
        ((0.04, 0.04), (0.04, 0.04), True, "80.0 mm"),
        ((0.0, 0.0), (0.04, 0.04), False, "while /gripper/joint_states says 80.0 mm"),
        ((0.0, 0.0), None, False, "nothing on /gripper/joint_states"),
        ((0.0, 0.0), (0.0, 0.0), True, "0.0 mm"),
        ((0.00001, 0.0), None, True, "0.0 mm"),
        ((0.02, 0.02), (0.04, 0.04), False, "40.0 mm on /joint_states, 80.0 mm on"),
    ],
)
def test_fingers_that_read_zero_for_ever(told, own, ok, words):
    own_readings = (
        FingerReadings("/gripper/joint_states", HAND) if own is None else readings("/gripper/joint_states", own)
    )
    check = check_fingers(readings("/joint_states", told), [own_readings], ["/joint_state_publisher"])
    assert check.ok == ok and words in check.seen
    assert ok or "/joint_state_publisher" in check.remedy


def test_too_few_zeros_are_no_proof_and_no_fingers_no_line():
    assert check_fingers(readings("/j", (0.0, 0.0), LEAST_MESSAGES - 1), [], []).ok
    assert check_fingers(FingerReadings("/j", HAND), [], []) is None


def test_a_gripper_whose_zero_is_open_may_say_it_for_ever():
    check = check_fingers(readings("/joint_states", (0.0,), gripper=ROBOTIQ), [], ["/joint_state_broadcaster"])
    assert check.ok and "85.0 mm" in check.seen


# TF


def edge(parent: str, child: str, x: float = 0.0, stamp: int = 0) -> TransformStamped:
    made = TransformStamped(child_frame_id=child)
    made.header.frame_id = parent
    made.header.stamp.sec = stamp
    made.transform.translation.x = x
    made.transform.rotation.w = 1.0
    return made


WHO = {"/tf": ["/robot_state_publisher"], "/tf_static": ["/calibration", "/hand_eye_publisher"]}


def tree_of(*messages) -> TfTree:
    tree = TfTree()
    for topic, *transforms in messages:
        tree.add(topic, transforms, static=topic == "/tf_static")
    return tree


def test_a_tree_is_fine_whatever_its_edges_do_in_time():
    tree = tree_of(
        ("/tf_static", edge("hand", "camera", 0.1)),
        ("/tf_static", edge("hand", "camera", 0.1)),
        ("/tf", edge("base", "hand", 0.1, 1), edge("base", "other", 0.1, 1)),
        ("/tf", edge("base", "hand", 0.2, 2)),
        ("/tf", edge("base", "hand", 0.2, 2)),
    )
    check = tree.check(WHO)
    assert check.ok and "3 frames" in check.seen
    assert tree.above("camera") == ["camera", "hand", "base"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (
            [("/tf_static", edge("hand", "camera")), ("/tf_static", edge("world", "camera"))],
            ("camera has 2 parents", "hand (on /tf_static)", "world (on /tf_static)"),
        ),
        (
            [("/tf_static", edge("hand", "camera")), ("/tf", edge("/link8", "/camera"))],
            ("camera has 2 parents", "link8 (on /tf)"),
        ),
        ([("/tf_static", edge("hand", "camera")), ("/tf", edge("hand", "camera"))], ("on /tf and /tf_static",)),
        (
            [("/tf_static", edge("hand", "camera")), ("/tf_static", edge("hand", "camera", 0.1))],
            ("hand -> camera has two values", "100 mm"),
        ),
        (
            [("/tf", edge("base", "hand", 0.0, 1)), ("/tf", edge("base", "hand", 0.1, 1))],
            ("base -> hand has two values",),
        ),
    ],
)
def test_two_publishers_of_a_frame_are_named(messages, words):
    check = tree_of(*messages).check(WHO)
    assert not check.ok
    assert all(word in check.seen for word in words), check.seen
    assert "/calibration" in check.remedy and "/hand_eye_publisher" in check.remedy


def test_the_edge_that_the_hand_eye_transform_is():
    tree = tree_of(("/tf_static", edge("link8", "camera_link"), edge("camera_link", "optical"), edge("link8", "hand")))
    assert hand_eye_edge(tree, "optical", "hand", "camera_link") == ("link8", "camera_link")
    assert hand_eye_edge(tree, "optical", "hand", "other_link") == ("hand", "optical")


# controllers

ARM = "fr3_arm_controller"


@pytest.mark.parametrize(
    ("controllers", "hardware", "ok", "words"),
    [
        ({ARM: "active", "joint_state_broadcaster": "active"}, {"franka": "active"}, True, (f"{ARM} active",)),
        ({ARM: "active", "other_controller": "inactive"}, {"franka": "active"}, True, ()),
        ({ARM: "inactive"}, {"franka": "active"}, False, (f"{ARM} is inactive", f"--activate {ARM}")),
        (
            {ARM: "inactive"},
            {"franka": "inactive"},
            False,
            ("franka is inactive", "set_hardware_component_state franka active", f"--activate {ARM}"),
        ),
        ({ARM: "active", "joint_state_broadcaster": "inactive"}, {}, False, ("joint_state_broadcaster is inactive",)),
        ({"other": "active"}, {"franka": "active"}, False, (f"no {ARM} among other",)),
    ],
)
def test_what_sleeps_after_a_reflex_is_named_with_its_commands(controllers, hardware, ok, words):
    check = check_controllers(ARM, [Managed(*c) for c in controllers.items()], [Managed(*h) for h in hardware.items()])
    assert check.ok == ok
    assert all(word in f"{check.seen} -> {check.remedy}" for word in words)


def test_a_controller_manager_is_asked(graph, until):
    action = "/cell/fr3_arm_controller/follow_joint_trajectory"
    states = {"controller": "active", "hardware": "active", "gripper": "inactive"}

    def controllers(request, response):
        response.controller = [ControllerState(name=ARM, state=states["controller"])]
        return response

    def hardware(request, response):
        response.component = [
            HardwareComponentState(
                name=name,
                state=State(label=states[name]),
                state_interfaces=[HardwareInterface(name=f"{joint}/position")],
            )
            for name, joint in (("hardware", "fr3_joint1"), ("gripper", "finger"))
        ]
        return response

    asker = graph.spin(Node("asker", context=graph.context), 1)
    # grasp_executor has a client of it in every cell: that is no manager.
    listing = "/cell/controller_manager/list_controllers"
    client = graph.node.create_client(ListControllers, listing)
    until(lambda: listing in dict(asker.get_service_names_and_types()), 30.0)
    assert check_manager(asker, action, ["fr3_joint1"]) is None
    graph.node.destroy_client(client)
    graph.node.create_service(ListControllers, "/cell/controller_manager/list_controllers", controllers)
    graph.node.create_service(ListHardwareComponents, "/cell/controller_manager/list_hardware_components", hardware)
    until(lambda: check_manager(asker, action, ["fr3_joint1"]) is not None, 30.0)
    assert check_manager(asker, action, ["fr3_joint1"]).ok
    states.update(controller="inactive", hardware="unconfigured")
    check = check_manager(asker, action, ["fr3_joint1"])
    assert not check.ok and "hardware component hardware is unconfigured" in check.seen
    assert "gripper" not in check.seen


@pytest.mark.parametrize("mode", [*ROBOT_MODES, 77])
def test_robot_modes(mode):
    check = check_robot_mode(mode)
    assert check.ok == (mode in (1, 2))
    assert check.ok or check.remedy


# the camera's place

GIVEN = from_quaternion([0.5**0.5, 0.0, 0.5**0.5, 0.0], [0.065, -0.0175, 0.035])
OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0.015], [0, -1, 0, 0], [0, 0, 0, 1]])
GOOD = Mount(GIVEN, OPTICAL)
EXPECTED = Expected(0.0, np.array([0.5, 0.0]), "fr3_hand", "camera_link")


def cell() -> tuple[list[MountView], PointPair]:
    """Two poses of a hand over a table at 0 that carries the camera as the shipped hand_eye.yaml says."""
    first = exp([0.435, 0.0, 0.655, 0, 0, 0]) @ exp([0, 0, 0, np.pi, 0, 0])
    points = np.random.default_rng(0).uniform([0.35, -0.1, 0.0], [0.65, 0.1, 0.05], (40, 3))
    views, places = [], []
    for base_from_hand in (first, first @ exp([0, 0, 0, 0, 0, 0.7]) @ exp([0, 0, 0, 0, 0.12, 0])):
        optical_from_base = inverse(base_from_hand @ GOOD.parent_from_optical)
        views.append(MountView(base_from_hand, Plane(np.array([0, 0, 1.0]), 0.0).moved(optical_from_base)))
        places.append(transform(optical_from_base, points))
    return views, PointPair(views[0], views[1], *places)


def test_a_good_mount_has_good_lines():
    views, pair = cell()
    assert check_table(GOOD, views[0], EXPECTED).ok
    assert check_two_poses(GOOD, views, pair, EXPECTED).ok


def test_an_inverted_hand_eye_is_said_to_be():
    views, pair = cell()
    inverted = Mount(inverse(GIVEN), OPTICAL)
    for check in (check_table(inverted, views[0], EXPECTED), check_two_poses(inverted, views, pair, EXPECTED)):
        assert not check.ok
        assert "the hand-eye transform is inverted (with that undone: the table +0 mm" in check.remedy
        assert "hand_eye.yaml" in check.remedy
    assert "100 mm from table_height" in check_table(inverted, views[0], EXPECTED).seen


def test_depth_in_another_unit_is_said_to_be():
    views, _ = cell()
    check = check_table(GOOD, MountView(views[0].base_from_parent, views[0].plane.scaled(10.0)), EXPECTED)
    assert not check.ok and "depth is in another unit: 10 times as large" in check.remedy


def test_a_table_that_is_level_at_another_height_asks_which_of_two_is_wrong():
    views, _ = cell()
    wrong = Expected(0.03, EXPECTED.centre, "fr3_hand", "camera_link")
    check = check_table(GOOD, views[0], wrong)
    assert not check.ok
    assert "-30 mm from table_height" in check.seen
    assert "table_height in config/robot.yaml or the camera's height" in check.remedy


def test_a_camera_that_looks_up_is_said_to():
    views, _ = cell()
    upside = Mount(GIVEN @ exp([0, 0, 0, 0, np.pi - 0.3, 0]), OPTICAL)
    check = check_table(upside, views[0], EXPECTED)
    assert not check.ok and "from below" in check.remedy


def test_a_camera_beside_its_place_is_found_from_two_poses_only():
    views, pair = cell()
    beside = Mount(exp([0.03, 0.02, 0, 0, 0, 0]) @ GIVEN, OPTICAL)
    assert check_table(beside, views[0], EXPECTED).ok
    check = check_two_poses(beside, views, pair, EXPECTED)
    assert not check.ok
    assert "mm apart" in check.seen and "calibrate hand-eye again" in check.remedy


# looking and moving


def test_a_picture_is_whole_when_its_three_messages_came():
    pictures = Pictures()
    for part in ("colour", "depth", "info"):
        assert pictures.newest() is None
        pictures.add(part, 5, part)
    assert pictures.newest().stamp == 5
    pictures.add("depth", 6, "depth")
    assert pictures.newest().stamp == 5
    assert pictures.newest(after=5) is None


def test_a_picture_is_whole_when_its_stamps_are_near_enough():
    pictures = Pictures(tolerance=3)
    for part, stamp in (("colour", 5), ("depth", 7), ("info", 5)):
        pictures.add(part, stamp, part)
    found = pictures.newest()
    assert (found.stamp, found.depth, found.tolerance) == (5, "depth", 3)


def test_the_second_pose_turns_towards_the_middle_of_the_joints():
    lower, upper = np.full(7, -2.9), np.full(7, 2.9)
    for sign in (1, -1):
        first = np.array([0, 0, 0, -1.8, 0, sign * 1.5, sign * 0.8])
        second = second_pose(first, lower, upper)
        np.testing.assert_allclose(second - first, [0, 0, 0, 0, 0, -sign * TILT, -sign * TURN])
    words = announcement(first, first, second)
    assert "observe_joints" not in words and "+40 deg" in words
    assert "observe_joints" in announcement(first + 0.1, first, second)
