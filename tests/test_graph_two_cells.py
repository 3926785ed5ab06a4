"""Two simulated cells in one domain, each in its namespace with its prefix: each answers for itself."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from dense_grasp_core.result_codes import MatchCode

from tests.patience import PATIENCE

pytestmark = [pytest.mark.graph, pytest.mark.cell("namespace:=left")]  # sorts it behind what shares a cell

#: What the cells of a domain have in common, by ROS's own convention.
SHARED = {"/tf", "/tf_static", "/rosout", "/parameter_events", "/diagnostics"}
#: Joint positions, rad, some seconds away from where the arm starts.
HERE = [0.3, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108]
FRAMES = ("fr3_link0", "fr3_hand", "camera_link", "camera_color_optical_frame")


def place_and_teach(cell, x: float) -> None:
    """The training cap at x m, and the keypoint `contact` taught on it."""
    scene = {"scene": "cap", "seed": 0, "x": x, "y": 0.0, "yaw": 0.0, "random_pose": False}
    assert cell.client.call("set_scene", 60.0, **scene).success
    now = cell.client.now()
    cell.client.wait_descriptors(now.sec + 1e-9 * now.nanosec, 60.0)
    cell.session.teach()


def test_every_name_is_in_a_namespace(two_cells):
    node = two_cells[0].client.node
    of_a_cell = ("/left/", "/right/")
    assert {name for name, _ in node.get_topic_names_and_types() if not name.startswith(of_a_cell)} <= SHARED
    assert [name for name, _ in node.get_service_names_and_types() if not name.startswith(of_a_cell)] == []
    nodes = node.get_node_names_and_namespaces()
    assert {namespace for _, namespace in nodes} == {"/left", "/right"}
    left, right = ({name for name, own in nodes if own == namespace} for namespace in ("/left", "/right"))
    assert left == right and {"sim_cell", "query_node", "grasp_executor", "motion_watchdog"} <= left


def test_frames_on_tf_carry_the_prefix(two_cells):
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from tf2_msgs.msg import TFMessage

    frames: set[str] = set()

    def take(message: TFMessage) -> None:
        frames.update(f for t in message.transforms for f in (t.header.frame_id, t.child_frame_id))

    client = two_cells[0].client
    latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    heard = [client.node.create_subscription(TFMessage, "/tf", take, 100)]
    heard.append(client.node.create_subscription(TFMessage, "/tf_static", take, latched))
    wanted = {f"{prefix}_{frame}" for prefix in ("left", "right") for frame in FRAMES}
    client.wait(lambda: wanted <= frames, PATIENCE, "the frames of both cells")
    assert all(frame.startswith(("left_", "right_")) for frame in frames), frames
    for subscription in heard:
        client.node.destroy_subscription(subscription)


def test_what_one_is_taught_the_other_does_not_know(two_cells):
    left, right = two_cells
    place_and_teach(left, 0.50)
    assert left.locate().code == MatchCode.OK
    assert right.client.call("list").total == 0
    assert right.locate(timeout=1.0).code == MatchCode.UNKNOWN_KEYPOINT
    home = Path(os.environ["ROS_HOME"])
    assert (home / "left/dense_grasp.db").is_file() and not (home / "dense_grasp.db").exists()


def test_each_finds_its_own_object_in_its_own_base_frame(two_cells):
    left, right = two_cells
    for cell, x in ((left, 0.50), (right, 0.56)):
        place_and_teach(cell, x)
    (of_left,), (of_right,) = (cell.locate().matches for cell in two_cells)
    assert (of_left.header.frame_id, of_right.header.frame_id) == ("left_fr3_link0", "right_fr3_link0")
    assert of_right.position.x - of_left.position.x == pytest.approx(0.06, abs=0.015)


class Motions:
    """Both arms on their way to `joints`, rad."""

    def __init__(self, cells, joints):
        self._cells, self._joints = cells, joints
        self._threads = [threading.Thread(target=self._move, args=(cell, joints)) for cell in cells]
        for thread in self._threads:
            thread.start()
        for cell in cells:
            cell.client.wait(lambda cell=cell: cell.joint_speed() > 0.02, PATIENCE, "the arm's motion")

    def _move(self, cell, joints) -> None:
        cell.client.move_arm(joints, 6.0)  # a canceled one ends as well as one that arrives

    def arrived(self) -> list[bool]:
        """Which arms are at their goal once both motions have ended, the left one first."""
        for thread in self._threads:
            thread.join(120.0)
        return [cell.joint_positions() == pytest.approx(self._joints, abs=0.02) for cell in self._cells]


def test_a_stop_ends_the_motion_of_its_own_arm_alone(two_cells):
    motions = Motions(two_cells, HERE)
    answer = two_cells[0].call_trigger("dense_grasp/stop")
    assert "canceled 1 goal of /left/left_fr3_arm_controller/follow_joint_trajectory" in answer.message
    assert motions.arrived() == [False, True]
