"""Scores by name: each is its formula on the dense image, and a network's header chooses one, also one of your own."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, header_text, load_info, save_model
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.geometry.camera import CameraModel
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid, upsample
from dense_grasp_core.matching.locate import DescribedFrame, Limits, locate
from dense_grasp_core.matching.scores import SCORES, MatchScore, UnknownScoreError, match_score
from dense_grasp_core.store import Row

STRIDE, IMAGE = 8, (72, 96)
CAMERA = CameraModel(IMAGE[1], IMAGE[0], 90.0, 90.0, 47.5, 35.5, (0.0,) * 5)


def features(lengths: tuple[float, float] = (1.0, 1.0), offset: float = 0.0) -> np.ndarray:
    """(9, 12, 16) random directions, lengths drawn between the two."""
    rng = np.random.default_rng(3)
    grid = rng.normal(size=(9, 12, 16)) + offset
    grid *= rng.uniform(*lengths, size=(9, 12, 1)) / np.linalg.norm(grid, axis=2, keepdims=True)
    return grid.astype(np.float32)


def grid_of(values: np.ndarray) -> DescriptorGrid:
    return DescriptorGrid.from_array(values, STRIDE, IMAGE)


def test_gaussian_is_eq_8_and_the_best_of_several_descriptors():
    grid = grid_of(features())
    descriptors = np.stack([grid.sample(20, 30), grid.sample(70, 50)])
    image = match_score("gaussian").image(grid, descriptors, -0.4)
    np.testing.assert_allclose(image, grid.kernels(descriptors, -0.4).max(0), atol=1e-6)


@pytest.mark.parametrize("offset", [0.0, 2.0])
def test_cosine_is_its_formula_on_the_dense_image(offset):
    values = features((0.2, 5.0), offset)
    grid = grid_of(values)
    dense = upsample(values.astype(np.float64), STRIDE, IMAGE)
    descriptor = 3.0 * grid.sample(40.0, 33.0)
    cosine = dense @ descriptor / (np.linalg.norm(dense, axis=2) * np.linalg.norm(descriptor))
    np.testing.assert_allclose(match_score("cosine").difference(grid, descriptor), 2 * (1 - cosine), atol=2e-5)
    assert grid.squared_lengths == pytest.approx(np.sum(dense**2, axis=2), rel=1e-4)
    assert np.isfinite(match_score("cosine").image(grid, np.zeros((1, 16)), 0.0)).all()


@pytest.mark.parametrize("name", SCORES)
def test_a_descriptor_matches_its_own_pixel_entirely(name):
    grid = grid_of(features((0.5, 2.0)))
    image = match_score(name).image(grid, grid.sample(61, 22)[None], -1.0)
    assert image[22, 61] == pytest.approx(1.0, abs=1e-3) and image.min() >= 0.0 and image.max() <= 1.0 + 1e-6


def test_only_cosine_finds_a_point_whose_descriptor_got_longer():
    """Brightness that scales descriptors: a score without the length finds what Eq. 8 loses."""
    values = features((0.9, 1.1))
    taught = grid_of(values).sample(52.0, 36.0)
    frame = DescribedFrame(grid_of(4.0 * values), np.full(IMAGE, 0.6, np.float32), CAMERA, 1.0, "model", np.eye(4))
    row = Row(1, "cap", "contact", taught, "model", 0.0, 52.0, 36.0, b"")

    def score_of(name: str) -> float:
        limits = Limits(temperature=-0.5, match_score=match_score(name))
        return locate(frame, row, limits, object_id="cap", keypoint="contact").score

    assert score_of("cosine") > 0.95 and score_of("gaussian") < 0.1


def test_a_registered_score_is_written_read_and_used(tmp_path, monkeypatch):
    """One that no module ships: the sum of absolute differences, on the cells."""

    def taxicab(grid, descriptor):
        cells = np.abs(grid.features - np.asarray(descriptor)).sum(axis=2)
        return np.kron(cells, np.ones((STRIDE, STRIDE), np.float32)).astype(np.float32)

    path = tmp_path / "net.safetensors"
    network = DescriptorNetwork(NetworkConfig(dimension=16, keypoints=2))
    with pytest.raises(ModelFileError, match=r"score is 'taxicab', expected one of gaussian, cosine"):
        ModelInfo(score="taxicab")
    monkeypatch.setitem(SCORES, "taxicab", MatchScore("taxicab", taxicab))
    save_model(path, network, ModelInfo(score="taxicab", temperature=0.5))
    info = read_info(path)
    values = features()
    frame = DescribedFrame(grid_of(values), np.full(IMAGE, 0.6, np.float32), CAMERA, 1.0, "model", np.eye(4))
    row = Row(1, "cap", "contact", values[5, 7], "model", 0.0, 60.0, 44.0, b"")
    limits = Limits(temperature=info.temperature, soft_window_px=0, match_score=match_score(info.score))
    match = locate(frame, row, limits, object_id="cap", keypoint="contact")
    assert (match.u // STRIDE, match.v // STRIDE, match.score) == (7, 5, 1.0)
    monkeypatch.delitem(SCORES, "taxicab")
    for read in (read_info, load_info):
        with pytest.raises(ModelFileError, match=r"net.safetensors: score is 'taxicab', expected one of gaussian"):
            read(path)


def test_a_header_of_before_scores_is_eq_8(tmp_path):
    from safetensors.numpy import save_file

    path, old = tmp_path / "new.safetensors", tmp_path / "old.safetensors"
    info = save_model(path, DescriptorNetwork(NetworkConfig(dimension=4, keypoints=2)), ModelInfo(temperature=-0.3))
    from dense_grasp_core.descriptors.model_file import HEADER_KEY, read_tensors

    header = json.loads(header_text(info))
    assert header.pop("score") == "gaussian"
    save_file(read_tensors(path)[0], old, metadata={HEADER_KEY: json.dumps(header)})
    assert load_info(old) == info and dataclasses.replace(info, score="cosine").model_id == info.model_id


def test_an_unknown_name_lists_those_that_there_are():
    with pytest.raises(UnknownScoreError, match=r"score is 'euclid', expected one of gaussian, cosine$"):
        match_score("euclid")
