"""Robot model from a URDF: names, frames, kinematics, self-collision, and what it refuses."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pinocchio")
from dense_grasp_core.motion.collision import CollisionChecker
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import READY, AttachedBox, RobotModel
from dense_grasp_core.motion.scene import CollisionScene
from dense_grasp_core.motion.urdf import RobotModelError, disabled_pairs, mesh_path

ALONE = CollisionScene((), 0.0)
PANDA = Path(sys.prefix) / "share" / "robot_models" / "pyroboplan" / "models"


def test_names_follow_prefix_and_type():
    robot = RobotModel(primitive_arm_urdf("panda", "left_"), "panda", "left_")
    assert robot.joint_names[0] == "left_panda_joint1"
    assert robot.base_frame == "left_panda_link0"
    assert robot.tcp_frame == "left_panda_hand_tcp"


def test_forward_kinematics_of_the_zero_pose(robot):
    # Franka's drawing: 0.333 + 0.316 + 0.384 up, then 0.088 forward, 0.107 + 0.1034 down.
    expected = [0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034]
    np.testing.assert_allclose(robot.tcp_pose(np.zeros(7))[:3, 3], expected, atol=1e-9)


def test_jacobian_agrees_with_finite_differences(robot):
    import pinocchio as pin

    q = READY + 0.1
    goal = robot.root_pose(robot.tcp_pose(q))
    jacobian = robot.error_and_jacobian(q, goal)[1].copy()
    for joint in range(7):
        step = np.zeros(7)
        step[joint] = 1e-6
        moved = robot.root_pose(robot.tcp_pose(q + step))
        np.testing.assert_allclose(jacobian[:, joint], pin.log6(goal.actInv(moved)).vector / 1e-6, atol=1e-5)


def test_tcp_is_added_when_the_description_has_none():
    urdf = primitive_arm_urdf()
    urdf = urdf.replace('<link name="fr3_hand_tcp"/>', "")
    start = urdf.index('<joint name="fr3_hand_tcp_joint"')
    urdf = urdf[:start] + urdf[urdf.index("</joint>", start) + len("</joint>") :]
    with_tcp, without = RobotModel(primitive_arm_urdf(), "fr3"), RobotModel(urdf, "fr3")
    np.testing.assert_allclose(without.tcp_pose(READY), with_tcp.tcp_pose(READY), atol=1e-12)


def test_a_base_that_is_not_the_root_keeps_poses_in_the_base(robot):
    urdf = primitive_arm_urdf().replace(
        "</robot>",
        '<link name="world"/><joint name="stand" type="fixed"><parent link="world"/><child link="fr3_link0"/>'
        '<origin xyz="1 2 0.7" rpy="0 0 1"/></joint></robot>',
    )
    standing = RobotModel(urdf, "fr3")
    np.testing.assert_allclose(standing.tcp_pose(READY), robot.tcp_pose(READY), atol=1e-12)


def test_ready_pose_is_free_and_a_folded_arm_is_not(robot):
    checker = CollisionChecker(robot, ALONE)
    assert checker.free(READY)
    folded = np.array([0.0, 0.0, 0.0, -3.0, 0.0, 0.6, 0.0])
    assert not checker.free(folded)
    assert any("hand" in a + b or "finger" in a + b for a, b in checker.contacts(folded))


def test_neighbours_are_never_checked(robot):
    links = robot.links_of_geometry
    pairs = {frozenset((links[i], links[j])) for i, j in robot.self_pairs}
    for i in range(7):
        assert frozenset((f"fr3_link{i}", f"fr3_link{i + 1}")) not in pairs
    assert frozenset(("fr3_link0", "fr3_hand")) in pairs


def test_srdf_takes_pairs_out():
    srdf = '<robot name="fr3"><disable_collisions link1="fr3_hand" link2="fr3_link0" reason="Never"/></robot>'
    robot = RobotModel(primitive_arm_urdf(), "fr3", srdf=srdf)
    links = robot.links_of_geometry
    assert frozenset(("fr3_link0", "fr3_hand")) not in {frozenset((links[i], links[j])) for i, j in robot.self_pairs}
    assert disabled_pairs(srdf) == {frozenset(("fr3_hand", "fr3_link0"))}


def test_an_attached_box_collides():
    far = np.eye(4)
    far[:3, 3] = [0.0, 0.0, -0.45]
    box = AttachedBox("mast", "fr3_hand", far, (0.05, 0.05, 0.5))
    assert CollisionChecker(RobotModel(primitive_arm_urdf(), "fr3"), ALONE).free(READY)
    assert CollisionChecker(RobotModel(primitive_arm_urdf(), "fr3", attached=(box,)), ALONE).free(READY) is True
    arm_behind = np.eye(4)
    arm_behind[:3, 3] = [-0.4, 0.0, 0.0]
    box = AttachedBox("boom", "fr3_hand", arm_behind, (0.8, 0.05, 0.05))
    robot = RobotModel(primitive_arm_urdf(), "fr3", attached=(box,))
    assert not CollisionChecker(robot, ALONE).free(np.array([0.0, -0.8, 0.0, -2.9, 0.0, 2.2, 0.785]))


@pytest.mark.parametrize(
    ("urdf", "robot_type", "prefix", "words"),
    [
        ("no xml", "fr3", "", "expected a URDF"),
        ("<html/>", "fr3", "", "expected <robot>"),
        (primitive_arm_urdf(), "panda", "", "panda_joint1"),
        (primitive_arm_urdf(), "fr3", "left_", "left_fr3_joint1"),
        (primitive_arm_urdf().replace("<sphere", "<cone"), "fr3", "", "expected mesh, box, sphere"),
        (primitive_arm_urdf().replace('radius="0.06"', 'radius="wide"'), "fr3", "", "'wide'"),
    ],
)
def test_a_bad_description_is_refused_by_name(urdf, robot_type, prefix, words):
    with pytest.raises(RobotModelError, match=words):
        RobotModel(urdf, robot_type, prefix)


def test_mesh_paths(tmp_path):
    mesh = tmp_path / "a b.stl"
    mesh.write_bytes(b"x")
    assert mesh_path(mesh.as_uri()) == mesh
    assert mesh_path("package://arm/a%20b.stl", lambda name: str(tmp_path)) == mesh
    with pytest.raises(RobotModelError, match="needs a package resolver"):
        mesh_path("package://arm/a.stl")
    with pytest.raises(RobotModelError, match="which is no file"):
        mesh_path("file:///nowhere/a.stl")
    with pytest.raises(RobotModelError, match="scheme http"):
        mesh_path("http://host/a.stl")


def test_a_mesh_becomes_its_convex_hull(tmp_path):
    corners = np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.1]])
    faces = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    data = b"\0" * 80 + struct.pack("<I", len(faces))
    for face in faces:
        data += struct.pack("<12fH", 0, 0, 0, *corners[list(face)].ravel(), 0)
    path = tmp_path / "link.stl"
    path.write_bytes(data)
    urdf = primitive_arm_urdf().replace('<sphere radius="0.06"/>', f'<mesh filename="{path.as_uri()}"/>')
    robot = RobotModel(urdf, "fr3")
    shape = robot.geometry.geometryObjects[robot.links_of_geometry.index("fr3_link6")].geometry
    assert shape.num_points == 4


@pytest.mark.skipif(not PANDA.is_dir(), reason=f"robot description package pyroboplan is not in {PANDA}")
def test_meshes_of_the_panda_package_load():
    urdf = (PANDA / "panda_description" / "urdf" / "panda.urdf").read_text()
    robot = RobotModel(urdf, "panda", resolve_package=lambda name: str(PANDA / name))
    assert len(robot.links_of_geometry) == 11
    checker = CollisionChecker(robot, ALONE)
    assert checker.free(READY)
    assert not checker.free(np.array([0.0, 0.0, 0.0, -3.0, 0.0, 0.0, 0.0]))
