import numpy as np
import pytest
from dense_grasp_assets.cap.collision import collision_boxes
from dense_grasp_assets.cap.mesh import PART_NAMES, cap_point, make_cap, make_cap_params
from dense_grasp_assets.cap.surface import in_opening

SEEDS = (0, 5, 1000, 1003)


def rotation(quaternion):
    w, x, y, z = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def distance_to_boxes(boxes, points):
    distance = np.full(len(points), np.inf)
    for centre, half, quaternion in boxes:
        outside = np.maximum(np.abs((points - centre) @ rotation(quaternion)) - half, 0)
        distance = np.minimum(distance, np.linalg.norm(outside, axis=1))
    return distance


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_are_few_thin_and_well_formed(seed):
    boxes = collision_boxes(make_cap_params(seed))
    assert 85 <= len(boxes) <= 105
    for centre, half, quaternion in boxes:
        assert centre.shape == half.shape == (3,)
        assert np.linalg.norm(quaternion) == pytest.approx(1.0)
        assert min(half) == pytest.approx(0.00125)
        assert max(half) < 0.04


@pytest.mark.parametrize("seed", SEEDS)
def test_boxes_cover_the_shell(seed):
    mesh, boxes = make_cap(seed, 0.4), collision_boxes(make_cap_params(seed))
    low = mesh.vertices[:, 2] < 0.8 * mesh.params.height
    solid = low & (mesh.part_id != PART_NAMES.index("button"))
    distance = distance_to_boxes(boxes, mesh.vertices[solid])
    assert np.percentile(distance, 95) < 0.0035
    assert distance.max() < 0.012


@pytest.mark.parametrize("seed", SEEDS)
def test_rear_opening_stays_open(seed):
    params = make_cap_params(seed)
    angle, v = np.meshgrid(np.pi + np.linspace(-0.3, 0.3, 13), np.linspace(0.16, params.opening_top, 13))
    hole = in_opening(params, angle, v)
    points = cap_point(params, "crown", angle[hole] / (2 * np.pi), v[hole])
    assert (distance_to_boxes(collision_boxes(params), points) < 1e-9).mean() < 0.25


@pytest.mark.parametrize("seed", SEEDS)
def test_back_rim_is_one_flat_sheet_across_the_closing_axis(seed):
    params = make_cap_params(seed)
    back = cap_point(params, "crown", 0.5, 0.0)
    x = back[0] + np.linspace(-0.02, 0.02, 401)
    probe = np.stack([x, np.zeros_like(x), np.full_like(x, 0.010)], axis=1)
    inside = distance_to_boxes(collision_boxes(params), probe) < 1e-9
    assert (inside.sum() - 1) * 1e-4 == pytest.approx(params.thickness, abs=0.0006)


@pytest.mark.parametrize("seed", SEEDS)
def test_centre_of_mass_lies_over_the_flattened_top(seed):
    boxes = collision_boxes(make_cap_params(seed))
    volume = np.array([np.prod(half) for _, half, _ in boxes])
    centre = (volume[:, None] * np.array([c for c, _, _ in boxes])).sum(axis=0) / volume.sum()
    highest = max(boxes, key=lambda box: box[0][2])
    assert abs(centre[0]) < 0.7 * highest[1][0]
    assert abs(centre[1]) < 0.1 * highest[1][1]
