import cv2
import numpy as np
import pytest
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_train.data import generate
from dense_grasp_train.data.photographs import photographs
from dense_grasp_train.render.textures import make_surface, photo_files


@pytest.fixture
def unreadable(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.jpg"):
        (folder / name).write_bytes(b"no picture")
    return folder


def test_a_folder_of_unreadable_photographs_is_refused(unreadable):
    with pytest.raises(DenseGraspError, match=r"none of the 2 files .* can be read .*a\.png with 10 bytes"):
        photo_files(str(unreadable))
    with pytest.raises(DenseGraspError, match="none of the 2 files"):
        photographs(unreadable, (48, 64))


def test_one_readable_photograph_serves_for_the_others(unreadable):
    colour = (40, 160, 220)
    cv2.imwrite(str(unreadable / "c.png"), np.full((64, 64, 3), colour[::-1], np.uint8))
    for seed in range(3):
        surface = make_surface("photo", np.random.default_rng(seed), 32, str(unreadable))
        assert len(np.unique(surface.reshape(-1, 3), axis=0)) == 1  # the picture's one colour, not noise
    told: list[str] = []
    assert set(photographs(unreadable, (48, 64), told.append)) == {"c.png"}
    assert told == [f"2 files of folder {unreadable} are left out, they cannot be read as pictures: a.png, b.jpg"]


def test_unreadable_photographs_are_named_before_anything_is_rendered(unreadable, tmp_path, capsys):
    cv2.imwrite(str(unreadable / "c.png"), np.full((64, 64, 3), 90, np.uint8))
    mesh = tmp_path / "sheet.obj"
    mesh.write_text("v 0 0 0 1 0 0\nv 0.2 0 0 1 0 0\nv 0 0.2 0 1 0 0\nf 1 2 3\n")
    options = ["--meshes", str(mesh), "--views", "1", "--size", "160x120", "--jobs", "1", "--quiet"]
    command = ["--out", str(tmp_path / "set"), "--photos", str(unreadable), *options]
    assert generate.main(command) == 0
    said = capsys.readouterr().err
    assert f"2 of 3 photographs in {unreadable} are left out, they cannot be read as pictures: a.png, b.jpg" in said
    (unreadable / "a.png").unlink()
    (unreadable / "b.jpg").unlink()
    photo_files.cache_clear()
    assert generate.main(command) == 0
    assert "cannot be read" not in capsys.readouterr().err
