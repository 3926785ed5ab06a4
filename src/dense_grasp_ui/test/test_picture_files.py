"""Which files of folders, scans and data sets are inspected."""

import cv2
import numpy as np
import pytest
from dense_grasp_ui.inspecting.inspected import Inspected
from dense_grasp_ui.inspecting.picture_files import NoPicturesError, picture_files, short_names
from dense_grasp_ui.pictures.encoding import PictureError


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def test_of_a_data_set_and_of_a_scan_only_colour_pictures_are_taken(tmp_path):
    touch(tmp_path, *(f"test/00000{scene}/{kind}/000000.png" for scene in (1, 2) for kind in ("rgb", "depth", "mask")))
    touch(tmp_path, "models/obj_000001.ply", "test/000001/scene_gt.json", "cap/rgb/a.JPG", "cap/mask/a.png")
    found = [str(path.relative_to(tmp_path)) for path in picture_files([tmp_path])]
    assert found == ["cap/rgb/a.JPG", "test/000001/rgb/000000.png", "test/000002/rgb/000000.png"]
    assert picture_files([tmp_path / "test/000002"]) == [tmp_path / "test/000002/rgb/000000.png"]


def test_files_and_folders_are_taken_in_the_order_given_and_once(tmp_path):
    touch(tmp_path, "b.png", "a.jpg", ".hidden.png", "notes.txt")
    found = picture_files([tmp_path / "b.png", tmp_path])
    assert [path.name for path in found] == ["b.png", "a.jpg"]


@pytest.mark.parametrize(("name", "why"), [("none", "does not exist"), ("notes.txt", "has no picture"), ("", "has no")])
def test_a_path_without_pictures_is_named(tmp_path, name, why):
    touch(tmp_path, "notes.txt")
    with pytest.raises(NoPicturesError, match=f"{tmp_path / name} {why}"):
        picture_files([tmp_path / name])


def test_names_tell_files_apart(tmp_path):
    names = ["one/rgb/0.png", "one/rgb/1.png", "two/rgb/0.png"]
    assert short_names([tmp_path / name for name in names]) == names
    assert short_names([tmp_path / "one/rgb/0.png"]) == ["0.png"]


def test_a_large_picture_is_shrunk_and_a_wrong_number_or_file_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "wide.png"), np.full((50, 200, 3), (255, 0, 0), np.uint8))
    touch(tmp_path, "zero.png")
    pictures = Inspected(picture_files([tmp_path]), None, longest_side=100)
    assert pictures.rgb("0").shape == (25, 100, 3)
    assert pictures.rgb("0")[0, 0].tolist() == [0, 0, 255]
    for key in ("2", "-1", "live", "²"):
        with pytest.raises(PictureError, match="expected a number from 0 to 1"):
            pictures.rgb(key)
    with pytest.raises(Exception, match=r"zero\.png is no readable image"):
        pictures.rgb("1")
