"""The arm tracks trajectories closely, stops when told, and says why a motion failed."""

import numpy as np
import pytest
from dense_grasp_core.motion.trajectory_goal import Tolerances
from dense_grasp_sim.devices.arm import ArmError, MotionStatus
from dense_grasp_sim.physics.simulator import OBSERVE_JOINTS, Simulator
from dense_grasp_sim.physics.trajectory import JointSpline
from dense_grasp_sim.world.cell_model import CellSettings

HOME = np.array(OBSERVE_JOINTS)
FAR = HOME + np.array([0.6, 0.3, -0.4, -0.3, 0.5, 0.4, -0.8])
REST = np.zeros((2, 7))


def start(simulator: Simulator, duration: float = 1.2, goal: np.ndarray = FAR):
    simulator.arm.place(simulator.data, HOME)
    spline = JointSpline([0.0, duration], [HOME, goal], REST, REST)
    return simulator.arm.follow(spline, simulator.time), spline


@pytest.mark.parametrize("robot_type", ["fr3", "panda"])
def test_tracks_within_two_milliradians(robot_type: str) -> None:
    simulator = Simulator(CellSettings(robot_type))
    motion, spline = start(simulator)
    worst = 0.0
    while motion.running:
        simulator.step(1)
        # positions are those after the step, the reference that of its beginning
        wanted = spline.sample(simulator.time - motion.start).positions
        worst = max(worst, float(np.abs(simulator.arm.positions(simulator.data) - wanted).max()))
    assert motion.status is MotionStatus.SUCCEEDED
    assert worst < 2e-3


def test_holds_still_against_gravity(empty_cell: Simulator) -> None:
    empty_cell.arm.place(empty_cell.data, HOME)
    empty_cell.step(500)
    assert np.abs(empty_cell.arm.positions(empty_cell.data) - HOME).max() < 1e-4


def test_stop_ends_the_motion_within_a_tenth_of_a_second(empty_cell: Simulator) -> None:
    motion, _ = start(empty_cell)
    empty_cell.step(300)
    assert np.abs(empty_cell.arm.velocities(empty_cell.data)).max() > 0.3
    empty_cell.arm.stop(empty_cell.time)
    assert motion.status is MotionStatus.CANCELED
    empty_cell.step(50)
    assert np.abs(empty_cell.arm.velocities(empty_cell.data)).max() < 0.02
    at_rest = empty_cell.arm.positions(empty_cell.data)
    empty_cell.step(100)
    np.testing.assert_allclose(empty_cell.arm.positions(empty_cell.data), at_rest, atol=1e-3)


def test_newer_trajectory_replaces_the_running_one(empty_cell: Simulator) -> None:
    first, _ = start(empty_cell)
    second, _ = start(empty_cell)
    assert not first.running and second.running
    empty_cell.arm.stop(empty_cell.time)


def test_path_violation_names_the_joint(empty_cell: Simulator) -> None:
    empty_cell.arm.place(empty_cell.data, HOME)
    spline = JointSpline([0.0, 0.02], [HOME, FAR], REST, REST)
    motion = empty_cell.arm.follow(spline, empty_cell.time, Tolerances(np.full(7, 0.05), np.full(7, 0.01)))
    empty_cell.step(20)
    assert motion.status is MotionStatus.PATH_VIOLATED
    assert "fr3_joint" in motion.message and "allowed 0.0500" in motion.message
    empty_cell.step(200)


def test_pressing_on_the_table_aborts_instead_of_pushing_through(empty_cell: Simulator) -> None:
    into_table = np.array([0.0, 0.9, 0.0, -1.8, 0.0, 2.6, 0.785])
    motion, _ = start(empty_cell, 2.0, into_table)
    while motion.running:
        empty_cell.step(5)
    assert motion.status in (MotionStatus.PATH_VIOLATED, MotionStatus.GOAL_VIOLATED)
    tip = empty_cell.data.body("fr3_hand_tcp").xpos[2]
    assert tip > -0.01


def test_position_outside_limits_is_refused(empty_cell: Simulator) -> None:
    with pytest.raises(ArmError, match=r"fr3_joint4 is 0\.5"):
        empty_cell.arm.place(empty_cell.data, np.array([0.0, 0.0, 0.0, 0.5, 0.0, 1.5, 0.0]))
