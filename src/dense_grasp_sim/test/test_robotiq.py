"""A gripper of Robotiq's convention: angles that grow as it closes, finger tips that stay upright."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from dense_grasp_core.grippers.record import gripper_record
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_sim.physics.physics_check import TopDownIk, pick
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import CellSettings
from dense_grasp_sim.world.hands.registry import hand_of
from dense_grasp_sim.world.placement import Placement

RECORD = gripper_record("robotiq", "fr3")
PADS = sorted(hand_of("robotiq").pads(RECORD))


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    """A cell whose arm carries the gripper, with a cap in front of it."""
    made = Simulator(CellSettings(gripper="robotiq"), homed=False)
    made.set_scene(1000, Placement(0.5, 0.0, 1.5708))
    return made


def pad_gap(simulator: Simulator) -> float:
    """m between the faces of the pads, by the geoms themselves."""
    mujoco.mj_forward(simulator.model, simulator.data)
    left, right = (simulator.data.geom(name) for name in PADS)
    thickness = 2.0 * float(simulator.model.geom(PADS[0]).size[0])
    return float(np.linalg.norm(left.xpos - right.xpos)) - thickness


@pytest.mark.parametrize("width", [0.0, 0.003, 0.02, 0.05, 0.084])
def test_the_record_tells_the_width_by_the_joints_angle(simulator: Simulator, width: float) -> None:
    simulator.gripper.place(simulator.data, width)
    assert pad_gap(simulator) == pytest.approx(width, abs=1e-6)
    assert simulator.gripper.width(simulator.data) == pytest.approx(width, abs=1e-6)
    positions = simulator.gripper.states(simulator.data)[0]
    assert RECORD.width(positions) == pytest.approx(width, abs=4e-4)
    assert RECORD.position(width) == pytest.approx(positions[0], abs=5e-3)


@pytest.mark.parametrize("width", [0.0, 0.04, 0.08])
def test_the_planners_robot_has_its_fingers_where_the_physics_has_them(simulator: Simulator, width: float) -> None:
    simulator.gripper.place(simulator.data, width)
    mujoco.mj_forward(simulator.model, simulator.data)
    robot = RobotModel(simulator.cell.urdf, "fr3", gripper=RECORD, finger_width=width)
    q = simulator.arm.positions(simulator.data)
    for link in RECORD.finger_links:
        expected = simulator.data.body(link)
        pose = robot.frame_pose(q, link)
        np.testing.assert_allclose(pose[:3, 3], expected.xpos, atol=5e-4)
        np.testing.assert_allclose(pose[:3, :3], expected.xmat.reshape(3, 3), atol=1e-2)
    assert {robot.links_of_geometry[i] for i in range(robot.geometry.ngeoms) if robot.is_finger(i)} == set(
        RECORD.finger_links
    )


def test_the_closing_axis_is_the_tools_y(simulator: Simulator) -> None:
    robot = RobotModel(simulator.cell.urdf, "fr3", gripper=RECORD)
    tool = robot.tcp_pose(simulator.arm.positions(simulator.data))
    left, right = (simulator.data.geom(name).xpos for name in PADS)
    axis = (left - right) / np.linalg.norm(left - right)
    assert abs(axis @ tool[:3, 1]) == pytest.approx(1.0, abs=1e-6)


def test_a_cap_is_pinched_and_lifted(simulator: Simulator) -> None:
    assert simulator.gripper.homed, "it needs no homing"
    reason = pick(simulator, TopDownIk(simulator.cell.urdf, RECORD), np.zeros(3))
    assert not reason
    width = RECORD.width(simulator.gripper.states(simulator.data)[0])
    assert 0.001 < width < 0.008
