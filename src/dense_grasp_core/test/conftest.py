"""Fixtures of the motion tests; the libraries of planning are imported only where a test asks for them."""

from __future__ import annotations

import numpy as np
import pytest

ACCELERATION = np.array([3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0])
#: The observation pose of config/grasp.yaml: camera 0.62 m above x = 0.5, y = 0.
OBSERVE = np.array([-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108])


@pytest.fixture(scope="session")
def robot():
    """An arm of primitives with the kinematics of an FR3."""
    from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
    from dense_grasp_core.motion.robot import RobotModel

    return RobotModel(primitive_arm_urdf(), "fr3")


@pytest.fixture(scope="session")
def limits(robot):
    """Joint limits as in config/robot.yaml."""
    from dense_grasp_core.motion.timing import MotionLimits

    return MotionLimits.scaled(robot.velocity_limits, ACCELERATION, 0.5, 0.9)


@pytest.fixture(scope="session")
def planner(robot, limits):
    """The embedded planner over a table at height 0; its search counts work, not time, and draws the same each time."""
    from dense_grasp_core.motion.in_process_planner import in_process_planner
    from dense_grasp_core.motion.path_search import PathOptions
    from dense_grasp_core.motion.planner_config import PlannerConfig

    options = PathOptions(allowed_time=600.0, allowed_checks=200_000, seed=1)
    return in_process_planner(robot, PlannerConfig(limits, path=options))


@pytest.fixture
def observe():
    """Joint positions (7,) of the observation pose."""
    return OBSERVE.copy()
