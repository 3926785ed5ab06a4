"""The paper's network (Fig. 2, Eq. 1-4): a ResNet whose last feature map is the descriptor image; or another backbone.

Descriptor cell (row r, column c) stands for input pixel u = (c + 0.5) * stride - 0.5,
v = (r + 0.5) * stride - 0.5, as in `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from dense_grasp_core.descriptors.efficientnet_lite import EfficientNetLite0
from dense_grasp_core.descriptors.network_config import NetworkConfig, NetworkConfigError
from dense_grasp_core.descriptors.residual_head import ResidualEfficientNetLite0

__all__ = ["DescriptorNetwork", "NetworkConfig", "NetworkConfigError", "NetworkOutput", "normalise_features"]

_FINE_CHANNELS = 64
_LAYER1 = 4  # index among the stages of _resnet_stages
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)
#: Backbones that normalise images themselves and have the cells where they belong; all others are ResNets.
_WHOLE: dict[str, type[EfficientNetLite0 | ResidualEfficientNetLite0]] = {
    "efficientnet_lite0": EfficientNetLite0,
    "efficientnet_lite0_residual": ResidualEfficientNetLite0,
}


class NetworkOutput(NamedTuple):
    """What the heads see at the network's resolution, h = H / stride, w = W / stride (rounded up).

    features: (B, D, h, w), not normalised. spatial_logits: (B, N, h, w), before upsampling and softmax.
    depth: (B, N, h, w) >= 0, in the unit the training chooses.
    """

    features: Tensor
    spatial_logits: Tensor
    depth: Tensor


class DescriptorNetwork(nn.Module):
    """Maps an RGB image to dense descriptors and, for training, to N keypoints' spatial and depth maps.

    The 1x1 convolution to D is left out where the backbone already has D channels (the paper's D = 512).
    Weights are random: nothing is downloaded.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config if config is not None else NetworkConfig()
        fine = self.config.backbone == "resnet18_fine"
        self.backbone: nn.Sequential | EfficientNetLite0 | ResidualEfficientNetLite0
        if self.config.backbone in _WHOLE:
            whole = _WHOLE[self.config.backbone]
            self.backbone, channels = whole(), whole.channels
        else:
            self.backbone = _resnet_stages(self.config.backbone)
            channels = 512 if self.config.backbone == "resnet34" else 256
            _dilate(self.backbone, 8 if fine else self.config.stride)
        self.refine = Refinement(64, channels, _FINE_CHANNELS) if fine else None
        channels = _FINE_CHANNELS if fine else channels
        dimension, keypoints = self.config.dimension, self.config.keypoints
        self.project = nn.Identity() if channels == dimension else nn.Conv2d(channels, dimension, 1)
        self.spatial_head = nn.Conv2d(dimension, keypoints, 1)
        self.depth_head = nn.Conv2d(dimension, keypoints, 1)
        self.register_buffer("mean", torch.tensor(_IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_IMAGENET_STD).view(1, 3, 1, 1), persistent=False)

    @property
    def stride(self) -> int:
        """Input pixels per descriptor cell."""
        return self.config.stride

    def features(self, rgb: Tensor) -> Tensor:
        """Descriptors (B, D, h, w), not normalised, of images (B, 3, H, W) with values in 0..1."""
        if not isinstance(self.backbone, nn.Sequential):
            return self.project(self.backbone(rgb))
        x = (rgb - self.mean) / self.std
        # A ResNet's cell c looks at pixel c * stride. Padding the first convolution by less on the left and
        # above moves it to the middle of the cell (to half a pixel); else matches shift when the view turns.
        shift = (self.config.stride - 1) // 2
        x = F.pad(x, (3 - shift, 3 + shift, 3 - shift, 3 + shift))
        if self.refine is None:
            return self.project(self.backbone(x))
        early = self.backbone[: _LAYER1 + 1](x)
        return self.project(self.refine(early, self.backbone[_LAYER1 + 1 :](early)))

    def forward(self, rgb: Tensor) -> NetworkOutput:
        """Features and head maps of images (B, 3, H, W) with values in 0..1."""
        return self.outputs(self.features(rgb))

    def features_of_frozen(self, frozen: Tensor) -> Tensor:
        """What `features` gives for images whose frozen features (B, C, h, w) are known: of residual networks alone."""
        assert isinstance(self.backbone, ResidualEfficientNetLite0)
        return self.project(self.backbone.add(frozen))

    def outputs(self, features: Tensor) -> NetworkOutput:
        """Head maps beside features (B, D, h, w) that are known already."""
        return NetworkOutput(features, self.spatial_head(features), F.softplus(self.depth_head(features)))


class Refinement(nn.Module):
    """Coarse features with a wide view, taken to twice the resolution and joined by early ones, as in an FPN.

    Lin et al. (2017), "Feature Pyramid Networks for Object Detection": one level of the pyramid, smoothed once.
    """

    def __init__(self, early: int, coarse: int, channels: int) -> None:
        super().__init__()
        self.lateral = nn.Conv2d(early, channels, 1, bias=False)
        self.top = nn.Conv2d(coarse, channels, 1, bias=False)
        self.join = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
        self.smooth = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        )

    def forward(self, early: Tensor, coarse: Tensor) -> Tensor:
        """(B, channels, h, w) of early (B, early, h, w) and coarse (B, coarse, ceil(h / 2), ceil(w / 2))."""
        top = self.top(coarse)
        # Strided convolutions centre coarse cell c on early cell 2c, so that is where its value goes.
        top = F.pad(top, (0, 1, 0, 1), mode="replicate")
        size = (2 * top.shape[-2] - 1, 2 * top.shape[-1] - 1)
        top = F.interpolate(top, size, mode="bilinear", align_corners=True)
        top = top[..., : early.shape[-2], : early.shape[-1]]
        return self.smooth(self.join(self.lateral(early) + top))


