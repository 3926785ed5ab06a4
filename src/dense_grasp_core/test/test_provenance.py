"""On what a network was tried stands in its files, and changes nothing else in them."""

from __future__ import annotations

import json

import pytest
import torch
from dense_grasp_core.descriptors.exported_model import save_openvino
from dense_grasp_core.descriptors.extractor import DescriptorExtractor
from dense_grasp_core.descriptors.header_writer import record_trials
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, header_text, load_model, save_model
from dense_grasp_core.descriptors.model_header import read_header, read_info
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from dense_grasp_core.descriptors.pipeline import DescriptorPipeline
from dense_grasp_core.descriptors.provenance import Training, Trial

RENDERS = Trial("view change", False, 200, 0.5, 9.0)
PHOTOS = Trial("shelf <1> & 2", True, 100, 0.25, 31.0)


def test_trials_are_written_into_both_files_and_replace_earlier_ones(tmp_path):
    pytest.importorskip("openvino")
    torch.manual_seed(0)
    path = tmp_path / "m.safetensors"
    training = Training("8 views", "random weights", "hybrid", 10, 2, 1.0, 2.0, 0.3, 0.6)
    save_model(path, DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2)), ModelInfo(training=training))
    network, info = load_model(path)
    save_openvino(path.with_suffix(".xml"), DescriptorPipeline(network, info).eval(), info)
    image = (torch.rand(64, 64, 3) * 255).byte().numpy()
    before = DescriptorExtractor(path.with_suffix(".xml"))(image)
    assert not info.tried_on_photographs and info.training == training
    record_trials(path, [RENDERS, Trial(PHOTOS.on, True, 5, 0.0, 99.0)])
    recorded = record_trials(path, [PHOTOS])
    assert recorded.tried_on == (RENDERS, PHOTOS) and recorded.tried_on_photographs
    assert recorded.model_id == info.model_id
    for file in (path, path.with_suffix(".xml")):
        assert read_info(file) == recorded
    assert (DescriptorExtractor(path.with_suffix(".xml"))(image) == before).all()
    with pytest.raises(ModelFileError, match=r"m\.xml is a graph, expected the network's \.safetensors"):
        record_trials(path.with_suffix(".xml"), [PHOTOS])


def test_a_header_of_before_is_read_and_a_broken_one_named(tmp_path):
    header = json.loads(header_text(ModelInfo()))
    del header["training"], header["tried_on"]
    assert read_header(tmp_path, json.dumps(header)) == ModelInfo()
    for broken in ([{"on": "x"}], [{**vars(PHOTOS), "found": 2.0}], 3):
        with pytest.raises(ModelFileError, match=r"header of model file .* is unreadable"):
            read_header(tmp_path, json.dumps({**header, "tried_on": broken}))
