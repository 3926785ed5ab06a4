"""Tables without a cap: each seed another one, and nothing of it is a cap."""

import mujoco
import numpy as np
import pytest
from dense_grasp_sim.devices.camera import CellRenderer
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import CellSettings, build_cell
from dense_grasp_sim.world.placement import Workspace
from dense_grasp_sim.world.surroundings import (
    KINDS,
    SurroundingsError,
    Thing,
    configured,
    draw_surroundings,
    lathe,
    vessel_profile,
)
from dense_grasp_sim.world.textures import TABLES, table_picture

SEEDS = range(3000, 3020)


def test_the_same_seed_is_the_same_table():
    first, second = draw_surroundings(7), draw_surroundings(7)
    assert (first.words, first.things, first.light) == (second.words, second.things, second.light)
    np.testing.assert_array_equal(first.table, second.table)


def test_seeds_differ_in_table_and_light():
    drawn = [draw_surroundings(seed) for seed in SEEDS]
    assert len({around.light for around in drawn}) == len(drawn)
    means = np.array([around.table.mean(axis=(0, 1)) for around in drawn])
    assert means.std(axis=0).min() > 20.0
    assert len({around.words.split(",")[0] for around in drawn}) >= 5


def test_half_of_the_tables_hold_things_that_stand_apart_in_the_workspace():
    drawn = [draw_surroundings(seed) for seed in SEEDS]
    assert [bool(around.things) for around in drawn] == [bool(seed % 2) for seed in SEEDS]
    assert {thing.kind for around in drawn for thing in around.things} == set(KINDS)
    for around in drawn:
        assert len(around.things) in (0, 2, 3, 4)
        for i, thing in enumerate(around.things):
            assert Workspace().contains(np.array([[thing.x, thing.y]]))
            for other in around.things[:i]:
                assert np.hypot(thing.x - other.x, thing.y - other.y) > thing.radius + other.radius


def test_a_negative_seed_is_named():
    with pytest.raises(SurroundingsError, match="is -1, expected 0 or larger"):
        draw_surroundings(-1)


@pytest.mark.parametrize("style", TABLES)
def test_a_table_top_is_a_picture(style):
    picture = table_picture(style, 3, size=256)
    assert picture.shape == (256, 256, 3) and picture.dtype == np.uint8
    assert 10 < picture.mean() < 250
    assert (picture != table_picture(style, 4, size=256)).any()


@pytest.mark.parametrize("kind", ["mug", "bowl", "plate"])
def test_a_vessel_is_closed_and_hollow(kind):
    thing = Thing(kind, 0.0, 0.0, 0.0, 0.08, 0.06, (1, 1, 1), (1, 1, 1))
    vertices, faces = lathe(vessel_profile(thing))
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    directed = {tuple(edge) for edge in edges}
    assert len(directed) == len(edges) and all((b, a) in directed for a, b in directed)
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert 0.0 < volume < 0.5 * np.pi * thing.radius**2 * thing.height
    assert np.hypot(*vertices[:, :2].T).max() == pytest.approx(thing.radius)
    assert vertices[:, 2].min() == 0.0 and vertices[:, 2].max() == pytest.approx(thing.height)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_stands_on_the_table_within_its_circle(kind):
    around = configured(0)
    thing = Thing(kind, 0.5, 0.1, 0.7, 0.05, 0.1 if kind == "ball" else 0.06, (0.8, 0.2, 0.2), (0.1, 0.2, 0.9))
    cell = build_cell(CellSettings(), surroundings=type(around)(around.table, around.light, (thing,), kind))
    model, data = cell.model, mujoco.MjData(cell.model)
    mujoco.mj_forward(model, data)
    body = model.body(f"{kind}_0").id
    geoms = [g for g in range(model.ngeom) if model.geom_bodyid[g] == body]
    assert geoms
    for geom in geoms:
        distance = np.hypot(*(data.geom_xpos[geom, :2] - [0.5, 0.1]))
        assert distance < 0.08
        assert -0.001 < data.geom_xpos[geom, 2] < 0.11
    assert cell.cap is None


def test_the_camera_sees_another_picture_each_time_and_the_things_in_depth():
    simulator, renderer = Simulator(), CellRenderer()
    try:
        pictures = {}
        for seed in (3000, 3001, 3002):
            simulator.set_scene(None, surroundings=draw_surroundings(seed))
            pictures[seed] = renderer.render(simulator.snapshot())
        for a, b in ((3000, 3001), (3000, 3002)):
            difference = np.abs(pictures[a].rgb.astype(float) - pictures[b].rgb.astype(float)).mean()
            assert difference > 10.0
        # Less than the table's depth of 0.62 m: something stands there.
        centre = (slice(60, 420), slice(80, 560))
        assert (pictures[3001].depth[centre] < 0.60).mean() > 0.01
        assert (pictures[3002].depth[centre] < 0.60).mean() == 0.0
    finally:
        renderer.close()
