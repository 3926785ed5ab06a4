"""check_cell on the running cell: ready when all is well, and for each fault the line that names it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

rclpy = pytest.importorskip("rclpy")

from dense_grasp.cell.checks import Check  # noqa: E402
from dense_grasp.cell.observer import CellObserver  # noqa: E402
from dense_grasp.nodes.hand_eye_publisher import HandEyePublisher  # noqa: E402
from dense_grasp_core.geometry.se3 import from_quaternion, inverse, to_quaternion  # noqa: E402
from dense_grasp_ros.domains import private_domain  # noqa: E402
from dense_grasp_ros.paced_executor import PacedExecutor  # noqa: E402
from geometry_msgs.msg import TransformStamped  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import DurabilityPolicy, QoSProfile  # noqa: E402
from tf2_msgs.msg import TFMessage  # noqa: E402
from tf2_ros import StaticTransformBroadcaster  # noqa: E402

pytestmark = pytest.mark.graph

HAND_EYE = yaml.safe_load((Path(__file__).parents[1] / "config" / "hand_eye.yaml").read_text())
MOUNT = HAND_EYE["/**"]["ros__parameters"]
CAMERA_LINK = "camera_link"
#: s that anything is waited for on a busy machine.
PATIENCE = 240.0
#: Looks at the cell until a busy machine hands its pictures on in time.
TRIES = 8
#: Messages of every stream that a look at the cell takes in.
PICTURES, STATES = 4, 30
#: Where the static transforms of a test's own cell are: the running cell's, but for the one that it gets wrong.
OTHER_STATIC = "/other_tf_static"
LATCHED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@contextmanager
def spinning(cell, make: Callable[[rclpy.Context], Node]) -> Iterator[Node]:
    """A node of this process in the cell's domain that spins in a thread."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=cell.client.node.context.get_domain_id())
    node = make(context)
    executor = PacedExecutor(context=context)
    executor.add_node(node)

    over = threading.Event()

    def spin() -> None:  # not until the executor is shut down: one that waits then reads guards that are gone
        while not over.is_set():
            executor.spin_once(0.1)

    thread = threading.Thread(target=spin, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        over.set()
        thread.join(timeout=PATIENCE)
        executor.shutdown(timeout_sec=10.0)
        node.destroy_node()
        rclpy.shutdown(context=context)


def checks(
    cell, say: Callable[[str], None] = print, other_static: bool = False, parents: int = 1, **changes
) -> dict[str, Check]:
    """What check_cell says after it has heard enough of everything, and of so many parents of the camera."""
    parameters = {"store": cell.store, **changes}
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    remap = ["--ros-args", "-r", f"/tf_static:={OTHER_STATIC}"] if other_static else None

    def make(context: rclpy.Context) -> Node:
        return CellObserver(context=context, parameter_overrides=overrides, cli_args=remap)

    with spinning(cell, make) as node:

        def heard() -> bool:
            return node.heard(PICTURES, STATES) and len(node.parents(CAMERA_LINK)) >= parents

        cell.client.wait(heard, PATIENCE, "pictures, joint states and transforms")
        found = node.checks(say)
    names = [check.name for check in found]
    assert len(set(names)) == len(names)
    return {check.name: check for check in found}


def failing(found: dict[str, Check]) -> dict[str, str]:
    """The lines that failed, by name."""
    return {name: f"{check.seen} -> {check.remedy}" for name, check in found.items() if not check.ok}


def checks_with(cell, expected: set[str], **asked) -> dict[str, Check]:
    """As `checks`, until no more fails than is expected: pictures that a busy machine hands on late are its fault, and
    named as such. What was found last after TRIES.
    """
    for _ in range(TRIES):
        found = checks(cell, **asked)
        if set(failing(found)) - expected != {"camera's stamps"}:
            break
    return found


class OtherStatic(Node):
    """Hands the running cell's static transforms on, without the camera's place on the hand."""

    def __init__(self, context: rclpy.Context) -> None:
        super().__init__("other_static", context=context)
        self._known: dict[str, TransformStamped] = {}
        self._publisher = self.create_publisher(TFMessage, OTHER_STATIC, LATCHED)
        self.create_subscription(TFMessage, "/tf_static", self._hand_on, LATCHED)

    def _hand_on(self, message: TFMessage) -> None:
        self._known.update({one.child_frame_id: one for one in message.transforms})
        kept = [one for child, one in self._known.items() if child != CAMERA_LINK]
        self._publisher.publish(TFMessage(transforms=kept))


def mounted(context: rclpy.Context, name: str = "hand_eye_publisher", **changes) -> Node:
    """A hand_eye_publisher among the test's own static transforms."""
    overrides = [Parameter(key, value=value) for key, value in {**MOUNT, **changes}.items()]
    remap = ["--ros-args", "-r", f"/tf_static:={OTHER_STATIC}", "-r", f"__node:={name}"]
    return HandEyePublisher(context=context, parameter_overrides=overrides, cli_args=remap)


def test_a_good_cell_is_ready_from_two_poses(cell):
    before, said = cell.joint_positions(), []
    found = checks_with(cell, set(), say=said.append, move=True)
    assert not failing(found), failing(found)
    assert "two poses" in found
    assert any(line.startswith("the arm moves joint 7 by") for line in said)
    assert cell.joint_positions() == pytest.approx(before, abs=0.02)


def test_an_inverted_hand_eye_transform(cell):
    inverted = inverse(from_quaternion(MOUNT["quaternion"], MOUNT["xyz"]))
    wrong = {"quaternion": [float(v) for v in to_quaternion(inverted)], "xyz": [float(v) for v in inverted[:3, 3]]}
    with spinning(cell, OtherStatic), spinning(cell, lambda context: mounted(context, **wrong)):
        found = checks_with(cell, {"table by depth"}, other_static=True)
    assert found["hand-eye"].ok, "what is plausible no longer shows why the table is measured"
    assert set(failing(found)) == {"table by depth"}, failing(found)
    table = found["table by depth"]
    assert any(f"+{height} mm from table_height" in table.seen for height in (99, 100, 101)), table.seen
    assert "the hand-eye transform is inverted" in table.remedy


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        ("stamps_ahead", {"camera's stamps": "ahead of /clock"}),
        ("depth_in_tenths", {"depth values": "median 6", "table by depth": "depth is in another unit: 10 times"}),
        ("zero_fingers", {"fingers": "exactly 0.0 in"}),
        (
            "zero_depth",
            {"depth values": "0 % of the pixels", "table by depth": "0 points", "depth changes": ""},
        ),
    ],
)
def test_a_fault_has_its_line_and_no_other(cell, fault, lines):
    cell.fault(fault)
    try:
        found = checks_with(cell, set(lines))
    finally:
        cell.fault("")
    failed = failing(found)
    assert set(failed) == set(lines), failed
    for name, words in lines.items():
        assert words in failed[name]
    assert fault != "zero_fingers" or "/sim_cell" in failed["fingers"]


