"""A frozen network with a small trained one on top, which adds to its features what a category or an object needs.

A residual adapter (Rebuffi et al. 2017, "Learning multiple visual domains with residual adapters") on features that saw
photographs: its last layer begins at zero, so the descriptors begin as those of the frozen network and training cannot
wash out what its weights know.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dense_grasp_core.descriptors.efficientnet_lite import EfficientNetLite0

_WIDTH = 192
_BLOCKS = 2
_KERNEL = 5
_GAIN = 6.0  # features of length 1 over 152 channels are small numbers


class ResidualEfficientNetLite0(nn.Module):
    """Images (B, 3, H, W) with values in 0..1 to features (B, 152, ceil(H / 8), ceil(W / 8)).

    base: EfficientNet-Lite0, which no training changes: without gradients, and always in evaluation mode.
    head: what is added to its features; it sees 9 x 9 cells of them.
    """

    channels = EfficientNetLite0.channels

    def __init__(self) -> None:
        super().__init__()
        self.base = EfficientNetLite0().eval().requires_grad_(False)
        last = nn.Conv2d(_WIDTH, self.channels, 1)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.head = nn.Sequential(
            nn.Conv2d(self.channels, _WIDTH, 1), nn.ReLU(), *(_Block(_WIDTH) for _ in range(_BLOCKS)), last
        )

    def train(self, mode: bool = True) -> ResidualEfficientNetLite0:
        """Set the mode of the head; the base keeps the statistics that it came with."""
        super().train(mode)
        self.base.eval()
        return self

    def frozen(self, rgb: Tensor) -> Tensor:
        """The base's features, which may be kept: they are the same in every step."""
        with torch.no_grad():
            return self.base(rgb)

    def add(self, frozen: Tensor) -> Tensor:
        """The features of this network from those of its base."""
        return frozen + self.head(_GAIN * F.normalize(frozen, dim=1))

    def forward(self, rgb: Tensor) -> Tensor:
        return self.add(self.frozen(rgb))


class _Block(nn.Module):
    """A depthwise and a pointwise convolution, added to what comes in: cheap for the surroundings that it sees."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(channels, channels, _KERNEL, padding=_KERNEL // 2, groups=channels)
        self.mix = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + F.relu(self.mix(F.relu(self.around(x))))
