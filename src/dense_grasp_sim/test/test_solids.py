"""Solids lie still on every face that they rest on, and the strict referee judges a pinch of one."""

from dataclasses import replace

import numpy as np
import pytest
from dense_grasp_assets.solids.files import named_solid, write_solid
from dense_grasp_assets.solids.make import KINDS, SUPPORTS, make_solid
from dense_grasp_assets.solids.solid import Hull, SolidError, solid_point
from dense_grasp_core.geometry import se3
from dense_grasp_sim.physics.physics_check import TopDownIk, pick_at
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.carton import ROOM, the_carton
from dense_grasp_sim.world.cell_model import CellError
from dense_grasp_sim.world.objects import OBJECT_BODY
from dense_grasp_sim.world.placement import PlacementError, Workspace
from dense_grasp_sim.world.scenes import SCENES, SolidScene, scenes_with
from dense_grasp_sim.world.solid_placement import SolidPlacement, random_rest, rest_pose, surroundings_of


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


@pytest.mark.parametrize("kind", ["printed_box", "printed_can", "mug", "hammer"])
def test_it_lies_as_it_was_put_on_each_of_its_rests(simulator: Simulator, kind: str) -> None:
    solid = make_solid(kind, 3)
    for rest in range(len(solid.rests)):
        meant = rest_pose(solid, SolidPlacement(0.5, -0.1, 0.8, rest))
        found = simulator.set_solid(solid, SolidPlacement(0.5, -0.1, 0.8, rest))
        assert np.linalg.norm(found[:3, 3] - meant[:3, 3]) < 0.003
        assert np.trace(found[:3, :3].T @ meant[:3, :3]) > 1.0 + 2.0 * np.cos(np.radians(4.0))
    assert np.allclose(simulator.base_from_object(), found)
    top = se3.transform(found, solid_point(solid, "top", 0.5, 0.5))
    assert np.allclose(simulator.truth("top", 0.5, 0.5).position, top, atol=1e-6)
    with pytest.raises(SolidError, match="'crown', expected one of front"):
        simulator.truth("crown", 0.5, 0.5)
    with pytest.raises(CellError, match="there is no carton beside"):
        simulator.truth("carton/top", 0.5, 0.5)


@pytest.mark.parametrize("kind", ["cap", "printed_can"])
def test_a_carton_stands_beside_it_and_carries_it(simulator: Simulator, kind: str) -> None:
    for seed in range(3):
        if kind == "cap":
            simulator.set_scene(1000 + seed, pose_seed=seed, carton=True)
            outline = se3.transform(simulator.base_from_object(), simulator.cell.cap.vertices)[:, :2]
        else:
            solid = make_solid(kind, 1)
            outline = se3.transform(simulator.set_solid(solid, pose_seed=seed, carton=True), solid.vertices)[:, :2]
        corners = [simulator.truth("carton/top", u, v).position for u, v in ((0, 0), (1, 0), (1, 1), (0, 1))]
        size = the_carton().size
        assert np.allclose([corner[2] for corner in corners], size[2], atol=0.002)
        assert np.linalg.norm(corners[1] - corners[0]) == pytest.approx(size[0], abs=1e-6)
        along, across = (corners[1] - corners[0])[:2] / size[0], (corners[3] - corners[0])[:2] / size[1]
        local = (outline - corners[0][:2]) @ np.array([along, across]).T
        outside = np.maximum(np.maximum(-local, local - size[:2]), 0.0)
        assert np.linalg.norm(outside, axis=1).min() > ROOM - 0.01
    simulator.step(50)
    assert not simulator.touched
    middle = simulator.truth("carton/top", 0.5, 0.5).position
    joint = simulator.data.joint(OBJECT_BODY)
    joint.qpos[:3] = middle + np.array([0.0, 0.0, 0.15])
    joint.qvel[:] = 0.0
    simulator.step(500)
    lowest = se3.transform(simulator.base_from_object(), simulator.cell.object.vertices)[:, 2].min()
    assert lowest > middle[2] - 0.01 and not simulator.touched
    assert np.allclose(simulator.truth("carton/top", 0.5, 0.5).position, middle, atol=0.005)


