import time

import numpy as np
import pytest
from dense_grasp_assets.cap.mesh import PART_NAMES, CapError, cap_point, make_cap, make_cap_params
from dense_grasp_assets.cap.surface import in_opening
from scipy.spatial import cKDTree

LOW = 0.4


@pytest.fixture(scope="module")
def cap():
    return make_cap(11, LOW)


def distance_to_mesh(mesh, points):
    """Distance (N,) of points to the mesh's dense surface samples, metres."""
    corner = mesh.vertices[mesh.faces]
    grid = [(a, b) for a in np.linspace(0, 1, 5) for b in np.linspace(0, 1, 5) if a + b <= 1]
    samples = [corner[:, 0] * (1 - a - b) + corner[:, 1] * a + corner[:, 2] * b for a, b in grid]
    return cKDTree(np.concatenate(samples)).query(points)[0]


def test_vertices_are_the_analytic_points_of_their_coordinates(cap):
    for index, part in enumerate(PART_NAMES):
        chosen = (cap.part_id == index) & (cap.part_uv[:, 1] > 1e-9)
        points = cap_point(cap.params, part, cap.part_uv[chosen, 0], cap.part_uv[chosen, 1])
        distance = np.linalg.norm(points - cap.vertices[chosen], axis=1)
        # The walls between outside and inside carry the coordinates of their outer edge.
        assert np.median(distance) < 1e-9, part
        assert distance.max() < cap.params.thickness + 1e-6, part


@pytest.mark.parametrize("seed", [0, 1003])
def test_cap_point_lies_on_the_mesh_surface(seed):
    mesh = make_cap(seed, LOW)
    rng = np.random.default_rng(0)
    for part in PART_NAMES:
        u, v = rng.uniform(0, 1, 300), rng.uniform(0, 1, 300)
        if part in ("crown", "inner_crown"):
            kept = ~in_opening(mesh.params, 2 * np.pi * u, v)
            u, v = u[kept], v[kept]
        elif part == "sweatband":
            kept = np.abs(u - 0.5) > mesh.params.opening_half_angle / (2 * np.pi)
            u, v = u[kept], v[kept]
        distance = distance_to_mesh(mesh, cap_point(mesh.params, part, u, v))
        assert np.percentile(distance, 95) < 0.002, part
        assert distance.max() < 0.004, part


def test_every_edge_belongs_to_two_faces():
    for seed, resolution in ((0, LOW), (3, LOW), (26, 0.65)):
        mesh = make_cap(seed, resolution)
        faces = mesh.faces[mesh.part_id[mesh.faces[:, 0]] != PART_NAMES.index("button")]
        _, joined = np.unique(np.round(mesh.vertices, 7), axis=0, return_inverse=True)
        corner = joined.ravel()[faces]
        edges = np.sort(np.concatenate([corner[:, [0, 1]], corner[:, [1, 2]], corner[:, [2, 0]]]), axis=1)
        _, counts = np.unique(edges[edges[:, 0] != edges[:, 1]], axis=0, return_counts=True)
        assert (counts == 2).all(), (seed, (counts != 2).sum())


def test_faces_turn_outward_and_normals_agree(cap):
    corner = cap.vertices[cap.faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    area = np.linalg.norm(normal, axis=1)
    agree = np.einsum("ij,ij->i", normal, cap.normals[cap.faces].mean(axis=1)) > 0
    assert area[agree].sum() > 0.995 * area.sum()
    assert np.linalg.norm(cap.normals, axis=1) == pytest.approx(1.0)


def test_size_is_that_of_a_cap():
    for seed in (0, 1, 2, 1000, 1001):
        mesh = make_cap(seed, LOW)
        size = np.ptp(mesh.vertices, axis=0)
        assert 0.22 < size[0] < 0.31
        assert 0.14 < size[1] < 0.18
        assert 0.10 < size[2] < 0.17
        area = 0.5 * np.linalg.norm(
            np.cross(*(mesh.vertices[mesh.faces[:, k]] - mesh.vertices[mesh.faces[:, 0]] for k in (1, 2))),
            axis=1,
        )
        assert 0.08 < area.sum() < 0.18


def test_a_face_never_mixes_parts(cap):
    assert (cap.part_id[cap.faces] == cap.part_id[cap.faces[:, :1]]).all()
    assert set(cap.part_id) == set(range(len(PART_NAMES)))


def test_texture_coordinates_stay_within_the_image(cap):
    assert cap.uv.min() >= 0 and cap.uv.max() <= 1
    assert cap.part_uv.min() >= 0 and cap.part_uv.max() <= 1
    assert cap.texture.dtype == np.uint8 and cap.texture.shape == (512, 512, 3)


def test_same_seed_same_arrays():
    first, second = make_cap(42, LOW), make_cap(42, LOW)
    for name in ("vertices", "faces", "normals", "uv", "texture", "part_id", "part_uv"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert not np.array_equal(first.texture, make_cap(43, LOW).texture)


def test_resolution_sets_the_number_of_faces():
    assert 5_000 < len(make_cap(3, LOW).faces) < 12_000
    assert 20_000 < len(make_cap(3).faces) < 60_000
    with pytest.raises(CapError, match=r"0\.01"):
        make_cap(3, 0.01)


def test_building_takes_as_long_as_there_are_faces():
    """Compared with itself: a machine that is slow or busy is so for both."""
    make_cap(1, LOW)
    start = time.process_time()
    few = len(make_cap(2, LOW).faces)
    middle = time.process_time()
    many = len(make_cap(2).faces)
    assert time.process_time() - middle < 3.0 * many / few * (middle - start)
    assert middle - start < 10.0


def test_rear_opening_is_a_hole_above_a_strap():
    mesh = make_cap(6, LOW)
    params = make_cap_params(6)
    hole = cap_point(params, "crown", 0.5, 0.5 * (0.13 + params.opening_top))
    strap = cap_point(params, "strap", 0.5, 0.5)
    assert distance_to_mesh(mesh, hole[None])[0] > 0.01
    assert distance_to_mesh(mesh, strap[None])[0] < 0.0015
