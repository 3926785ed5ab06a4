"""Cells that several tests share; building one takes a second."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.placement import Placement


@pytest.fixture(scope="module")
def empty_cell() -> Simulator:
    """A cell with nothing on the table, the arm in its observation pose."""
    return Simulator()


@pytest.fixture(scope="module")
def cap_cell() -> Simulator:
    """A cell with a cap at x = 0.5, y = 0 m, crown down, brim to the robot's left."""
    simulator = Simulator()
    simulator.set_scene(1000, Placement(0.5, 0.0, 1.5708))
    return simulator