def test_a_pinch_across_it_is_a_lift(simulator: Simulator) -> None:
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    solid = make_solid("printed_box", 1)
    pose = simulator.set_solid(solid, SolidPlacement(0.5, 0.1, 0.6))
    reason = pick_at(simulator, ik, pose[:3, 3] + [0.0, 0.0, 0.5 * solid.size[2] - 0.02], pose[:3, 0])
    assert reason == "" and simulator.referee.lifted and not simulator.touched
    assert simulator.referee.rule.sheet_thickness == solid.thinnest


def test_a_hand_that_comes_down_on_it_has_touched_it(simulator: Simulator) -> None:
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    solid = make_solid("printed_can", 1)
    pose = simulator.set_solid(solid, SolidPlacement(0.5, 0.1, 0.0))
    pick_at(simulator, ik, pose[:3, 3] + [0.0, 0.0, -0.035], pose[:3, 0])
    assert simulator.touched == {simulator.cell.names.record.hand}


def test_where_it_lies_is_drawn_over_all_rests_and_other_things_leave_the_fingers_room() -> None:
    solid = make_solid("printed_box", 0)
    drawn = [random_rest(seed, solid) for seed in range(12)]
    assert {placement.rest for placement in drawn} == {0, 1, 2}
    assert Workspace().contains(np.array([(p.x, p.y) for p in drawn]), 0.049)
    assert np.ptp([p.yaw for p in drawn]) > 5.0
    beside = 0
    for seed, placement in enumerate(drawn[:6]):
        around = surroundings_of(seed, solid, placement)
        assert bool(around.things) <= bool(seed % 2)
        for thing in around.things:
            gap = np.hypot(thing.x - placement.x, thing.y - placement.y) - thing.radius - np.linalg.norm(solid.size) / 2
            assert gap > 0.069
            beside += 1
    assert beside > 3
    with pytest.raises(PlacementError, match=r"expected 0\.\.2 of the printed_box"):
        rest_pose(solid, SolidPlacement(0.5, 0.0, 0.0, 3))


def test_each_kind_has_a_scene_where_it_is_scanned_and_elsewhere() -> None:
    assert {scene.kind for scene in SCENES.values() if isinstance(scene, SolidScene)} == {*KINDS, *SUPPORTS}
    assert SCENES["mug_elsewhere"] == SolidScene("mug", elsewhere=True)
    assert SCENES["mug_beside_carton"] == SolidScene("mug", carton=True)


def test_a_lying_can_has_rolled_out_when_its_place_is_told():
    """Put down on its side it rolls by 20 mm and 40 degrees for 7 s."""
    simulator = Simulator()
    told = simulator.set_solid(make_solid("printed_can", 1), pose_seed=1003, elsewhere=True)
    simulator.step(2000)
    later = simulator.base_from_object()
    assert np.linalg.norm(later[:3, 3] - told[:3, 3]) < 0.001
    assert se3.rotation_angle(se3.inverse(told) @ later) < np.radians(2.0)


def test_a_solid_of_hulls_from_a_folder_has_its_scenes_lies_still_and_is_lifted(simulator: Simulator, tmp_path):
    """As meshes are."""
    box = make_solid("printed_box", 1)
    half = 0.5 * box.size
    corners = half * np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    write_solid(tmp_path / "brick.npz", replace(box, kind="brick", pieces=(Hull(corners, float(8 * half.prod())),)))
    scenes = scenes_with(str(tmp_path))
    assert scenes["brick_elsewhere"] == SolidScene("brick", elsewhere=True) and "brick" not in scenes_with("")
    brick = named_solid("brick", 1, str(tmp_path))
    for rest in range(len(brick.rests)):
        placement = SolidPlacement(0.5, 0.1, 0.6, rest)
        meant, found = rest_pose(brick, placement), simulator.set_solid(brick, placement)
        assert np.allclose(found, meant, atol=0.003)
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    pose = simulator.set_solid(brick, SolidPlacement(0.5, 0.1, 0.6))
    reason = pick_at(simulator, ik, pose[:3, 3] + [0.0, 0.0, 0.5 * brick.size[2] - 0.02], pose[:3, 0])
    assert reason == "" and simulator.referee.lifted and not simulator.touched
