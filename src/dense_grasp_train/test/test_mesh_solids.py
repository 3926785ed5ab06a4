"""Solids of meshes: their colours, convex pieces, rests and pinch, judged on shapes whose answers are known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from dense_grasp_assets.solids.files import read_solid
from dense_grasp_train.render.raycast import RenderMesh
from dense_grasp_train.render.surface_colour import Picture, colours_at, sample_picture
from dense_grasp_train.render.texture_atlas import LARGEST, AtlasError, bake
from dense_grasp_train.solids.command import main
from dense_grasp_train.solids.make import solid_of
from dense_grasp_train.solids.rests import PinchError, choose_pinch, rests_of

RNG = np.random.default_rng(5)


def coloured(path: Path, mesh: trimesh.Trimesh) -> Path:
    """The mesh with colours at its vertices, as PLY."""
    shade = np.clip(120 + 4000 * (mesh.vertices - mesh.vertices.mean(0)), 20, 235).astype(np.uint8)
    mesh.visual = trimesh.visual.ColorVisuals(mesh, vertex_colors=np.c_[shade, np.full(len(shade), 255, np.uint8)])
    mesh.export(path)
    return path


def mug() -> trimesh.Trimesh:
    profile = np.array([[0, 0], [36, 0], [36, 90], [32, 90], [32, 5], [0, 5]]) / 1000.0
    return trimesh.creation.revolve(profile, sections=40)


@pytest.mark.parametrize("colours", [False, True], ids=["pictures", "and colours at the corners"])
def test_the_baked_picture_shows_what_the_mesh_shows(colours: bool) -> None:
    """Two pictures, one of them going on beyond its border."""
    box = trimesh.creation.box((0.06, 0.04, 0.1))
    box.unmerge_vertices()
    pictures = tuple(Picture(RNG.integers(0, 255, (6, 5, 3)).astype(np.uint8)) for _ in range(2))
    mesh = RenderMesh(
        np.asarray(box.vertices),
        np.asarray(box.faces),
        np.asarray(box.vertex_normals),
        RNG.uniform(-0.6, 1.6, (len(box.vertices), 2)),
        pictures[0].pixels,
        pictures=pictures,
        picture_of_face=np.arange(len(box.faces)) % 2,
        colours=RNG.uniform(60, 255, (len(box.vertices), 3)).astype(np.float32) if colours else None,
    )
    uv, picture = bake(mesh)
    faces = np.repeat(np.arange(len(mesh.faces)), 200)
    weights = RNG.dirichlet((1, 1, 1), len(faces))
    meant = colours_at(mesh, faces, weights)
    at = np.einsum("nk,nkc->nc", weights, uv[faces])
    off = np.abs(sample_picture(Picture(picture, ("clamp", "clamp")), at) - meant).max(axis=1)
    assert np.median(off) < 6 and np.quantile(off, 0.9) < 25
    assert uv.min() >= 0 and uv.max() <= 1


def test_a_mesh_whose_triangles_find_no_place_is_refused() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=2)
    many = np.tile(sphere.faces, (LARGEST**2 // 25 // len(sphere.faces) + 2, 1))
    mesh = RenderMesh(
        np.asarray(sphere.vertices) * 0.05,
        many,
        np.asarray(sphere.vertex_normals),
        np.zeros((len(sphere.vertices), 2)),
        np.zeros((1, 1, 3), np.uint8),
    )
    with pytest.raises(AtlasError, match="triangles, too many for a picture"):
        bake(mesh)


def test_a_box_lies_on_its_faces_and_is_pinched_across_its_thin_side() -> None:
    box = trimesh.creation.box((0.03, 0.1, 0.15))
    rests = rests_of(box, np.zeros(3))
    assert {tuple(np.round(rest.rotation[2]).astype(int)) for rest in rests[:2]} == {(1, 0, 0), (-1, 0, 0)}
    assert rests[0].height == pytest.approx(0.015) and sum(rest.share for rest in rests) > 0.9
    pinch = choose_pinch(box, np.zeros(3), "box")
    assert pinch.width == pytest.approx(0.03, abs=1e-4) and abs(abs(pinch.contact[0]) - 0.015) < 1e-6
    # lying on its large faces it is wider than a hand from above
    assert all(abs(rest.rotation[2, 0]) < 0.1 for rest in pinch.rests) and len(pinch.rests) == 4
    assert np.abs(pinch.contact[1:]).max() < 0.01


def test_the_sides_of_a_can_are_a_few_rests_and_not_one_for_each_facet() -> None:
    can = trimesh.creation.cylinder(0.025, 0.08, sections=60)
    assert 2 < len(rests_of(can, np.zeros(3))) < 30
    assert choose_pinch(can, np.zeros(3), "can").width == pytest.approx(0.05, abs=1e-3)


def test_a_mug_is_hollow_for_the_physics_and_pinched_at_its_wall(tmp_path: Path) -> None:
    solid = solid_of(coloured(tmp_path / "my_mug.ply", mug()))
    assert solid.kind == "my_mug" and len(solid.pieces) > 4
    volume = sum(hull.volume for hull in solid.pieces)
    assert volume < 0.45 * trimesh.convex.convex_hull(solid.vertices).volume
    up = solid.rests[0] @ np.array([0.0, 0.0, 1.0])
    assert np.allclose(np.abs(up), [0, 0, 1]) and 2 * solid.thinnest < 0.01
    assert 0.03 <= solid.mass <= 0.3


def test_the_surface_of_a_solid_is_the_meshs_and_looks_outwards(tmp_path: Path) -> None:
    block = trimesh.creation.box((0.04, 0.06, 0.1))
    block.invert()  # a file whose faces look inwards
    solid = solid_of(coloured(tmp_path / "block.ply", block))
    assert np.allclose(np.sort(solid.size), [0.04, 0.06, 0.1], atol=1e-6)
    a, b, c = np.moveaxis(solid.vertices[solid.faces], 1, 0)
    assert float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum()) / 6 == pytest.approx(0.04 * 0.06 * 0.1, rel=1e-6)
    normals = np.cross(b - a, c - a)
    assert (normals * solid.normals[solid.faces].mean(axis=1)).sum(axis=1).min() > 0
    assert np.abs(np.abs(solid.contact) - 0.5 * solid.size).min() < 1e-6
    assert sum(hull.volume for hull in solid.pieces) == pytest.approx(0.04 * 0.06 * 0.1, rel=0.02)


def test_what_no_hand_can_pinch_is_said_with_its_size() -> None:
    with pytest.raises(PinchError, match=r"slab: no place .* is its unit right\?"):
        choose_pinch(trimesh.creation.box((0.3, 0.3, 0.2)), np.zeros(3), "slab")


def test_the_command_writes_each_and_names_what_it_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "meshes"
    folder.mkdir()
    coloured(folder / "block.ply", trimesh.creation.box((40, 60, 100)))
    trimesh.creation.box((40, 60, 100)).export(folder / "bare.stl")
    assert main([str(folder), "--to", str(tmp_path / "solids"), "--mesh-unit", "mm"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("block: 10.0 x 6.0 x 4.0 cm, ") and "bare: left out: mesh" in said.err
    assert [path.name for path in (tmp_path / "solids").iterdir()] == ["block.npz"]
    solid = read_solid(tmp_path / "solids" / "block.npz")
    assert replace(solid, seed=3).kind == "block" and np.ptp(solid.texture) > 60


def test_two_meshes_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    coloured(tmp_path / "block.ply", trimesh.creation.box((0.04, 0.06, 0.1)))
    coloured(tmp_path / "Block.glb", trimesh.creation.box((0.04, 0.06, 0.1)))
    assert main([str(tmp_path), "--to", str(tmp_path / "solids")]) == 1
    assert "meshes have one name: block" in capsys.readouterr().err


def painted_box(path: Path, paint) -> Path:
    """A box of 10 x 6 x 4 cm, finely cut, corners coloured by `paint` of their places (n, 3), -1..1 each."""
    box = trimesh.creation.box((0.1, 0.06, 0.04)).subdivide_to_size(0.004)
    shade = np.clip(paint(box.vertices / [0.05, 0.03, 0.02]), 0, 255).astype(np.uint8)
    box.visual = trimesh.visual.ColorVisuals(box, vertex_colors=np.c_[shade, np.full(len(shade), 255, np.uint8)])
    box.export(path)
    return path


@pytest.mark.parametrize(
    ("paint", "count"),
    [
        (lambda at: np.full((len(at), 3), 140.0), 4),
        (lambda at: np.c_[128 + 100 * at[:, 0], np.full((len(at), 2), 90.0)], 2),
        (lambda at: np.c_[128 + 60 * at[:, 0] + 60 * at[:, 1], np.full((len(at), 2), 90.0)], 1),
        (lambda at: np.c_[128 + 100 * at[:, 0] * at[:, 1], np.full((len(at), 2), 90.0)], 2),
    ],
    ids=["plain", "its ends differ", "its ends and sides differ", "one print on both faces"],
)
def test_the_turns_after_which_a_box_looks_the_same(tmp_path: Path, paint, count: int) -> None:
    solid = solid_of(painted_box(tmp_path / "box.ply", paint))
    assert len(solid.same) == count
    np.testing.assert_array_equal(solid.same[0], np.eye(3))
    for turn in solid.same[1:]:
        np.testing.assert_allclose(turn @ turn, np.eye(3), atol=1e-9)
    assert len(solid.equal_contacts) == count
