"""Frozen backbones: weights from disk alone, features where they belong."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision
from dense_grasp_train.evaluation.frozen_backbones import FrozenBackbone, FrozenError


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), path)
    return path


def test_the_cell_that_changes_is_the_one_that_was_painted(weights):
    backbone = FrozenBackbone(f"torchvision/resnet18={weights}")
    image = np.full((192, 256, 3), 90, np.uint8)
    image[:] += np.random.default_rng(0).integers(0, 20, image.shape, dtype=np.uint8)
    painted = image.copy()
    painted[92:108, 140:156] = [255, 0, 0]
    before, after = backbone(image), backbone(painted)
    assert before.features.shape == (24, 32, 256)
    np.testing.assert_allclose(np.linalg.norm(before.features, axis=2), 1.0, atol=1e-4)
    change = np.linalg.norm(after.features - before.features, axis=2)
    row, column = np.unravel_index(change.argmax(), change.shape)
    assert abs(row * 8 + 4 - 100) <= 16 and abs(column * 8 + 4 - 148) <= 16


def test_cells_are_put_where_the_network_looks(weights):
    """Mean position of what a picture's middle is made of, found by turning the picture upside down."""
    backbone = FrozenBackbone(f"torchvision/resnet18={weights}")
    image = np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    dotted = image.copy()
    dotted[120:136, 120:136] = 255
    places = []
    for turn in (0, 2):
        first, second = (backbone(np.ascontiguousarray(np.rot90(i, turn))).features for i in (image, dotted))
        change = np.rot90(np.linalg.norm(second - first, axis=2) ** 2, -turn)
        rows, columns = np.mgrid[: change.shape[0], : change.shape[1]]
        places.append([8 * (change * axis).sum() / change.sum() + 3.5 for axis in (rows, columns)])
    # Cells taken for the middles of patches would be 15 pixels apart.
    assert np.abs(np.subtract(*places)).max() < 5.0


def test_weights_are_never_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(FrozenError, match=r"not on this disk: expected .*checkpoints.resnet18-.*\.pth"):
        FrozenBackbone("torchvision/resnet18")


def test_weights_in_torch_hubs_cache_are_taken(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    name = torchvision.models.ResNet18_Weights.DEFAULT.url.rpartition("/")[2]
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / name).write_bytes(weights.read_bytes())
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    given = FrozenBackbone(f"torchvision/resnet18={weights}")(image)
    np.testing.assert_array_equal(FrozenBackbone("torchvision/resnet18")(image).features, given.features)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("resnet18", "expected torchvision/NAME or timm/NAME"),
        ("torchvision/resnet19", "torchvision does not have"),
        ("torchvision/resnet18=/nonexistent.pth", "/nonexistent.pth of backbone torchvision/resnet18 do not exist"),
        ("timm/vit_small_patch14_dinov2", "timm is not installed|expected timm/vit_small_patch14_dinov2=FILE"),
    ],
)
def test_what_is_wrong_is_named(spec, message):
    with pytest.raises(FrozenError, match=message):
        FrozenBackbone(spec)


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(FrozenError, match="are not those of torchvision/resnet34"):
        FrozenBackbone(f"torchvision/resnet34={weights}")


def test_a_timm_transformer_gives_a_grid(tmp_path):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    model = timm.create_model("vit_tiny_patch16_224", pretrained=False)
    torch.save(model.state_dict(), tmp_path / "vit.pth")
    backbone = FrozenBackbone(f"timm/vit_tiny_patch16_224={tmp_path / 'vit.pth'}")
    image = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    assert backbone(image).features.shape == (12, 16, 192)
