"""Three of a solid among three others lie apart and still, and the referee says of the one in the hand what it says."""

import numpy as np
import pytest
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_sim.physics.crowd_watch import CrowdWatch
from dense_grasp_sim.physics.physics_check import TopDownIk, pick_at
from dense_grasp_sim.physics.referee import pad_names
from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.world.cell_model import CellError
from dense_grasp_sim.world.crowd import (
    APART,
    BIN,
    EQUAL,
    OTHERS,
    apart,
    crowd_surroundings,
    draw_crowd,
    in_bin,
    outline_reach,
)
from dense_grasp_sim.world.placement import PlacementError, Workspace
from dense_grasp_sim.world.scenes import SCENES, SolidScene
from dense_grasp_sim.world.solid_placement import SolidPlacement, rest_pose

BOX = make_solid("printed_box", 1)
#: Of a table on which the second or the third stands.
SEED = next(seed for seed in range(50) if any(place.rest == 0 for place in draw_crowd(BOX, seed).placements[1:]))


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


def test_what_is_drawn_lies_apart_on_any_face_and_differs_from_seed_to_seed() -> None:
    crowds = [draw_crowd(BOX, seed) for seed in range(8)]
    for crowd in crowds:
        reaches = [outline_reach(*one) for one in crowd.all]
        gaps = [apart(a, b) for number, a in enumerate(reaches) for b in reaches[:number]]
        assert len(gaps) == 15 and min(gaps) >= APART
        others = [solid.kind for solid, _ in crowd.others]
        assert len(set(others)) == OTHERS and BOX.kind not in others
        assert Workspace().contains(np.array([(place.x, place.y) for _, place in crowd.all]))
    assert {place.rest for crowd in crowds for place in crowd.placements} == {0, 1, 2}
    assert len({crowd.placements[0].x for crowd in crowds}) == len(crowds)
    assert [thing.kind for thing in crowd_surroundings(3).things] == ["bin"]
    with pytest.raises(PlacementError, match="pose_seed is -1, expected 0 or larger"):
        draw_crowd(BOX, -1)


def test_the_gap_between_two_outlines_is_that_of_their_nearest_points() -> None:
    length, width = BOX.size[2], BOX.size[1]
    lying = [outline_reach(BOX, SolidPlacement(x, 0.0, 0.0, 1)) for x in (0.4, 0.6, 0.4 + 0.5 * length)]
    assert apart(lying[0], lying[1]) == pytest.approx(0.2 - length, abs=1e-4)
    assert apart(lying[0], lying[2]) == pytest.approx(-0.5 * length, abs=1e-4)
    aslant = outline_reach(BOX, SolidPlacement(0.4, 0.2, 0.0, 1))
    assert apart(lying[1], aslant) == pytest.approx(np.hypot(0.2 - length, 0.2 - width), abs=1e-4)


def test_they_lie_where_they_were_put_and_nothing_is_touched(simulator: Simulator) -> None:
    for seed in range(3):
        crowd = draw_crowd(BOX, seed)
        simulator.set_crowd(BOX, seed)
        for name, one in zip(simulator.cell.equals, crowd.placements, strict=True):
            middle = np.mean([simulator.truth(f"{name}/{side}", 0.5, 0.5).position for side in ("top", "bottom")], 0)
            assert np.allclose(middle, rest_pose(BOX, one)[:3, 3], atol=0.003)
        simulator.step(100)
        assert not simulator.touched and len(simulator.cell.beside) == EQUAL - 1 + OTHERS
    with pytest.raises(CellError, match="there is no object_4 beside"):
        simulator.truth("object_4/top", 0.5, 0.5)


