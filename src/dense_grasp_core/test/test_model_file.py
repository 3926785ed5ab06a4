import json

import pytest
import torch
from dense_grasp_core.descriptors.model_file import ModelFileError, ModelInfo, load_model, save_model
from dense_grasp_core.descriptors.network import DescriptorNetwork, NetworkConfig
from safetensors import safe_open
from safetensors.torch import save_file

CONFIG = NetworkConfig(dimension=8, keypoints=2)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return DescriptorNetwork(CONFIG).eval()


@pytest.fixture
def saved(network, tmp_path):
    path = tmp_path / "net.safetensors"
    info = save_model(path, network, ModelInfo(temperature=-0.5, seeds={"train": 3}, command="make model"))
    return path, info


def rewrite(path, change_header=None, change_tensors=None):
    with safe_open(str(path), framework="pt") as file:
        header = json.loads(file.metadata()["dense_grasp"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if change_header:
        change_header(header)
    if change_tensors:
        change_tensors(tensors)
    save_file(tensors, str(path), metadata={"dense_grasp": json.dumps(header)})


def test_round_trip(network, saved):
    path, info = saved
    loaded, loaded_info = load_model(path)
    assert loaded_info == info and info.config == CONFIG and len(info.model_id) == 16
    assert not loaded.training
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(loaded.features(image), network.features(image), atol=2e-2, rtol=2e-2)
    assert path.stat().st_size < 8e6, "weights are stored in half precision"


def test_model_id_follows_what_changes_descriptors_only(network, tmp_path):
    base = save_model(tmp_path / "a", network, ModelInfo()).model_id
    assert save_model(tmp_path / "b", network, ModelInfo(found_threshold=0.1, command="x")).model_id == base
    assert save_model(tmp_path / "c", network, ModelInfo(normalise=False)).model_id != base
    assert save_model(tmp_path / "d", network, ModelInfo(input_scale=0.5)).model_id != base
    torch.manual_seed(1)
    assert save_model(tmp_path / "e", DescriptorNetwork(CONFIG), ModelInfo()).model_id != base


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_file(saved, share):
    path, _ = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelFileError, match=r"net\.safetensors.*truncated"):
        load_model(path)


def test_a_flipped_bit_is_noticed(saved):
    path, _ = saved
    content = bytearray(path.read_bytes())
    content[-1000] ^= 4
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="damaged"):
        load_model(path)


def test_missing_file_and_foreign_file(tmp_path, network):
    with pytest.raises(ModelFileError, match="does not exist"):
        load_model(tmp_path / "none")
    save_file(network.state_dict(), str(tmp_path / "foreign"))
    with pytest.raises(ModelFileError, match="no dense_grasp header"):
        load_model(tmp_path / "foreign")
    (tmp_path / "text").write_text("hello, this is no network")
    with pytest.raises(ModelFileError, match="no safetensors"):
        load_model(tmp_path / "text")


def test_other_version(saved):
    path, _ = saved
    rewrite(path, lambda header: header.update(format_version=99))
    with pytest.raises(ModelFileError, match="version 99, expected 1"):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["config"].update(backbone="vgg"),
        lambda header: header.pop("config"),
        lambda header: header.update(input_scale=3),
        lambda header: header.update(unknown_field=1),
    ],
)
def test_unreadable_header(saved, change):
    path, _ = saved
    rewrite(path, change)
    with pytest.raises(ModelFileError, match=r"expected|unreadable"):
        load_model(path)


def test_weights_of_another_architecture(saved):
    path, _ = saved
    rewrite(path, lambda header: header["config"].update(dimension=16))
    with pytest.raises(ModelFileError):
        load_model(path)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    broken = DescriptorNetwork(CONFIG)
    with torch.no_grad():
        broken.spatial_head.weight[0, 0] = 1e6
    with pytest.raises(ModelFileError, match="spatial_head"):
        save_model(tmp_path / "net", broken, ModelInfo())
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_an_interrupted_save_keeps_the_old_file(saved, network, monkeypatch):
    path, info = saved

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dense_grasp_core.descriptors.model_file.os.fsync", fail)
    with pytest.raises(ModelFileError, match="No space left"):
        save_model(path, network, ModelInfo(normalise=False))
    assert load_model(path)[1] == info
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("arguments", [{"input_scale": 0.7}, {"found_threshold": 2.0}, {"temperature": float("nan")}])
def test_bad_info_is_refused(arguments):
    with pytest.raises(ModelFileError, match="expected"):
        ModelInfo(**arguments)
