"""The arm as triangles: closed hulls of the shapes it is checked with, which move as its links do."""

import coal
import numpy as np
import pytest
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.rigid_parts import corners, hull, part_poses, rigid_parts
from dense_grasp_core.motion.robot import READY, AttachedBox, RobotModel


def volume(triangles):
    """m^3 inside triangles (N, 3, 3); positive where they are wound outwards."""
    return np.einsum("ij,ij->", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])) / 6.0


@pytest.mark.parametrize(
    ("shape", "inside", "off"),
    [
        (coal.Box(0.2, 0.1, 0.4), 0.2 * 0.1 * 0.4, 1e-9),
        (coal.Cylinder(0.05, 0.3), np.pi * 0.05**2 * 0.3, 0.02),
        (coal.Sphere(0.06), 4.0 / 3.0 * np.pi * 0.06**3, 0.04),
    ],
)
def test_the_hull_of_a_shape_has_its_volume_and_is_wound_outwards(shape, inside, off):
    assert volume(hull(corners(shape))) == pytest.approx(inside, rel=off)


def test_a_shape_that_no_robot_has_is_named():
    with pytest.raises(TypeError, match="Plane"):
        corners(coal.Plane(np.array([0.0, 0.0, 1.0]), 0.0))


def test_parts_are_where_the_links_are():
    hand = AttachedBox("block", "fr3_hand", np.eye(4), (0.02, 0.02, 0.02))
    robot = RobotModel(primitive_arm_urdf(), "fr3", attached=(hand,))
    bare = rigid_parts(RobotModel(primitive_arm_urdf(), "fr3"))
    parts, poses = rigid_parts(robot), part_poses(robot, READY)
    assert len(parts) == len(poses) == 8 and all(len(part) for part in parts)
    np.testing.assert_array_equal(poses[0], np.eye(4))
    for joint in range(1, 8):
        np.testing.assert_allclose(poses[joint], robot.frame_pose(READY, f"fr3_link{joint}"), atol=1e-12)
    assert volume(parts[-1]) == pytest.approx(volume(bare[-1]) + 0.02**3)
    # the fingers are open, and their tips lie at both sides of the tool centre point
    base = parts[-1] @ poses[-1][:3, :3].T + poses[-1][:3, 3]
    at_tcp = np.linalg.inv(robot.tcp_pose(READY))
    tips = (base @ at_tcp[:3, :3].T + at_tcp[:3, 3]).reshape(-1, 3)
    tips = tips[tips[:, 2] > tips[:, 2].max() - 1e-6]
    assert np.abs(tips[:, 1]).min() == pytest.approx(0.04, abs=1e-6)
