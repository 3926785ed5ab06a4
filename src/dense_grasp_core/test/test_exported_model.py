"""Exported graphs give torch's descriptors at any size, carry their header, and say when they are damaged."""

import numpy as np
import pytest
import torch
from dense_grasp_core.descriptors import extractor
from dense_grasp_core.descriptors.exported_model import for_image_size, read_exported, save_openvino
from dense_grasp_core.descriptors.extractor import DescriptorExtractor, ExtractorError
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

openvino = pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    torch.manual_seed(0)
    info = ModelInfo(input_scale=0.5, found_threshold=0.25, seeds={"train": 3})
    info = save_model(folder / "m.safetensors", DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), info)
    network, info = load_model(folder / "m.safetensors")
    save_openvino(folder / "m.xml", DescriptorPipeline(network, info).eval(), info)
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    for name in ("m.xml", "m.bin"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path


def image(height, width):
    noise = np.random.default_rng(0).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return np.ascontiguousarray(np.kron(noise, np.ones((8, 8, 1), np.uint8))[:height, :width])


def test_the_header_is_that_of_the_model_file(folder):
    _, info = load_model(folder / "m.safetensors")
    assert read_exported(folder / "m.xml")[1] == info
    assert info.model_id and info.found_threshold == 0.25


@pytest.mark.parametrize("size", [(64, 80), (90, 121)])
def test_the_graph_gives_torchs_descriptors_at_any_size(folder, size):
    graph, _ = read_exported(folder / "m.xml")
    compiled = openvino.compile_model(for_image_size(graph, size, "m"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = compiled([image(*size)[None]])[0][0]
    expected = DescriptorExtractor(folder / "m.safetensors", "torch")(image(*size))
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4


def test_the_extractor_runs_it_for_the_nodes(folder):
    exported, original = DescriptorExtractor(folder / "m.xml"), DescriptorExtractor(folder / "m.safetensors", "torch")
    assert (exported.model_id, exported.stride) == (original.model_id, original.stride)
    assert exported.backend == "openvino"
    first, second = exported(image(64, 80)), original(image(64, 80))
    assert first.shape == second.shape and np.median(np.sum(first * second, axis=2)) > 0.99
    assert exported(image(72, 64)).shape == (5, 4, 8)


def test_torch_cannot_run_a_graph(folder):
    with pytest.raises(ExtractorError, match=r"m\.xml is a graph"):
        DescriptorExtractor(folder / "m.xml", "torch")


def test_damage_is_named(copy):
    weights = bytearray((copy / "m.bin").read_bytes())
    weights[len(weights) // 2] ^= 0xFF
    (copy / "m.bin").write_bytes(weights)
    with pytest.raises(ModelFileError, match=r"m\.bin have SHA-256"):
        read_exported(copy / "m.xml")
    (copy / "m.bin").unlink()
    with pytest.raises(ModelFileError, match=r"m\.bin does not exist"):
        read_exported(copy / "m.xml")
    (copy / "m.bin").write_bytes(b"")
    (copy / "m.xml").write_bytes((copy / "m.xml").read_bytes()[:300])
    with pytest.raises(ModelFileError, match=r"truncated or no xml graph"):
        read_exported(copy / "m.xml")


def test_a_graph_of_somebody_else_is_refused(tmp_path):
    parameter = openvino.opset13.parameter([1, 4], np.float32)
    openvino.save_model(openvino.Model([openvino.opset13.relu(parameter)], [parameter]), tmp_path / "x.xml")
    with pytest.raises(ModelFileError, match="no dense_grasp header"):
        read_exported(tmp_path / "x.xml")


def test_a_folder_that_refuses_leaves_nothing(folder, tmp_path):
    network, info = load_model(folder / "m.safetensors")
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        save_openvino(tmp_path / "file" / "m.xml", DescriptorPipeline(network, info).eval(), info)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_weights_of_a_model_file_are_stored_in_half_without_loss(folder):
    """As many bytes as the model file's, though the graph gives torch's descriptors to 1e-4."""
    assert (folder / "m.bin").stat().st_size < 1.05 * (folder / "m.safetensors").stat().st_size


def test_openvino_runs_the_graph_beside_a_network(folder, monkeypatch):
    monkeypatch.setattr(extractor, "_pipeline", lambda *_: pytest.fail("torch was asked, though the graph lies there"))
    beside = DescriptorExtractor(folder / "m.safetensors", "openvino")
    assert beside.info == load_model(folder / "m.safetensors")[1]
    assert beside(image(64, 80)).shape == (4, 5, 8)


def test_the_graph_of_another_network_is_refused(copy):
    torch.manual_seed(1)
    network = DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2))
    info = save_model(copy / "m.safetensors", network, ModelInfo(input_scale=0.5))
    with pytest.raises(
        ModelFileError, match=rf"m\.xml was made from network \w+, but .*m\.safetensors .* {info.model_id}"
    ):
        DescriptorExtractor(copy / "m.safetensors", "openvino")
    assert DescriptorExtractor(copy / "m.safetensors", "torch").info == info
