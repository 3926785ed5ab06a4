"""Pairs: matches, masks, depth and motion of an item must agree with each other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
import views_of_caps
from dense_grasp_train.data.pairs import PairDataset, PairError
from dense_grasp_train.data.views import cropped, matches_across, matches_between
from dense_grasp_train.training.config import PairOptions

VIEWS = list(views_of_caps.cap_views())
OPTIONS = PairOptions(crop=(128, 128), input_scale=1.0, matches=64, occlusion=0.0, zoom=(0.9, 1.1))


def dataset(**changes) -> PairDataset:
    return PairDataset(VIEWS, dataclasses.replace(OPTIONS, **changes), seed=3, length=50, stride=8)


def reprojection_error(item: dict[str, torch.Tensor]) -> np.ndarray:
    """Pixel distance between B's matches and A's matches lifted by depth, moved and projected."""
    matrices, pixels = item["camera_matrix"].double().numpy(), item["pixels"].double().numpy()
    cells = ((pixels[0] + 0.5) / 8).astype(int)
    depth = item["depth"][0].numpy()[cells[:, 1].clip(0, 15), cells[:, 0].clip(0, 15)]
    rays = np.linalg.solve(matrices[0], np.concatenate([pixels[0], np.ones((len(depth), 1))], 1).T).T
    motion = item["b_from_a"].double().numpy()
    moved = (rays * depth[:, None]) @ motion[:3, :3].T + motion[:3, 3]
    projected = moved @ matrices[1].T
    error = np.linalg.norm(projected[:, :2] / projected[:, 2:] - pixels[1], axis=1)
    return error[np.isfinite(depth) & (item["weight"].numpy() > 0)]


def test_augmented_pairs_are_exactly_rigid():
    pairs = dataset(augmented=1.0, view=0.0, instance=0.0)
    for index in range(5):
        item = pairs[index]
        assert item["rigid"] == 1.0
        assert np.max(reprojection_error(item)) < 1e-3


def test_view_pairs_are_rigid_to_the_depth_of_a_cell():
    pairs = dataset(augmented=0.0, view=1.0, instance=0.0)
    assert np.median(np.concatenate([reprojection_error(pairs[i]) for i in range(5)])) < 1.5


def test_matches_lie_on_the_object_in_both_images():
    pairs = dataset(augmented=0.3, view=0.3, instance=0.4)
    for index in range(8):
        item = pairs[index]
        good = item["weight"].numpy() > 0
        assert good.sum() >= 24
        for side in (0, 1):
            cells = ((item["pixels"][side].numpy()[good] + 0.5) / 8).astype(int)
            assert (item["mask"][side].numpy()[cells[:, 1], cells[:, 0]] > 0).all()


def test_pairs_depend_on_seed_and_number_alone():
    first, again = dataset()[7], dataset()[7]
    assert all(torch.equal(first[key].nan_to_num(), again[key].nan_to_num()) for key in first)
    assert not torch.equal(first["image"], dataset()[8]["image"])


def test_paper_motion_keeps_the_camera_and_bounds_the_residual():
    pairs = dataset(augmented=1.0, view=0.0, instance=0.0, motion="kabsch", crop=(160, 120), rotation_deg=20.0)
    item = pairs[0]
    assert torch.allclose(item["camera_matrix"][0], torch.tensor(views_of_caps.camera().matrix, dtype=torch.float32))
    assert torch.equal(item["camera_matrix"][0], item["camera_matrix"][1])
    assert torch.allclose(item["b_from_a"][:3, :3] @ item["b_from_a"][:3, :3].T, torch.eye(3), atol=1e-5)


def test_matches_between_views_agree_with_the_surface_place():
    a, b = VIEWS[0], VIEWS[2]
    pixels_a, pixels_b = matches_between(a, b, 200, np.random.default_rng(0))
    assert len(pixels_a) > 50
    places = [
        view.place[tuple(np.rint(pixels - view.origin).astype(int).T[::-1])].astype(float)
        for view, pixels in ((a, pixels_a), (b, pixels_b))
    ]
    assert np.median(np.linalg.norm(places[0] - places[1], axis=1)) < 0.004


def test_matches_across_caps_keep_the_place():
    a, b = VIEWS[0], VIEWS[4]
    assert a.instance != b.instance
    pixels_a, pixels_b = matches_across(a, b, 200, np.random.default_rng(0))
    assert len(pixels_a) > 50
    cells = [np.rint(p - v.origin).astype(int) for v, p in ((a, pixels_a), (b, pixels_b))]
    difference = a.place[cells[0][:, 1], cells[0][:, 0]] - b.place[cells[1][:, 1], cells[1][:, 0]].astype(float)
    assert np.linalg.norm(difference, axis=1).max() < 0.007


def test_one_view_cannot_give_view_pairs():
    with pytest.raises(PairError, match=r"1 view\(s\) of 1 object\(s\)"):
        PairDataset(VIEWS[:1], dataclasses.replace(OPTIONS, augmented=0.0, view=1.0, instance=0.0), 0, 1, 8)


def test_no_views_are_refused():
    with pytest.raises(PairError, match="no views"):
        PairDataset([], OPTIONS, 0, 1, 8)


@pytest.mark.parametrize("broken, message", [("mask", "mask is empty"), ("depth", "depth under the mask")])
def test_broken_views_are_refused(broken, message):
    mask = np.zeros((20, 20), bool)
    mask[5:9, 5:9] = broken == "depth"
    rgb, part = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.int8)
    with pytest.raises(ValueError, match=message):
        cropped(rgb, mask, np.full((20, 20), np.nan), np.zeros((20, 20, 4)), part, np.eye(3), np.eye(4), 0)
