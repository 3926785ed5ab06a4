"""The fault that takes an object out of closed fingers."""

import numpy as np
from dense_grasp_sim.physics.physics_check import TopDownIk, pick
from dense_grasp_sim.physics.simulator import Simulator


def test_a_held_cap_falls_and_the_fingers_close_on_nothing():
    simulator = Simulator()
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    simulator.set_scene(1000, pose_seed=0)
    assert pick(simulator, ik, np.zeros(3)) == ""
    held = simulator.gripper.width(simulator.data)
    assert simulator.referee.last.raised > 0.1
    simulator.set_dropping(True)
    simulator.step(750)
    assert abs(simulator.referee.last.raised) < 0.05
    assert simulator.referee.last.contacts.others == ("table",)
    assert simulator.gripper.width(simulator.data) < 0.0012 < held


def test_the_next_scene_keeps_what_was_switched_on():
    simulator = Simulator()
    simulator.set_dropping(True)  # an empty table: nothing to do
    simulator.set_scene(1000, pose_seed=0)
    lying = simulator.base_from_object()
    simulator.set_dropping(False)
    simulator.step(100)
    np.testing.assert_allclose(simulator.base_from_object()[:3, 3], lying[:3, 3], atol=1e-3)
    assert abs(lying[2, 3]) < 0.2
