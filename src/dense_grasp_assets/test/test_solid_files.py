"""Solids in files: what is written is read, what is damaged is named."""

from pathlib import Path

import numpy as np
import pytest
from dense_grasp_assets.solids.files import named_solid, read_solid, solid_name, solids_in, write_solid
from dense_grasp_assets.solids.make import make_solid
from dense_grasp_assets.solids.solid import Hull, Solid, SolidError, about


@pytest.fixture
def brick() -> Solid:
    half = np.array([0.02, 0.03, 0.04])
    corners = half * np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    faces = np.array([(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5)])
    return Solid(
        "brick",
        0,
        corners,
        faces,
        corners / np.linalg.norm(corners, axis=1, keepdims=True),
        np.zeros((8, 2), np.float32),
        np.full((4, 4, 3), 90, np.uint8),
        (Hull(corners, float(8 * half.prod())), Hull(corners[:4], 1e-6)),
        (np.eye(3), about("y", 0.5 * np.pi)),
        np.array([0.02, 0.0, 0.0]),
        0.04,
        0.1,
        (np.eye(3), about("z", np.pi)),
    )


def test_a_solid_comes_back_as_it_was_written(brick: Solid, tmp_path: Path) -> None:
    write_solid(tmp_path / "brick.npz", brick)
    found = named_solid("brick", 5, str(tmp_path))
    assert (found.kind, found.seed, found.thinnest, found.mass) == ("brick", 5, 0.04, 0.1)
    for name in ("vertices", "faces", "normals", "uv", "texture", "rests", "contact", "same"):
        assert np.array_equal(getattr(found, name), getattr(brick, name)), name
    for hull, meant in zip(found.pieces, brick.pieces, strict=True):
        assert np.array_equal(hull.corners, meant.corners) and hull.volume == meant.volume
    assert solids_in(str(tmp_path)) == ("brick",) and solids_in("") == ()


def test_those_made_in_code_are_named_beside_those_in_the_folder(brick: Solid, tmp_path: Path) -> None:
    write_solid(tmp_path / "brick.npz", brick)
    assert np.array_equal(named_solid("mug", 3, str(tmp_path)).vertices, make_solid("mug", 3).vertices)
    with pytest.raises(SolidError, match=r"'teapot', expected one of printed_box, .*brick"):
        named_solid("teapot", 0, str(tmp_path))
    with pytest.raises(SolidError, match="seed of the brick is -1"):
        named_solid("brick", -1, str(tmp_path))


def test_a_file_of_another_format_is_to_be_made_anew(brick: Solid, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("dense_grasp_assets.solids.files._FORMAT", 1)
    write_solid(tmp_path / "brick.npz", brick)
    monkeypatch.undo()
    with pytest.raises(SolidError, match=r"brick\.npz has the format 1, expected 2: make it anew"):
        read_solid(tmp_path / "brick.npz")


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"x" * 99])
def test_a_damaged_file_is_named(brick: Solid, tmp_path: Path, damage) -> None:
    path = tmp_path / "brick.npz"
    write_solid(path, brick)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(SolidError, match=r"brick\.npz cannot be read as a solid"):
        read_solid(path)


def test_a_solid_of_other_pieces_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(SolidError, match="expected hulls alone"):
        write_solid(tmp_path / "mug.npz", make_solid("mug", 0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "name"), [("Milk Carton (1)", "milk_carton_1"), ("mug", "mug_mesh"), ("café", "caf"), ("a" * 80, "a" * 60)]
)
def test_a_solid_is_called_after_its_file_in_words_that_scenes_and_stores_take(text: str, name: str) -> None:
    assert solid_name(text) == name


def test_a_file_without_letters_cannot_name_a_solid() -> None:
    with pytest.raises(SolidError, match="expected letters or digits"):
        solid_name("（）")
