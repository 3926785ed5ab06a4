"""The whole way from a camera image to descriptors as one graph, which is what runs and what is exported."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dense_grasp_core.descriptors.model_file import ModelInfo
from dense_grasp_core.descriptors.network import DescriptorNetwork, normalise_features


class DescriptorPipeline(nn.Module):
    """uint8 image (1, H, W, 3), RGB, to descriptors (1, h, w, D): scaling, network and normalisation in one graph."""

    def __init__(self, network: DescriptorNetwork, info: ModelInfo) -> None:
        super().__init__()
        self.network = network
        self.normalise = info.normalise
        self.shrink = round(1 / info.input_scale)

    def forward(self, image: Tensor) -> Tensor:
        rgb = image.permute(0, 3, 1, 2).float() / 255.0
        if self.shrink > 1:
            rgb = F.avg_pool2d(rgb, self.shrink, ceil_mode=True, count_include_pad=False)
        features = self.network.features(rgb)
        if self.normalise:
            features = normalise_features(features)
        return features.permute(0, 2, 3, 1)


def example_image(size: tuple[int, int]) -> Tensor:
    """A black image (1, H, W, 3) uint8 to trace the graph with; size is (height, width)."""
    return torch.zeros(1, *size, 3, dtype=torch.uint8)
