"""A cap that is asked for again needs no new model, and lies where it lay; few models are kept."""

import numpy as np
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.kept_cells import KEPT_CELLS
from dense_grasp_sim.world.placement import Placement
from dense_grasp_sim.world.surroundings import draw_surroundings

HERE, THERE = Placement(0.5, 0.0, 1.5708), Placement(0.45, 0.1, 0.3)


def test_the_same_cap_again_is_the_same_model_and_a_whole_scene():
    simulator = Simulator()
    first = simulator.set_scene(1000, HERE)
    model = simulator.model
    simulator.set_dropping(True)
    simulator.gripper.place(simulator.data, 0.02)
    simulator.step(50)
    touching = model.geom_contype.copy()
    simulator.set_dropping(False)
    moved = simulator.set_scene(1000, THERE)
    again = simulator.set_scene(1000, HERE)
    assert simulator.model is model
    np.testing.assert_array_equal(again, first)
    assert abs(moved[0, 3] - first[0, 3]) > 0.02
    assert (model.geom_contype != touching).any(), "the cap can be held again"
    assert simulator.gripper.width(simulator.data) == simulator.gripper.record.greatest_width
    assert not simulator.referee.lifted and not simulator.touched


def test_few_are_kept_and_none_of_other_surroundings():
    simulator = Simulator()
    models = []
    for seed in (1000, 1001, None):
        simulator.set_scene(seed, HERE)
        models.append(simulator.model)
    assert KEPT_CELLS == 2
    simulator.set_scene(None)
    assert simulator.model is models[2]
    simulator.set_scene(None, surroundings=draw_surroundings(2))
    assert simulator.model is not models[2]
    simulator.set_scene(1001, HERE)
    assert simulator.model is models[1]
    simulator.set_scene(1000, HERE)
    assert simulator.model is not models[0]
