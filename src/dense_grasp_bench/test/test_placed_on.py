"""What was put on the carton is judged by where its middle is, what it lies on, and how it leans."""

import numpy as np
import pytest
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_assets.solids.solid import about
from dense_grasp_bench.bench_place_on import summary
from dense_grasp_bench.placed_on import placed
from dense_grasp_bench.true_pose import covered_middle
from dense_grasp_sim.world.carton import the_carton


def pose(x: float, y: float, z: float, rotation: np.ndarray) -> np.ndarray:
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = rotation, (x, y, z)
    return motion


CAN, CARTON = make_solid("printed_can", 1), the_carton()
ON_TABLE = pose(0.4, -0.1, 0.5 * CAN.size[2], about("z", 0.3))
CARTON_AT = pose(0.5, 0.1, 0.5 * CARTON.size[2], about("z", 0.7))


def stands(x: float, y: float, above: float = 0.0) -> np.ndarray:
    return pose(0.5 + x, 0.1 + y, CARTON.size[2] + 0.5 * CAN.size[2] + above, about("z", 2.0))


@pytest.mark.parametrize(
    ("after", "there"),
    [
        (stands(0.0, 0.0), True),
        (stands(0.015, 0.0), True),
        (stands(0.0, 0.025), False),  # too far from the point
        (stands(0.0, 0.0, -CARTON.size[2]), False),  # on the table
        (stands(0.0, 0.0, 0.02), False),  # in the air
    ],
)
def test_it_counts_when_its_middle_is_near_the_point_and_it_lies_on_the_carton(after: np.ndarray, there: bool) -> None:
    assert placed(CAN, ON_TABLE, after, CARTON, CARTON_AT, upright=True).is_there is there


def test_one_that_fell_over_counts_only_where_it_was_not_to_stand() -> None:
    lying = pose(0.5, 0.1, CARTON.size[2] + 0.5 * CAN.size[0], about("y", 0.5 * np.pi))
    asked, not_asked = (placed(CAN, ON_TABLE, lying, CARTON, CARTON_AT, upright) for upright in (True, False))
    assert asked.leans == pytest.approx(0.5 * np.pi) and "90 deg, upright asked" in str(asked)
    assert not asked.is_there and not_asked.is_there
    assert summary("objects", [asked, not_asked, None]).startswith(
        "objects: 1 of 3 on the point, upright where asked; "
    )
    assert summary("objects", [None]) == "objects: 0 of 1 on the point, upright where asked"


def test_the_middle_of_what_a_hammer_covers_is_nearer_to_its_head() -> None:
    hammer = make_solid("hammer", 1)
    middle = covered_middle(hammer, pose(0.5, 0.0, 0.0, about("z", 0.5 * np.pi)))
    assert middle[0] == pytest.approx(0.5, abs=0.003) and 0.01 < middle[1] < 0.05
