"""Data sets on disk: any BOP set by the folder of its scenes, and what is wrong with a damaged one."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
import scanned_box as box
from dense_grasp_train.data import generate
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.dataset_writer import write_scene
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.data.view_loader import LoadError, load_views
from dense_grasp_train.render.scene import RenderedView

OPTIONS = ["--views", "4", "--views-per-scene", "2", "--caps", "0-1", "--size", "320x240", "--jobs", "1", "--quiet"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "set"
    assert generate.main(["--out", str(root), *OPTIONS]) == 0
    return root


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "set")


@pytest.fixture
def published(made, tmp_path):
    """The same scenes as others publish theirs: no manifest, no coordinates, JPEG colour, numbers with gaps."""
    root = tmp_path / "published"
    shutil.copytree(made, root, ignore=shutil.ignore_patterns("manifest.json", "coord", "mask"))
    (root / "train" / "000001").rename(root / "train" / "000048")
    for path in sorted(root.glob("train/*/rgb/*.png")):
        cv2.imwrite(str(path.with_suffix(".jpg")), cv2.imread(str(path)), [cv2.IMWRITE_JPEG_QUALITY, 98])
        path.unlink()
    return root


def change(path, edit):
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_a_scene_is_written_view_by_view(tmp_path):
    view = box.picture(box.pose_from(0, 30))
    flat = RenderedView(view.rgb, view.depth, view.mask, view.mask, None, None, view.camera, view.pose)

    def views():
        for image in range(3):
            written = [path.name for path in tmp_path.rglob("rgb/*.png")]
            assert sorted(written) == [f"{before:06d}.png" for before in range(image)]
            yield flat

    assert write_scene(tmp_path / "000000", views(), 1) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["000000"]


def test_any_bop_set_is_read_by_the_folder_of_its_scenes(made, published):
    data, original = ViewDataset(published / "train"), ViewDataset(made)
    assert data.by_scene() == {0: [0, 1], 48: [2, 3]} and data.by_object() == original.by_object()
    for view, other in zip(data, original):
        for name in ("depth", "mask", "camera_from_object"):
            np.testing.assert_array_equal(getattr(view, name), getattr(other, name))
        assert np.abs(view.rgb.astype(int) - other.rgb).mean() < 6 and view.part is None and view.cap_seed is None
    assert len(load_views(published / "train")) == len(load_views(made))


def test_grey_pictures_become_three_channels(published):
    scene = published / "train" / "000048"
    (scene / "rgb").rename(scene / "gray")
    for path in (scene / "gray").iterdir():
        cv2.imwrite(str(path), cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
    rgb = ViewDataset(published / "train")[2].rgb
    assert rgb.shape == (240, 320, 3) and (rgb[..., 0] == rgb[..., 2]).all()


def test_symmetric_objects_of_a_bop_set_are_left_out(published):
    path = published / "models/models_info.json"
    change(path, lambda infos: infos["1"].update(symmetries_continuous=[{"axis": [0, 0, 1]}]))
    assert set(ViewDataset(published / "train").by_object()) == {2}
    change(path, lambda infos: infos["2"].update(symmetries_discrete=[[1] * 16]))
    with pytest.raises(DatasetError, match=r"shows no object, or only symmetric ones: \[1, 2\]"):
        ViewDataset(published / "train")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"manifest\.json cannot be read as JSON"),
        ("[]", "has format version None, expected 1"),
        ('{"format_version": 1, "scenes": "two", "split": "train"}', "has scenes 'two' and split 'train'"),
        ('{"format_version": 1, "scenes": 2}', r"manifest\.json has scenes 2 and split None"),
        ('{"format_version": 1, "scenes": 2, "split": "elsewhere"}', "holds no scene, expected 2"),
    ],
)
def test_a_manifest_that_says_too_little_is_named(copy, content, message):
    (copy / "manifest.json").write_text(content)
    with pytest.raises(DatasetError, match=message):
        ViewDataset(copy)


def test_an_empty_folder_is_no_data_set(tmp_path):
    with pytest.raises(DatasetError, match=r"manifest\.json does not exist"):
        ViewDataset(tmp_path)


def lose_camera(scene):
    change(scene / "scene_camera.json", lambda cameras: cameras.pop("0"))


def lose_rotation(scene):
    change(scene / "scene_gt.json", lambda poses: poses["0"][0].pop("cam_R_m2c"))


def nan_pose(scene):
    change(scene / "scene_gt.json", lambda poses: poses["0"][0].update(cam_t_m2c=[0.0, float("nan"), 500.0]))


def no_focal_length(scene):
    change(scene / "scene_camera.json", lambda cameras: cameras["0"].update(cam_K=[0] * 9))


def lose_depth(scene):
    (scene / "depth/000000.png").unlink()


def lose_mask(scene):
    (scene / "mask_visib/000000_000000.png").unlink()


def half_depth(scene):
    path = scene / "depth/000000.png"
    path.write_bytes(path.read_bytes()[:80])


def small_depth(scene):
    cv2.imwrite(str(scene / "depth/000000.png"), np.ones((9, 9), np.uint16))


def deep_colour(scene):
    cv2.imwrite(str(scene / "rgb/000000.png"), np.ones((240, 320, 3), np.uint16))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lose_camera, r"000000: image 0, instance 0 is not annotated as in BOP: KeyError\('0'\)"),
        (lose_rotation, "image 0, instance 0 is not annotated as in BOP: KeyError.'cam_R_m2c'"),
        (nan_pose, "image 0, instance 0 has pose .*nan.* expected finite numbers"),
        (no_focal_length, r"scene_camera\.json, image 0: intrinsics are fx=0"),
        (lose_depth, "000000 lacks depth/000000"),
        (lose_mask, "000000 lacks mask_visib/000000_000000"),
        (half_depth, r"depth/000000\.png is no readable image \(80 bytes\)"),
        (small_depth, r"image 0: colour \(240, 320\), depth \(9, 9\) and mask \(240, 320\) differ in size"),
        (deep_colour, r"rgb/000000\.png is uint16 .*expected an image of 8 bit"),
    ],
)
def test_a_damaged_scene_is_named(copy, damage, message):
    damage(copy / "train" / "000000")
    with pytest.raises(DatasetError, match=message):
        load_views(copy)


def test_poses_that_are_no_bop_are_named(copy):
    change(copy / "train/000001/scene_gt.json", lambda poses: poses["0"][0].pop("obj_id"))
    with pytest.raises(DatasetError, match=r"000001/scene_gt\.json is not annotated as in BOP: KeyError"):
        ViewDataset(copy)


def test_masks_that_miss_the_object_leave_no_view(copy, published):
    """A mask without pixels, and one that lies where nothing has a depth."""
    for path in copy.glob("train/*/mask_visib/*.png"):
        cv2.imwrite(str(path), np.zeros((240, 320), np.uint8))
    with pytest.raises(LoadError, match=r"set has no view with 2000 pixels of the object"):
        load_views(copy)
    for path in published.glob("train/*/depth/*.png"):
        cv2.imwrite(str(path), np.zeros((240, 320), np.uint16))
    with pytest.raises(LoadError, match="train has no view with 2000 pixels of the object"):
        load_views(published / "train")
