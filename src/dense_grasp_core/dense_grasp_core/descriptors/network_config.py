"""Which networks there are; importing this does not import torch."""

from __future__ import annotations

from dataclasses import dataclass

from dense_grasp_core.errors import DenseGraspError

_STRIDES = {
    "resnet34": (8, 16, 32),
    "resnet18_layer3": (8, 16),
    "resnet18_fine": (4,),
    "efficientnet_lite0": (8,),
    "efficientnet_lite0_residual": (8,),
}
BACKBONES = tuple(_STRIDES)
#: Frozen networks that training may start from, and the network that adds to each of them.
RESIDUALS = {"efficientnet_lite0": "efficientnet_lite0_residual"}
_RESIDUAL_DIMENSION = 152


class NetworkConfigError(DenseGraspError):
    """A network was asked for that does not exist."""


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture of a DescriptorNetwork.

    backbone: "resnet34" (the paper's), "resnet18_layer3" (compact: ResNet-18 without layer4), "resnet18_fine" (the
    same at stride 8, refined to stride 4 by the features of layer1), "efficientnet_lite0" (up to stride 16, with its
    features of stride 8; D = 152 is what its ImageNet weights give as they are) or "efficientnet_lite0_residual" (the
    same, frozen, and a head that adds to its features).
    dimension: D, length of a descriptor. keypoints: N, heads used in training only.
    stride: input pixels per descriptor cell; below the backbone's own stride it is dilated.
    """

    backbone: str = "resnet18_layer3"
    dimension: int = 64
    keypoints: int = 16
    stride: int = 8

    def __post_init__(self) -> None:
        if self.backbone not in BACKBONES:
            raise NetworkConfigError(f"backbone is {self.backbone!r}, expected one of {', '.join(BACKBONES)}")
        if self.stride not in _STRIDES[self.backbone]:
            raise NetworkConfigError(
                f"stride of {self.backbone} is {self.stride!r}, expected one of {_STRIDES[self.backbone]}"
            )
        if self.backbone in RESIDUALS.values() and self.dimension != _RESIDUAL_DIMENSION:
            raise NetworkConfigError(
                f"dimension of {self.backbone} is {self.dimension!r}, expected {_RESIDUAL_DIMENSION}: it adds to the "
                "features of its base"
            )
        for name, value in (("dimension", self.dimension), ("keypoints", self.keypoints)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise NetworkConfigError(f"{name} is {value!r}, expected an integer >= 1")
