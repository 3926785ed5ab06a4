"""A BOP data set without manifest and surface coordinates: its pairs agree with the surface it was rendered from."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
from dense_grasp_train.data import bop, generate
from dense_grasp_train.data.bop import BopSet
from dense_grasp_train.data.dataset import ViewDataset
from dense_grasp_train.data.files import DatasetError
from dense_grasp_train.evaluation.average_cap import places
from dense_grasp_train.evaluation.evaluation_sets import EvaluationError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made") / "caps"
    options = ["--views", "6", "--views-per-scene", "3", "--caps", "0-1", "--size", "320x240", "--split", "test"]
    assert generate.main(["--out", str(root), *options, "--jobs", "1", "--quiet"]) == 0
    return root


@pytest.fixture
def copy(made, tmp_path):
    """The same set as others would publish it: no manifest, no coordinates, JPEG colour."""
    root = tmp_path / "published"
    shutil.copytree(made, root, ignore=shutil.ignore_patterns("manifest.json", "coord", "mask"))
    for path in sorted(root.glob("test/*/rgb/*.png")):
        cv2.imwrite(str(path.with_suffix(".jpg")), cv2.imread(str(path)))
        path.unlink()
    return root


def test_matches_lie_on_the_same_place_of_the_surface(made, copy, monkeypatch):
    monkeypatch.setattr(bop, "SMALLEST_CHANGE_DEG", 5.0)
    monkeypatch.setattr(bop, "LARGEST_CHANGE_DEG", 80.0)
    data = ViewDataset(made)
    pictures = {}
    for view in data:
        pictures[view.key.scene, view.key.image] = view
    drawn = []

    def recorded(a, b, rng):
        pair = bop_pair(a, b, rng)
        drawn.append((a, b, pair))
        return pair

    bop_pair = bop.pair_of
    monkeypatch.setattr(bop, "pair_of", recorded)
    pairs = list(BopSet(copy).view_change(3, 0))
    assert len(pairs) == 3
    for a, b, pair in drawn:
        if pair is None:
            continue
        found = []
        for annotation, pixels in ((a, pair.pixels_a), (b, pair.pixels_b)):
            view = pictures[int(annotation.scene.folder.name), annotation.image]
            u, v = np.rint(pixels).astype(int).T
            assert (view.part[v, u] >= 0).all()
            found.append(places(view.part[v, u], view.part_uv[v, u]))
        assert pair.pixels_a.shape == pair.pixels_b.shape == (256, 2)
        assert np.median(np.linalg.norm(found[0] - found[1], axis=1)) < 0.006
        assert pair.pixel_scale == 2.0


def test_the_same_seed_gives_the_same_pairs(copy, monkeypatch):
    monkeypatch.setattr(bop, "SMALLEST_CHANGE_DEG", 5.0)
    monkeypatch.setattr(bop, "LARGEST_CHANGE_DEG", 80.0)
    first, again = (next(BopSet(copy).view_change(1, 4)) for _ in range(2))
    np.testing.assert_array_equal(first.pixels_b, again.pixels_b)
    np.testing.assert_array_equal(first.image_a, again.image_a)


def test_symmetric_and_hidden_objects_are_left_out(copy):
    infos_path = copy / "models" / "models_info.json"
    infos = json.loads(infos_path.read_text())
    infos["1"]["symmetries_discrete"] = [[1.0] + [0.0] * 15]
    infos_path.write_text(json.dumps(infos))
    assert {a.object_id for a in BopSet(copy).annotations} == {2}
    for scene in (copy / "test").iterdir():
        info = json.loads((scene / "scene_gt_info.json").read_text())
        for entries in info.values():
            entries[0]["visib_fract"] = 0.1
        (scene / "scene_gt_info.json").write_text(json.dumps(info))
    with pytest.raises(EvaluationError, match=r"no usable object: all are symmetric \(\[1\]\)"):
        BopSet(copy)


def test_views_too_much_alike_are_refused(copy, monkeypatch):
    monkeypatch.setattr(bop, "SMALLEST_CHANGE_DEG", 178.0)
    monkeypatch.setattr(bop, "LARGEST_CHANGE_DEG", 180.0)
    with pytest.raises(EvaluationError, match="no two views 178"):
        next(BopSet(copy).view_change(1, 0))


def test_missing_and_damaged_files_are_named(copy, tmp_path):
    with pytest.raises(EvaluationError, match="holds no scene"):
        BopSet(tmp_path / "nowhere")
    scene = copy / "test" / "000000"
    view = BopSet(copy).annotations[0]
    (scene / "depth" / "000000.png").unlink()
    with pytest.raises(DatasetError, match="lacks depth/000000"):
        bop.pair_of(view, view, np.random.default_rng(0))
    poses = json.loads((scene / "scene_gt.json").read_text())
    del poses["1"][0]["cam_t_m2c"]
    (scene / "scene_gt.json").write_text(json.dumps(poses))
    with pytest.raises(EvaluationError, match="image 1, instance 0 is not annotated"):
        BopSet(copy)
    (scene / "scene_camera.json").unlink()
    with pytest.raises(DatasetError, match=r"scene_camera\.json does not exist"):
        BopSet(copy)
