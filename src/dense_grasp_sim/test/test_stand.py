"""A cap on a hat stand: where it is put, that it hangs there still, what counts as touched."""

import math

import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import cap_point, make_cap
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import CellError
from dense_grasp_sim.world.hat_stand import (
    BRIM_AREA,
    BRIM_TURN,
    STAND_AREA,
    STAND_HEIGHT,
    brim_turn,
    draw_stand,
    hanging_height,
    placement_on_stand,
)
from dense_grasp_sim.world.placement import ON_STAND, Placement, PlacementError, rotation_of


def test_a_brim_that_points_to_the_base_is_not_turned():
    assert brim_turn(Placement(0.5, 0.0, math.pi, ON_STAND)) == pytest.approx(0.0)
    assert brim_turn(Placement(0.3, 0.3, math.radians(-135 + 30), ON_STAND)) == pytest.approx(math.radians(30))
    assert abs(brim_turn(Placement(0.5, 0.0, 0.0, ON_STAND))) == pytest.approx(math.pi)


def test_poses_keep_their_range_and_use_it():
    cap = make_cap(2000, 0.15)
    edge = cap_point(cap.params, "brim", 0.5, 1.0)
    placements = [placement_on_stand(seed, cap) for seed in range(200)]
    for placement in placements:
        assert STAND_AREA.contains(np.array([[placement.x, placement.y]]))
        assert BRIM_AREA.contains((rotation_of(placement) @ edge)[None, :2] + [placement.x, placement.y])
    turns = np.degrees([brim_turn(placement) for placement in placements])
    assert np.abs(turns).max() <= math.degrees(BRIM_TURN)
    assert np.histogram(turns, bins=6, range=(-120, 120))[0].min() > 10
    assert placement_on_stand(7, cap) == placements[7]


@pytest.mark.parametrize("seed", [13, 2001])
def test_a_cap_hangs_still_crown_up_with_its_brim_free(seed):
    simulator = Simulator()
    before = simulator.set_scene(seed, pose_seed=seed, posture=ON_STAND)
    assert before[2, 2] > math.cos(math.radians(8.0))
    assert before[2, 3] == pytest.approx(hanging_height(simulator.cell.cap), abs=0.012)
    simulator.step(500)
    np.testing.assert_allclose(simulator.base_from_object(), before, atol=2e-3)
    edge = simulator.truth("brim", 0.5, 0.8)
    assert edge.visible and edge.position[2] > 0.12, "half the hand's width is free below it"
    button = simulator.truth("button", 0.0, 1.0)
    assert button.visible and button.depth > 0.3, "the depth camera sees nothing nearer"
    assert simulator.referee.last.contacts.others == ("stand_0",)


def test_the_cap_on_it_is_no_touch_of_the_stand_but_the_arm_is():
    simulator = Simulator()
    simulator.set_scene(2000, Placement(0.5, 0.0, math.pi, ON_STAND))
    simulator.step(50)
    assert not simulator.touched
    simulator.model.body("stand_0").pos[:2] = simulator.data.body("fr3_leftfinger").xpos[:2]
    simulator.model.body("stand_0").pos[2] = simulator.data.body("fr3_leftfinger").xpos[2] - STAND_HEIGHT
    simulator.step(50)
    assert simulator.touched == {"stand_0"}


def test_a_cap_that_falls_off_is_an_error(monkeypatch):
    def beside(placement):
        return draw_stand(Placement(placement.x, placement.y + 0.15, 0.0, ON_STAND))

    monkeypatch.setattr("dense_grasp_sim.physics.simulator.draw_stand", beside)
    with pytest.raises(CellError, match="fell off its stand"):
        Simulator().set_scene(2000, Placement(0.5, 0.0, math.pi, ON_STAND))


def test_a_post_before_a_stand_is_refused():
    with pytest.raises(PlacementError, match="cap on the table"):
        Simulator().set_scene(2000, pose_seed=1, posture=ON_STAND, post=True)
