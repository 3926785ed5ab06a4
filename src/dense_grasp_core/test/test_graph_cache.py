import subprocess
import sys

import numpy as np
import pytest
import torch
from dense_grasp_core.extractor import DescriptorExtractor
from dense_grasp_core.model_file import ModelInfo, load_info, save_model
from dense_grasp_core.network import DescriptorNetwork, NetworkConfig

pytest.importorskip("openvino")
IMAGE = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
START = """
import sys
import numpy as np
from pathlib import Path
from dense_grasp_core.extractor import DescriptorExtractor
extractor = DescriptorExtractor(sys.argv[1], "openvino", cache=Path(sys.argv[2]))
extractor(np.zeros((64, 96, 3), np.uint8))
print("torch" in sys.modules)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "net.safetensors"
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=16, keypoints=2)), ModelInfo())
    return path


def extract(model, cache):
    return DescriptorExtractor(model, "openvino", cache=cache)(IMAGE)


def test_the_second_start_needs_no_torch_and_gives_the_same(model, tmp_path):
    first = extract(model, tmp_path)
    (graph,) = tmp_path.glob("*.xml")
    assert graph.name.startswith(load_info(model).model_id)
    np.testing.assert_allclose(extract(model, tmp_path), first, atol=2e-2)
    answer = subprocess.run([sys.executable, "-c", START, model, tmp_path], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False"], "torch was imported although the graph is kept"


def test_a_damaged_graph_is_made_anew(model, tmp_path, caplog):
    first = extract(model, tmp_path)
    (weights,) = tmp_path.glob("*.bin")
    weights.write_bytes(weights.read_bytes()[:-100])
    np.testing.assert_allclose(extract(model, tmp_path), first, atol=2e-2)
    assert weights.name.removesuffix(".bin") in caplog.text
    caplog.clear()
    extract(model, tmp_path)
    assert not caplog.text


def test_a_graph_of_another_network_is_not_used(model, tmp_path):
    extract(model, tmp_path)
    torch.manual_seed(1)
    other = tmp_path / "other.safetensors"
    save_model(other, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo())
    assert extract(other, tmp_path).shape[2] == 8
    assert len(list(tmp_path.glob("*.xml"))) == 2


def test_a_folder_that_cannot_be_written_is_no_error(model, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert extract(model, blocked).shape == (8, 12, 16)
    assert "the next start converts the network again" in caplog.text
