"""A post between arm and cap: where it stands, what the cell notes of it."""

import numpy as np
import pytest
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.placement import Placement, PlacementError, Workspace
from dense_grasp_sim.world.post import POST_AREA, POST_GAP, POST_RADIUS, draw_post


def test_a_post_stands_before_the_object_on_the_line_to_its_middle():
    turn = np.linspace(-np.pi, np.pi, 361)
    outline = np.array([0.55, 0.15]) + 0.1 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    post = draw_post(outline)
    assert post.y / post.x == pytest.approx(0.15 / 0.55)
    gap = np.hypot(*(outline - [post.x, post.y]).T).min() - POST_RADIUS
    assert gap == pytest.approx(POST_GAP, abs=0.002)
    assert np.hypot(post.x, post.y) < np.hypot(0.55, 0.15) - 0.1


def test_caps_behind_a_post_lie_where_the_camera_sees_it_and_what_hits_it_is_noted():
    simulator = Simulator()
    for seed in (2000, 2001):
        simulator.set_scene(seed, pose_seed=seed, post=True)
        (name,) = simulator.cell.things
        post = simulator.data.body(name).xpos
        assert POST_AREA.contains(post[None, :2])
        simulator.step(50)
        assert not simulator.touched
    joint = simulator.data.joint("object")
    joint.qpos[:2] += post[:2] - simulator.base_from_object()[:2, 3]
    simulator.step(50)
    assert simulator.touched == {name}
    simulator.set_scene(2000, Placement(0.5, 0.0, 0.0))
    assert not simulator.touched and not simulator.cell.things


def test_no_pose_before_which_a_post_is_seen_is_an_error():
    simulator = Simulator(workspace=Workspace(x=(0.20, 0.44), y=(-0.2, 0.2)))
    with pytest.raises(PlacementError, match="leaves a post in x"):
        simulator.set_scene(2000, pose_seed=1, post=True)
