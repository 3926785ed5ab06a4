"""The export command: files that agree with torch, or none."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from dense_grasp_core.descriptors.efficientnet_lite import EfficientNetLite0
from dense_grasp_core.descriptors.exported_model import read_exported
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_info, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_train.data.photographs import photographs
from dense_grasp_train.training import export
from dense_grasp_train.training.network_files import save_network

SIZE = ["--size", "128x96"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo(input_scale=0.5))
    path.with_suffix(".md").write_text("# tiny\n\nA card.\n")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_export_writes_what_it_has_checked(model, tmp_path, capsys):
    assert export.main(["--model", str(model), "--out", str(tmp_path / "out"), "--formats", "openvino", *SIZE]) == 0
    out = tmp_path / "out"
    assert names(out) == ["tiny.bin", "tiny.md", "tiny.safetensors", "tiny.xml"]
    assert (out / "tiny.safetensors").read_bytes() == model.read_bytes()
    card = (out / "tiny.md").read_text()
    assert "A card." in card and "| tiny.xml | OpenVINO |" in card and "tolerance 0.0001" in card
    assert "| tiny.xml | OpenVINO |" in capsys.readouterr().out
    assert DescriptorExtractor(out / "tiny.xml").model_id == DescriptorExtractor(model, "torch").model_id
    assert export.main(["--model", str(model), "--out", str(out), "--formats", "openvino", *SIZE]) == 0
    assert (out / "tiny.md").read_text() == card


def test_a_file_that_disagrees_does_not_appear(model, tmp_path, monkeypatch, capsys):
    honest = export.runtimes

    def off(file, size):
        return {name: lambda image, infer=infer: infer(image) + 0.01 for name, infer in honest(file, size).items()}

    monkeypatch.setattr(export, "runtimes", off)
    assert export.main(["--model", str(model), "--out", str(tmp_path), "--formats", "openvino", *SIZE]) == 1
    assert "differs from torch by" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_agreement_counts_every_cell():
    reference = [np.tile([3.0, 4.0], (2, 2, 1))]
    moved = [reference[0].copy()]
    moved[0][1, 1] += [0.0, 0.5]
    assert export.agreement("f", "r", moved, reference).largest == pytest.approx(0.1)
    assert export.agreement("f", "r", moved, reference).median == 0.0
    assert export.agreement("f", "r", moved, reference).cosine == pytest.approx(27.0 / (5.0 * np.hypot(3.0, 4.5)))
    assert export.agreement("f", "r", [moved[0][:1]], reference).largest == np.inf
    moved[0][0, 0] = np.nan
    assert export.agreement("f", "r", moved, reference).largest == np.inf


def test_onnx_is_run_by_the_nodes(model, tmp_path):
    pytest.importorskip("onnxscript")
    assert export.main(["--model", str(model), "--out", str(tmp_path), "--formats", "onnx", *SIZE]) == 0
    assert names(tmp_path) == ["tiny.md", "tiny.onnx", "tiny.safetensors"]
    extractor, original = DescriptorExtractor(tmp_path / "tiny.onnx"), DescriptorExtractor(model, "torch")
    assert extractor.info == original.info
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    assert np.median(np.sum(extractor(image) * original(image), axis=2)) > 0.99
    with pytest.raises(ModelFileError, match=r"takes images \[1,96,128,3\]"):
        extractor(np.zeros((64, 64, 3), np.uint8))


def test_missing_onnxscript_is_said(model, tmp_path, capsys):
    if importlib.util.find_spec("onnxscript"):
        pytest.skip("onnxscript is installed")
    assert export.main(["--model", str(model), "--out", str(tmp_path), "--formats", "onnx", *SIZE]) == 2
    assert "onnxscript" in capsys.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--formats", "openvino,tflite"], "--formats has 'tflite'"),
        (["--model", "none.safetensors"], "none.safetensors does not exist"),
        (["--model", "net.pt"], "--model is net.pt"),
        (["--tolerance", "0"], "--tolerance is 0.0"),
        (["--size", "640"], "--size is '640'"),
        (["--images", "/nonexistent"], "/nonexistent"),
    ],
)
def test_wrong_options_are_named(model, tmp_path, capsys, change, message):
    assert export.main(["--model", str(model), "--out", str(tmp_path), *change]) == 2
    assert message in capsys.readouterr().err


def test_frozen_weights_become_a_network_of_their_own(tmp_path, capsys):
    torch.manual_seed(1)
    weights = tmp_path / "weights.pth"
    backbone = EfficientNetLite0().eval()
    torch.save({**backbone.state_dict(), "_fc.weight": torch.zeros(2, 2)}, weights)
    out = tmp_path / "models"
    command = ["--frozen", "efficientnet_lite0", "--weights", str(weights), "--formats", "openvino", *SIZE]
    assert export.main([*command, "--out", str(out)]) == 0
    assert names(out) == ["general.bin", "general.md", "general.safetensors", "general.xml"]
    assert "Apache licence" in (out / "general.md").read_text()
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = backbone(torch.from_numpy(image).permute(2, 0, 1)[None] / 255.0)[0].permute(1, 2, 0).numpy()
    found = DescriptorExtractor(out / "general.xml")(image)
    expected /= np.linalg.norm(expected, axis=2, keepdims=True)
    assert (found * expected).sum(2).min() > 0.99

    torch.save({"_conv_stem.weight": torch.zeros(1)}, weights)
    assert export.main([*command, "--out", str(tmp_path / "none")]) == 2
    assert "are not those of efficientnet_lite0" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    assert export.main(["--model", "x.safetensors", "--weights", str(weights), "--out", str(out)]) == 2


def test_queries_that_find_other_cells_are_counted():
    rng = np.random.default_rng(0)
    reference = [rng.normal(size=(6, 8, 16)) for _ in range(2)]
    reference = [image / np.linalg.norm(image, axis=2, keepdims=True) for image in reference]
    assert export.same_cell(reference, reference) == 1.0
    shuffled = [reference[0], reference[1][::-1]]
    assert export.same_cell(shuffled, reference) < 0.1


def test_the_shipped_graph_is_the_shipped_network():
    """Cosine to torch of at least .999 in every cell, and the same best cell in 99.9 % of 10,000 queries."""
    model = Path(__file__).resolve().parents[3] / "models/compact_caps.safetensors"
    size = (240, 320)
    images = list(photographs(None, size).values())[:2]
    original, info = DescriptorExtractor(model, "torch"), load_info(model)
    file = model.with_suffix(".xml")
    assert read_exported(file)[1] == info
    infer = export.runtimes(file, size)["OpenVINO"]
    found = export.agreement(file.name, "OpenVINO", [infer(i) for i in images], [original(i) for i in images])
    assert found.cosine >= 0.999 and found.same_cell >= 0.999
    assert export.QUERIES == 10_000


def test_a_network_is_saved_with_its_graph_and_without_that_of_an_earlier_one(model, tmp_path):
    first = save_network(tmp_path / "n.safetensors", load_model(model)[0], ModelInfo(found_threshold=0.3))
    assert names(tmp_path) == ["n.bin", "n.safetensors", "n.xml"]
    assert read_exported(tmp_path / "n.xml")[1] == first == load_info(tmp_path / "n.safetensors")
    broken = load_model(model)[0]
    with torch.no_grad():
        next(broken.parameters()).fill_(float("nan"))
    with pytest.raises(ModelFileError, match="not finite"):
        save_network(tmp_path / "n.safetensors", broken, ModelInfo())
    assert names(tmp_path) == ["n.safetensors"]
