"""Joint positions for many places at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.interfaces import WorldModel


def hanging(x: float, y: float, z: float, yaw: float = 0.0) -> np.ndarray:
    pose = np.eye(4)
    pose[:3, :3] = np.array([[np.cos(yaw), np.sin(yaw), 0], [np.sin(yaw), -np.cos(yaw), 0], [0, 0, -1]])
    pose[:3, 3] = x, y, z
    return pose


PLACES = [[hanging(0.45, y, 0.35, yaw) for yaw in (0.0, 0.8)] for y in (-0.2, 0.0, 0.2)]


def test_each_stand_is_free_and_brings_the_tool_to_one_of_its_poses(planner, observe):
    world = WorldModel()
    found = planner.find_joint_positions(PLACES, observe, world)
    checker = planner.parts.checkers.in_world(world, observe, None)
    for poses, positions in zip(PLACES, found, strict=True):
        reached = planner.tcp_pose(positions)
        assert min(np.abs(reached - pose).max() for pose in poses) < 1e-4
        assert checker.free(positions)
    travels = [np.abs(b - a).max() for a, b in pairwise(found)]
    assert max(travels) < 1.0, "neighbours are reached alike"


def test_a_place_out_of_reach_or_inside_of_something_has_none(planner, observe):
    beyond = [hanging(1.4, 0.0, 0.3)]
    found = planner.find_joint_positions([PLACES[0], beyond, PLACES[2]], observe, WorldModel())
    assert found[0] is not None and found[1] is None and found[2] is not None
    x, y, z = np.meshgrid(np.arange(0.35, 0.56, 0.01), np.arange(-0.1, 0.11, 0.01), np.arange(0.1, 0.45, 0.01))
    block = WorldModel(np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), seen_from=observe)
    aside = planner.find_joint_positions([[hanging(0.3, -0.5, 0.4)]], observe, WorldModel())[0]
    assert planner.find_joint_positions([PLACES[1]], aside, block) == [None]


def test_it_can_be_canceled(planner, observe):
    with pytest.raises(Canceled):
        planner.find_joint_positions(PLACES, observe, WorldModel(), lambda: True)
