"""One reader for the header of every kind of model file: the same answer from each, without torch or OpenVINO."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from dense_grasp_core.descriptors.exported_model import save_openvino
from dense_grasp_core.descriptors.model_file import (
    HEADER_KEY,
    ModelFileError,
    ModelInfo,
    header_text,
    load_model,
    save_model,
)
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline

KINDS = (".safetensors", ".xml", ".onnx")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same calibrated network as each kind of file."""
    onnx, helper = pytest.importorskip("onnx"), pytest.importorskip("onnx.helper")
    pytest.importorskip("openvino")
    folder = tmp_path_factory.mktemp("header")
    torch.manual_seed(0)
    info = ModelInfo(temperature=-0.47, found_threshold=0.5, ambiguity_ratio=0.9, seeds={"train": 3})
    save_model(folder / "m.safetensors", DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), info)
    network, info = load_model(folder / "m.safetensors")
    save_openvino(folder / "m.xml", DescriptorPipeline(network, info).eval(), info)
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [300])
    weights = helper.make_tensor("w", onnx.TensorProto.FLOAT, [300], [0.5] * 300)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    result = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [300])
    model = helper.make_model(helper.make_graph([node], "g", [value], [result], [weights]))
    helper.set_model_props(model, {"other": "text", HEADER_KEY: header_text(info)})
    onnx.save(model, folder / "m.onnx")
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_carries_its_calibration(folder, kind):
    info = read_info(folder / f"m{kind}")
    assert info == load_model(folder / "m.safetensors")[1]
    assert info.temperature == -0.47 and info.is_calibrated


def test_neither_torch_nor_openvino_is_imported(folder):
    program = (
        "import sys; from dense_grasp_core.descriptors.model_header import read_info\n"
        "for path in sys.argv[1:]: print(read_info(path).temperature)\n"
        "print(sorted({'torch', 'openvino', 'onnx'} & set(sys.modules)))"
    )
    paths = [str(folder / f"m{kind}") for kind in KINDS]
    told = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True).stdout
    assert told.split("\n") == ["-0.47", "-0.47", "-0.47", "[]", ""]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_named_or_has_no_header(folder, tmp_path, kind):
    whole = (folder / f"m{kind}").read_bytes()
    cut = tmp_path / f"cut{kind}"
    for length in range(0, len(whole), max(1, len(whole) // 40)):
        cut.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match="cut"):
            read_info(cut)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("content", [b"", b"\x01", b"\xff" * 64, (50).to_bytes(8, "little") + b"{}", b"<net></net>"])
def test_files_that_are_none_are_named(tmp_path, kind, content):
    path = tmp_path / f"broken{kind}"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="broken"):
        read_info(path)


def test_missing_and_other_files(tmp_path):
    with pytest.raises(ModelFileError, match=r"gone\.onnx does not exist"):
        read_info(tmp_path / "gone.onnx")
    with pytest.raises(ModelFileError, match=r"'\.pt', expected one of \.safetensors, \.xml, \.onnx"):
        read_info(tmp_path / "network.pt")


def test_a_network_is_calibrated_when_one_value_is_its_own():
    assert not ModelInfo().is_calibrated
    for change in ({"temperature": -0.1}, {"found_threshold": 0.6}, {"ambiguity_ratio": 0.9}):
        assert ModelInfo(**change).is_calibrated
