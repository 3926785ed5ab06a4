"""Which file holds a network: looked for by its id."""

import shutil

import pytest
from dense_grasp.bringup.launch_support import share_directory
from dense_grasp.nodes.perception_parameters import QUERY_NODE
from dense_grasp.perception.network_files import NetworkFiles, network_places
from dense_grasp_core.descriptors.model_header import read_info
from dense_grasp_core.parameters import ParameterError

SHIPPED = share_directory() / "models"


def places(**changes):
    return network_places({**{spec.name: spec.default for spec in QUERY_NODE}, **changes})


def test_a_shipped_network_is_found_by_its_id_as_the_graph_that_needs_no_torch():
    files = NetworkFiles(places())
    for name in ("general", "compact_caps"):
        found = files.find(read_info(SHIPPED / f"{name}.safetensors").model_id)
        assert found is not None and (found.name, found.path.suffix) == (name, ".xml")
    assert files.find("0123456789abcdef") is None and str(SHIPPED) in files.where()


def test_where_networks_are_looked_for(tmp_path, random_model):
    model_id = read_info(random_model).model_id
    assert NetworkFiles(places()).find(model_id) is None
    assert NetworkFiles(places(model=str(random_model))).find(model_id).path == random_model
    beside = random_model.with_name("beside.safetensors")  # in the folder of model:=
    assert NetworkFiles(places(model=str(beside))).find(model_id).path == random_model
    further = tmp_path / "further"
    further.mkdir()
    given = f"{further}:{SHIPPED / 'general.xml'}"
    files = NetworkFiles(places(further_models=given))
    assert files.find(model_id) is None
    shutil.copy(random_model, further / "mine.safetensors")  # while the node runs
    assert files.find(model_id).name == "mine"
    (further / "mine.safetensors").unlink()
    assert files.find(model_id) is None


def test_what_cannot_be_read_is_named_and_hides_nothing(tmp_path, random_model):
    (tmp_path / "torn.xml").write_text("<net")
    (tmp_path / "notes.txt").write_text("no network")
    shutil.copy(random_model, tmp_path / "whole.safetensors")
    files = NetworkFiles([tmp_path])
    assert [file.name for file in files.files()] == ["whole"]
    assert "torn.xml (4 bytes) is truncated" in files.where() and "notes" not in files.where()


def test_a_further_model_that_is_not_there_is_refused_at_the_start(tmp_path):
    with pytest.raises(ParameterError, match=rf"further_models .*{tmp_path}/none does not"):
        places(further_models=f"{SHIPPED}:{tmp_path}/none")
