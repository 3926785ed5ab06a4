"""Transforms of the links chain up to the pose that the planner computes."""

from __future__ import annotations

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.urdf import RobotModelError
from dense_grasp_franka.link_transforms import LinkTransforms
from dense_grasp_franka.state_publisher import transform_message

Q = np.array([0.3, -0.5, 0.2, -1.9, 0.4, 1.6, 0.7])


def test_chain_of_transforms_is_the_planners_pose():
    urdf = primitive_arm_urdf()
    robot = RobotModel(urdf, "fr3")
    links = LinkTransforms(urdf)
    positions = dict(zip(robot.joint_names, Q)) | dict.fromkeys(robot.gripper.joints, 0.02)
    by_child = {found.child: found for found in links.fixed() + links.moving(positions)}
    pose, link = np.eye(4), robot.tcp_frame
    while link != robot.base_frame:
        pose, link = by_child[link].matrix @ pose, by_child[link].parent
    np.testing.assert_allclose(pose, robot.tcp_pose(Q), atol=1e-9)


def test_each_link_hangs_on_one_parent_and_fixed_ones_do_not_move():
    links = LinkTransforms(primitive_arm_urdf())
    everything = links.fixed() + links.moving({})
    children = [found.child for found in everything]
    assert len(children) == len(set(children))
    moved = links.moving({"fr3_joint1": 0.5})
    changed = [a.child for a, b in zip(moved, links.moving({})) if not np.allclose(a.matrix, b.matrix)]
    assert changed == ["fr3_link1"]


def test_text_that_is_no_urdf():
    with pytest.raises(RobotModelError):
        LinkTransforms("nothing")


def test_message():
    transform = LinkTransforms(primitive_arm_urdf()).moving({"fr3_joint1": 0.5})[0]
    message = transform_message(transform, Time(sec=3))
    assert (message.header.frame_id, message.child_frame_id, message.header.stamp.sec) == ("fr3_link0", "fr3_link1", 3)
    assert message.transform.rotation.z == pytest.approx(np.sin(0.25))