def normalise_features(features: Tensor) -> Tensor:
    """Features (B, D, h, w) with every cell's descriptor scaled to length 1."""
    return F.normalize(features, dim=1, eps=1e-8)


def upsample_features(features: Tensor, size: tuple[int, int], stride: int) -> Tensor:
    """Eq. 1: features (B, D, h, w) bilinearly upsampled to (B, D, H, W) in the cell-centre convention.

    The grid may reach beyond the image when the stride does not divide its size; that part is cut off.
    """
    full = F.interpolate(features, scale_factor=stride, mode="bilinear", align_corners=False)
    return full[..., : size[0], : size[1]]


def _resnet_stages(name: str) -> nn.Sequential:
    """The convolutional part of a torchvision ResNet, with conv1's padding left to the caller."""
    resnet = (
        torchvision.models.resnet34(weights=None) if name == "resnet34" else torchvision.models.resnet18(weights=None)
    )
    resnet.conv1.padding = (0, 0)
    stages = [
        resnet.conv1,
        resnet.bn1,
        resnet.relu,
        resnet.maxpool,
        resnet.layer1,
        resnet.layer2,
        resnet.layer3,
    ]
    if name == "resnet34":
        stages.append(resnet.layer4)
    return nn.Sequential(*stages)


def _dilate(stages: nn.Sequential, stride: int) -> None:
    """Trades the strides beyond `stride` for dilation, as torchvision does for bottleneck ResNets.

    torchvision refuses `replace_stride_with_dilation` for BasicBlock, so convolutions are edited in place.
    """
    reached, dilation = 8, 1
    for layer in list(stages)[6:]:
        previous = dilation
        if reached < stride:
            reached *= 2
            continue
        dilation *= 2
        for index, block in enumerate(layer):  # type: ignore[arg-type, var-annotated]
            if block.downsample is not None:
                block.downsample[0].stride = (1, 1)
            first = previous if index == 0 else dilation
            for conv, rate in ((block.conv1, first), (block.conv2, dilation)):
                conv.stride, conv.dilation, conv.padding = (1, 1), (rate, rate), (rate, rate)