def test_two_parents_of_the_camera(cell):
    def forgotten(context: rclpy.Context) -> Node:
        node = Node(
            "forgotten_calibration", context=context, cli_args=["--ros-args", "-r", f"/tf_static:={OTHER_STATIC}"]
        )
        message = TransformStamped(child_frame_id=CAMERA_LINK)
        message.header.frame_id = "fr3_link0"
        message.transform.rotation.w = 1.0
        node.broadcaster = StaticTransformBroadcaster(node)
        node.broadcaster.sendTransform(message)
        return node

    with spinning(cell, OtherStatic), spinning(cell, mounted), spinning(cell, forgotten):
        tree = checks(cell, other_static=True, parents=2)["tf tree"]
    assert not tree.ok
    assert f"{MOUNT['child']} has 2 parents" in tree.seen
    assert "fr3_hand" in tree.seen and "fr3_link0" in tree.seen
    assert "/forgotten_calibration" in tree.remedy and "/hand_eye_publisher" in tree.remedy


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command itself, in a domain where nothing is."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(private_domain("nothing"))}
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    line = [sys.executable, "-m", "dense_grasp.nodes.check_cell", "--ros-args", *arguments]
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=PATIENCE)


def test_no_cell_at_all_ends_with_lines_and_no_traceback(tmp_path):
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no network")
    parameters = [f"model:={broken}", "store:=nonsense://x", "duration:=0.5"]
    answer = command(*(part for parameter in parameters for part in ("-p", parameter)))
    assert answer.returncode == 1
    assert "Traceback" not in answer.stdout + answer.stderr
    failed = {line.split("  ")[1].strip() for line in answer.stdout.splitlines() if line.startswith("FAIL")}
    assert {"colour image", "joint states", "transforms", "table by depth", "model", "descriptor store"} <= failed
    assert "fault of check_cell" not in answer.stdout


def test_a_parameter_file_that_is_none_ends_with_a_line(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("/**: [no parameters")
    answer = command("--params-file", str(file))
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert "check_cell" in answer.stderr