def test_the_report_is_of_the_one_that_the_hand_took_last(simulator: Simulator) -> None:
    ik = TopDownIk(simulator.cell.urdf, simulator.cell.names.record)
    simulator.set_crowd(BOX, SEED)
    first = simulator.truth("reported/top", 0.5, 0.5).position
    assert np.allclose(first, simulator.truth("object/top", 0.5, 0.5).position)
    number = next(n for n, place in enumerate(draw_crowd(BOX, SEED).placements, 1) if n > 1 and place.rest == 0)
    corners = [simulator.truth(f"object_{number}/{side}", 0.5, 0.5).position for side in ("front", "back", "top")]
    reason = pick_at(simulator, ik, corners[2] - [0.0, 0.0, 0.02], corners[0] - corners[1])
    assert reason == "" and simulator.referee.lifted
    taken = simulator.truth("reported/top", 0.5, 0.5).position
    assert np.allclose(taken, simulator.truth(f"object_{number}/top", 0.5, 0.5).position) and taken[2] > 0.2
    assert np.allclose(simulator.truth("object/top", 0.5, 0.5).position, first, atol=1e-3)


def test_what_is_let_go_over_the_bin_falls_into_it_and_on_no_tower(simulator: Simulator) -> None:
    simulator.set_crowd(BOX, 0)
    for number, name in enumerate(simulator.cell.equals):
        joint = simulator.data.joint(name)
        joint.qpos[:] = BIN.x, BIN.y - 0.02, 0.35, np.cos(number), 0.0, 0.0, np.sin(number)
        joint.qvel[:] = 0.0
        simulator.step(1000)
    places = [simulator.data.joint(name).qpos[:3] for name in simulator.cell.equals]
    assert all(in_bin(place) and place[2] < 0.15 for place in places)
    assert not simulator.touched
    assert not in_bin(np.array([BIN.x, BIN.y, 0.35])) and not in_bin(np.array([0.5, 0.0, 0.05]))


LEFT, RIGHT = "fr3_leftfinger", "fr3_rightfinger"


def contact(body: str, by: str, geom: str = "") -> tuple[str, str, str, str]:
    return ("", body, geom, by)


@pytest.mark.parametrize(
    ("instants", "touched"),
    [
        ([["mug_beside|table", "object|table"]], set()),
        ([["object|world", "mug_beside|object"]], {"mug_beside"}),
        ([[f"mug_beside|{LEFT}"]], {"mug_beside"}),
        ([["bin_0|fr3_hand"]], {"bin_0"}),
        ([["bin_0|object"]], set()),
        ([["object_2|fr3_hand"]], {"fr3_hand"}),
        ([["object_2|object_3"]], {"object_2", "object_3"}),
        ([[f"object_2|{LEFT}"]], set()),  # on the way to it
        ([[f"object_2|{LEFT}"], ["HOLDS object_2"]], set()),
        ([[f"object_3|{LEFT}"], ["HOLDS object_2"]], {"object_3"}),
        ([["HOLDS object_2", f"object_3|{LEFT}"]], {"object_3"}),
        ([["HOLDS object"], [f"object|{LEFT}"], ["HOLDS object_2"]], set()),  # let go, and the next one taken
        ([[f"object|{LEFT}"], ["HOLDS object_2"]], {"object"}),
        ([["HOLDS object_2", "object_2|object_3"]], {"object_3"}),
    ],
)
def test_what_should_not_be_touched(simulator: Simulator, instants: list[list[str]], touched: set[str]) -> None:
    crowd = next(seed for seed in range(20) if "mug" in {one.kind for one, _ in draw_crowd(BOX, seed).others})
    simulator.set_crowd(BOX, crowd)
    pads = pad_names(simulator.cell.names)
    watch = CrowdWatch(simulator.cell, pads)
    for instant in instants:
        pairs = []
        for text in instant:
            if text.startswith("HOLDS "):
                pairs += [
                    contact(text.split()[1], finger, pad)
                    for finger, pad in zip((LEFT, RIGHT), sorted(pads), strict=True)
                ]
            else:
                pairs.append(contact(*text.split("|")))
        watch.update(pairs, [])
    assert watch.touched == touched


def test_those_in_the_bin_may_touch_each_other(simulator: Simulator) -> None:
    simulator.set_crowd(BOX, 0)
    watch = CrowdWatch(simulator.cell, pad_names(simulator.cell.names))
    watch.update([contact("object_2", "object_3")], ["object_2"])
    assert not watch.touched


def test_each_kind_has_the_scene() -> None:
    assert SCENES["mug_three_among_others"] == SolidScene("mug", crowd=True)
