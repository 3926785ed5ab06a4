import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.model_file import ModelInfo, load_info, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig

pytest.importorskip("openvino")
IMAGE = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
START = """
import sys
import numpy as np
from pathlib import Path
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
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


@pytest.fixture(scope="module")
def first_start(model, tmp_path_factory):
    """(descriptors, folder with the graph) of a first start; converting takes seconds, so tests copy the folder."""
    cache = tmp_path_factory.mktemp("kept")
    return extract(model, cache), cache


@pytest.fixture
def kept(first_start, tmp_path):
    """A copy of that folder, for one test."""
    return Path(shutil.copytree(first_start[1], tmp_path / "kept"))


def extract(model, cache):
    return DescriptorExtractor(model, "openvino", cache=cache)(IMAGE)


def test_the_second_start_needs_no_torch_and_gives_the_same(model, first_start, kept):
    (graph,) = kept.glob("*.xml")
    assert graph.name.startswith(load_info(model).model_id)
    np.testing.assert_allclose(extract(model, kept), first_start[0], atol=2e-2)
    answer = subprocess.run([sys.executable, "-c", START, model, kept], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False"], "torch was imported although the graph is kept"


def test_a_damaged_graph_is_made_anew(model, first_start, kept, caplog):
    (weights,) = kept.glob("*.bin")
    weights.write_bytes(weights.read_bytes()[:-100])
    np.testing.assert_allclose(extract(model, kept), first_start[0], atol=2e-2)
    assert weights.name.removesuffix(".bin") in caplog.text
    caplog.clear()
    extract(model, kept)
    assert not caplog.text


def test_a_graph_of_another_network_is_not_used(kept, tmp_path):
    torch.manual_seed(1)
    other = tmp_path / "other.safetensors"
    save_model(other, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo())
    assert extract(other, kept).shape[2] == 8
    assert len(list(kept.glob("*.xml"))) == 2


def test_a_folder_that_cannot_be_written_is_no_error(model, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    assert extract(model, blocked).shape == (8, 12, 16)
    assert "the next start converts the network again" in caplog.text
