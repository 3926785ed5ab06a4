"""Which networks there are; importing this does not import torch."""

from __future__ import annotations

from dataclasses import dataclass

from dense_grasp_core.errors import DenseGraspError

BACKBONES = ("resnet34", "resnet18_layer3", "resnet18_fine", "efficientnet_lite0")
_STRIDES = {"resnet34": (8, 16, 32), "resnet18_layer3": (8, 16), "resnet18_fine": (4,), "efficientnet_lite0": (8,)}


class NetworkConfigError(DenseGraspError):
    """A network was asked for that does not exist."""


@dataclass(frozen=True)
class NetworkConfig:
    """Architecture of a DescriptorNetwork.

    backbone: "resnet34" (the paper's), "resnet18_layer3" (compact: ResNet-18 without layer4), "resnet18_fine" (the
    same at stride 8, refined to stride 4 by the features of layer1) or "efficientnet_lite0" (up to stride 16, with its
    features of stride 8; D = 152 is what its ImageNet weights give as they are).
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
        for name, value in (("dimension", self.dimension), ("keypoints", self.keypoints)):
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise NetworkConfigError(f"{name} is {value!r}, expected an integer >= 1")
