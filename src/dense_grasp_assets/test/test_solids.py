"""Solids are closed, their contact shape is that of their surface, and each can be pinched where it says."""

import numpy as np
import pytest
from dense_grasp_assets.solids.make import KINDS, make_solid
from dense_grasp_assets.solids.solid import Solid, SolidError, solid_point

HAND = 0.080  # m, between open fingers


@pytest.fixture(scope="module", params=[(kind, seed) for kind in KINDS for seed in (0, 7)], ids=str)
def solid(request: pytest.FixtureRequest) -> Solid:
    return make_solid(*request.param)


def corners_of(solid: Solid) -> np.ndarray:
    return solid.vertices[solid.faces]


def test_faces_look_outwards_as_their_normals_do(solid: Solid) -> None:
    a, b, c = np.moveaxis(corners_of(solid), 1, 0)
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    meant = solid.normals[solid.faces].mean(axis=1)
    assert (normals * meant).sum(axis=1).min() > 0.7
    assert np.allclose(np.linalg.norm(solid.normals, axis=1), 1.0)


def test_the_surface_encloses_what_the_pieces_fill(solid: Solid) -> None:
    """Its volume, by the divergence theorem, is that of the pieces, but for what a mug's handle and ring overlap."""
    a, b, c = np.moveaxis(corners_of(solid), 1, 0)
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)
    pieces = sum(piece.volume for piece in solid.pieces)
    assert volume == pytest.approx(pieces, rel=0.15 if solid.kind == "mug" else 0.01)


def test_texture_coordinates_lie_in_the_picture_and_prints_differ(solid: Solid) -> None:
    assert solid.uv.min() >= 0.0 and solid.uv.max() <= 1.0
    assert solid.texture.dtype == np.uint8 and solid.texture.shape[0] == solid.texture.shape[1]
    colours = len(np.unique(solid.texture[::5, ::5].reshape(-1, 3), axis=0))
    assert colours <= 2 if solid.kind.startswith("plain") else colours > 50


def test_it_rests_and_is_pinched_with_a_hand_of_80_mm(solid: Solid) -> None:
    for rest in solid.rests:
        assert np.allclose(rest @ rest.T, np.eye(3)) and np.linalg.det(rest) > 0
    distance = np.linalg.norm(solid.vertices[:, None] - solid.vertices[None], axis=2).max()
    assert 0.08 < distance < 0.2 and 0.05 < solid.mass < 0.3
    assert 0.003 < solid.thinnest < HAND - 0.01
    a, b, c = np.moveaxis(corners_of(solid), 1, 0)
    assert point_to_triangles(solid.contact, a, b, c) < 1e-4


def point_to_triangles(point, a, b, c) -> float:
    """Least distance (m) over a fine sampling of the triangles that have the point above them."""
    normals = np.cross(b - a, c - a)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    height = ((point - a) * normals).sum(axis=1)
    foot = point - height[:, None] * normals
    edges = ((a, b), (b, c), (c, a))
    inside = np.all([(np.cross(t - s, foot - s) * normals).sum(axis=1) > -1e-9 for s, t in edges], axis=0)
    return float(np.abs(height[inside]).min(initial=np.inf))


def test_a_seed_makes_the_same_again_and_another_one_another() -> None:
    one, again, other = make_solid("mug", 3), make_solid("mug", 3), make_solid("mug", 4)
    assert np.array_equal(one.vertices, again.vertices) and np.array_equal(one.texture, again.texture)
    assert not np.array_equal(one.vertices, other.vertices) and not np.array_equal(one.texture, other.texture)


@pytest.mark.parametrize(
    ("kind", "seed", "words"), [("teapot", 0, "expected one of printed_box"), ("mug", -1, "is -1")]
)
def test_what_cannot_be_made_is_named(kind: str, seed: int, words: str) -> None:
    with pytest.raises(SolidError, match=words):
        make_solid(kind, seed)


def test_a_carton_is_closed_and_wider_than_a_hand_and_its_sides_have_points() -> None:
    carton = make_solid("carton", 1)
    a, b, c = np.moveaxis(corners_of(carton), 1, 0)
    volume = float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0)
    assert volume == pytest.approx(carton.pieces[0].volume, rel=1e-6) and carton.size[:2].min() > HAND + 0.02
    assert np.allclose(solid_point(carton, "top", 0.5, 0.5), carton.contact)
    half = 0.5 * carton.size
    assert np.allclose(solid_point(carton, "back", 0.0, 1.0), [-half[0], -half[1], half[2]])
    assert np.allclose(solid_point(carton, "right", 1.0, 0.5), [half[0], -half[1], 0.0])
    with pytest.raises(SolidError, match="'lid', expected one of front"):
        solid_point(carton, "lid", 0.5, 0.5)
    with pytest.raises(SolidError, match=r"1\.5, 0\.5, expected 0"):
        solid_point(carton, "top", 1.5, 0.5)


def test_what_looks_the_same_after_a_turn_is_the_same(solid: Solid) -> None:
    """Corners go to corners; a print is not the same anywhere else."""
    assert np.allclose(solid.same[0], np.eye(3)) and np.allclose(solid.equal_contacts[0], solid.contact)
    assert (len(solid.same) > 1) == solid.kind.startswith("plain")
    outline = [np.hypot(solid.vertices[:, 0], solid.vertices[:, 1]).max(), np.abs(solid.vertices[:, 2]).max()]
    for turn in solid.same[1:]:
        moved = solid.vertices @ turn.T
        if solid.kind == "plain_box":
            assert np.allclose(np.abs(moved).max(axis=0), np.abs(solid.vertices).max(axis=0))
        assert np.allclose([np.hypot(moved[:, 0], moved[:, 1]).max(), np.abs(moved[:, 2]).max()], outline)
