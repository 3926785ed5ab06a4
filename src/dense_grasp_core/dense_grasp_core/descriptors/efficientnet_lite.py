"""EfficientNet-Lite0 up to stride 16 as a descriptor network: features of strides 8 and 16 side by side at stride 8.

The architecture is that of Tan and Le (2019), "EfficientNet", in its Lite form without squeeze and excitation and with
ReLU6 (<https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite>), with TensorFlow's "same"
padding. Parameters are named as in the package efficientnet-lite-pytorch, so its weights load as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# kernel, stride of the first block, expansion, channels in, channels out, blocks
_STAGES = (
    (3, 1, 1, 32, 16, 1),
    (3, 2, 6, 16, 24, 2),
    (5, 2, 6, 24, 40, 2),
    (3, 2, 6, 40, 80, 3),
    (5, 1, 6, 80, 112, 3),
)
_MIDDLE_BLOCK = 4  # the last one of stride 8
_BATCH_NORM_EPS = 1e-3
# Each halving looks half a cell to the right: at stride 8 a cell's middle is 7 px after its first pixel, at stride 16
# it is 15. Twelve pixels more on the left and above put cell 2m of stride 8 and cell m of stride 16 on the same pixel,
# and the grid, without its first cell, to half a pixel where the cells of every network lie.
_MARGIN = 12
_CELL = 16
_MEAN, _SCALE = 127.0 / 255.0, 255.0 / 128.0


class EfficientNetLite0(nn.Module):
    """Images (B, 3, H, W) with values in 0..1 to features (B, 152, ceil(H / 8), ceil(W / 8)): 40 + 112 channels.

    Both parts are of length 1 before they are joined, so neither outweighs the other.
    """

    channels = 152

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, 32, 3, 2)
        self._bn0 = nn.BatchNorm2d(32, eps=_BATCH_NORM_EPS)
        self._blocks = nn.ModuleList(
            _Block(kernel, stride if index == 0 else 1, expansion, inside if index == 0 else outside, outside)
            for kernel, stride, expansion, inside, outside, count in _STAGES
            for index in range(count)
        )

    def forward(self, rgb: Tensor) -> Tensor:
        height, width = rgb.shape[-2:]
        below, right = (-(side + _MARGIN) % _CELL for side in (height, width))
        x = F.pad((rgb - _MEAN) * _SCALE, (_MARGIN, right, _MARGIN, below))
        x = F.relu6(self._bn0(self._conv_stem(x)))
        middle = x
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index == _MIDDLE_BLOCK:
                middle = x
        coarse, fine = F.normalize(x, dim=1), F.normalize(middle, dim=1)[..., 1:, 1:]
        coarse = F.interpolate(coarse, fine.shape[-2:], mode="bilinear", align_corners=True)
        cells = torch.cat([fine, coarse], 1)
        return cells[..., : (height + 7) // 8, : (width + 7) // 8]


class _Block(nn.Module):
    """An inverted residual block (Sandler et al. 2018, MobileNetV2)."""

    def __init__(self, kernel: int, stride: int, expansion: int, inside: int, outside: int) -> None:
        super().__init__()
        hidden = inside * expansion
        self._expand_conv = nn.Conv2d(inside, hidden, 1, bias=False) if expansion > 1 else None
        self._bn0 = nn.BatchNorm2d(hidden, eps=_BATCH_NORM_EPS) if expansion > 1 else None
        self._depthwise_conv = _SameConv(hidden, hidden, kernel, stride, groups=hidden)
        self._bn1 = nn.BatchNorm2d(hidden, eps=_BATCH_NORM_EPS)
        self._project_conv = nn.Conv2d(hidden, outside, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(outside, eps=_BATCH_NORM_EPS)
        self._adds = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        hidden = x
        if self._expand_conv is not None and self._bn0 is not None:
            hidden = F.relu6(self._bn0(self._expand_conv(hidden)))
        hidden = F.relu6(self._bn1(self._depthwise_conv(hidden)))
        hidden = self._bn2(self._project_conv(hidden))
        return x + hidden if self._adds else hidden


class _SameConv(nn.Conv2d):
    """A convolution with TensorFlow's "same" padding, for sides that its stride divides: more right and below."""

    def __init__(self, inside: int, outside: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(inside, outside, kernel, stride, groups=groups, bias=False)
        before = (kernel - stride) // 2
        self._sides = (before, kernel - stride - before) * 2

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.pad(x, self._sides))
