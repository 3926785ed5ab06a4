import subprocess
import sys

import numpy as np
import pytest
import torch
from dense_grasp_core.descriptors import extractor as module
from dense_grasp_core.descriptors.extractor import DescriptorExtractor, ExtractorError
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    network = DescriptorNetwork(NetworkConfig(dimension=16, keypoints=2))
    save_model(folder / "plain", network, ModelInfo())
    save_model(folder / "raw", network, ModelInfo(normalise=False))
    save_model(folder / "half", network, ModelInfo(input_scale=0.5))
    save_model(folder / "quarter", network, ModelInfo(input_scale=0.25))
    return folder


def image(height=96, width=128, seed=0):
    noise = np.random.default_rng(seed).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(noise, np.ones((8, 8, 1), np.uint8))[:height, :width])


@pytest.mark.parametrize("name", ["plain", "raw", "half", "quarter"])
def test_openvino_agrees_with_torch(folder, name):
    pytest.importorskip("openvino")
    a, b = (DescriptorExtractor(folder / name, backend) for backend in ("torch", "openvino"))
    first, second = a(image(64, 80)), b(image(64, 80))
    assert (a.backend, b.backend) == ("torch", "openvino")
    assert first.dtype == second.dtype == np.float32 and first.shape == second.shape
    cosine = np.sum(first * second, axis=2) / (np.linalg.norm(first, axis=2) * np.linalg.norm(second, axis=2))
    assert cosine.min() > 0.98 and np.median(cosine) > 0.999


def test_descriptors_are_normalised_when_the_model_says_so(folder):
    lengths = np.linalg.norm(DescriptorExtractor(folder / "plain", "torch")(image()), axis=2)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-5)
    raw = np.linalg.norm(DescriptorExtractor(folder / "raw", "torch")(image()), axis=2)
    assert np.abs(raw - 1).max() > 0.01


@pytest.mark.parametrize(("name", "stride"), [("plain", 8), ("half", 16), ("quarter", 32)])
@pytest.mark.parametrize("size", [(96, 128), (90, 121), (64, 64)])
def test_the_grid_fits_the_camera_image(folder, name, stride, size):
    extractor = DescriptorExtractor(folder / name, "torch")
    assert extractor.stride == stride
    grid = DescriptorGrid.from_array(extractor(image(*size)), extractor.stride, size)
    assert grid.dimension == 16 and len(extractor.model_id) == 16


def test_results_share_no_memory_and_another_image_size_is_compiled_anew(folder):
    extractor = DescriptorExtractor(folder / "plain")
    first = extractor(image(64, 64, seed=1))
    kept = first.copy()
    extractor(image(64, 64, seed=2))
    np.testing.assert_array_equal(first, kept)
    assert extractor(image(72, 64)).shape == (9, 8, 16)


def test_a_view_that_is_not_contiguous_is_read_right(folder):
    extractor = DescriptorExtractor(folder / "plain", "torch")
    np.testing.assert_allclose(extractor(image()[:, ::-1]), extractor(image()[:, ::-1].copy()))


def test_a_backend_that_disagrees_is_not_used(folder, monkeypatch):
    pytest.importorskip("openvino")
    monkeypatch.setattr(module, "_agreement", lambda a, b: 0.5)
    monkeypatch.setattr(module, "_openvino_precisions", lambda: ["f32"])
    with pytest.raises(ExtractorError, match=r"agrees with torch to 0\.500"):
        DescriptorExtractor(folder / "plain", "openvino")(image(64, 64))


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((96, 128), np.uint8),
        np.zeros((96, 128, 4), np.uint8),
        np.zeros((96, 128, 3), np.float32),
        np.zeros((0, 128, 3), np.uint8),
        np.zeros((96, 16, 3), np.uint8),
        [[1, 2, 3]],
    ],
)
def test_images_that_are_none(folder, bad):
    with pytest.raises(ExtractorError, match="expected"):
        DescriptorExtractor(folder / "plain", "torch")(bad)


def test_unknown_backend_and_missing_file(folder):
    with pytest.raises(ExtractorError, match="auto, torch, openvino"):
        DescriptorExtractor(folder / "plain", "tensorrt")
    with pytest.raises(ModelFileError):
        DescriptorExtractor(folder / "missing")


def test_sizes_that_come_again_are_not_compiled_again(folder, monkeypatch):
    extractor = DescriptorExtractor(folder / "plain", "torch")
    compiled = []
    honest = extractor._compile
    monkeypatch.setattr(extractor, "_compile", lambda size: compiled.append(size) or honest(size))
    sides = [32 + 8 * index for index in range(module._KEPT_SIZES)]
    for side in [*sides, *sides]:
        assert extractor(image(side, 32)).shape == (side // 8, 4, 16)
    assert compiled == [(side, 32) for side in sides]
    extractor(image(32, 48))
    extractor(image(sides[1], 32))
    extractor(image(sides[0], 32))  # the size that was used least lately had to go
    assert compiled[len(sides) :] == [(32, 48), (sides[0], 32)]


def test_openvino_reports_to_nobody():
    program = (
        "import threading, dense_grasp_core.descriptors, openvino\n"
        "from openvino.tools.ovc.telemetry_utils import tm\n"
        "print(tm.__name__, threading.active_count())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "1"]
