import pytest
import torch
from dense_grasp_core.descriptors.network import (
    DescriptorNetwork,
    NetworkConfig,
    NetworkConfigError,
    normalise_features,
    upsample_features,
)

VARIANTS = [
    NetworkConfig("resnet34", 512, 16, 32),
    NetworkConfig("resnet34", 64, 128, 8),
    NetworkConfig("resnet34", 3, 4, 16),
    NetworkConfig("resnet18_layer3", 64, 16, 8),
    NetworkConfig("resnet18_layer3", 256, 16, 16),
    NetworkConfig("resnet18_fine", 32, 16, 4),
    NetworkConfig("efficientnet_lite0", 152, 1, 8),
]
SIDE = 384  # px, of an image whose edges are far from what a cell in its middle sees


@pytest.mark.parametrize("config", [*VARIANTS, NetworkConfig("efficientnet_lite0_residual", 152, 2, 8)], ids=str)
@pytest.mark.parametrize("size", [(96, 128), (70, 101)])
def test_output_shapes(config, size):
    torch.manual_seed(0)
    network = DescriptorNetwork(config).eval()
    with torch.no_grad():
        rgb = torch.rand(2, 3, *size)
        features, logits, depth = network(rgb)
        cells = tuple(-(-side // config.stride) for side in size)
        assert features.shape == (2, config.dimension, *cells)
        assert logits.shape == depth.shape == (2, config.keypoints, *cells)
        assert (depth >= 0).all() and torch.isfinite(logits).all()
        torch.testing.assert_close(network.features(rgb), features)


@pytest.mark.parametrize("config", VARIANTS, ids=str)
def test_a_cell_looks_at_the_pixel_it_stands_for(config):
    torch.manual_seed(0)
    network = DescriptorNetwork(config).eval()
    for parameter in network.parameters():
        torch.nn.init.uniform_(parameter, 0.008, 0.012)
    network.requires_grad_(False)  # the gradient of the pixels alone
    rgb = torch.rand(1, 3, SIDE, SIDE, requires_grad=True)
    features = network.features(rgb)
    row, column = features.shape[2] // 2, features.shape[3] // 2 + 1
    features[0, 0, row, column].backward()
    assert rgb.grad is not None
    weight = rgb.grad.abs().sum((0, 1))
    pixels = torch.arange(float(SIDE))
    v = float(weight.sum(1) @ pixels / weight.sum())
    u = float(weight.sum(0) @ pixels / weight.sum())
    assert u == pytest.approx((column + 0.5) * config.stride - 0.5, abs=1.0)
    assert v == pytest.approx((row + 0.5) * config.stride - 0.5, abs=1.0)


def test_dilation_keeps_the_weights_of_the_paper_network():
    paper, dilated = (DescriptorNetwork(NetworkConfig("resnet34", 64, 16, stride)) for stride in (32, 8))
    shapes = [{name: tuple(p.shape) for name, p in network.state_dict().items()} for network in (paper, dilated)]
    assert shapes[0] == shapes[1]


def test_projection_is_left_out_where_the_backbone_has_d_channels():
    assert not list(DescriptorNetwork(NetworkConfig("resnet34", 512)).project.parameters())
    assert list(DescriptorNetwork(NetworkConfig("resnet34", 256)).project.parameters())


def test_gradients_reach_every_weight():
    network = DescriptorNetwork(NetworkConfig(dimension=8, keypoints=2))
    output = network(torch.rand(2, 3, 64, 64))
    (output.features.sum() + output.spatial_logits.sum() + output.depth.sum()).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_normalised_features_have_length_one():
    features = normalise_features(torch.randn(2, 5, 3, 4))
    torch.testing.assert_close(features.norm(dim=1), torch.ones(2, 3, 4))


def test_upsampled_features_take_cell_values_at_cell_centres():
    features = torch.randn(1, 2, 5, 6)
    full = upsample_features(features, (33, 41), 8)
    assert full.shape == (1, 2, 33, 41)
    centre = full[0, :, 3 + 8 * 2 : 5 + 8 * 2, 3 + 8 * 3 : 5 + 8 * 3].mean((1, 2))
    torch.testing.assert_close(centre, features[0, :, 2, 3], atol=0.15, rtol=0.1)


@pytest.mark.parametrize(
    "arguments",
    [
        {"backbone": "vgg"},
        {"stride": 4},
        {"stride": 32},
        {"dimension": 0},
        {"keypoints": -1},
        {"dimension": 2.5},
    ],
)
def test_unknown_architectures_are_refused(arguments):
    with pytest.raises(NetworkConfigError, match="expected"):
        NetworkConfig(**arguments)
