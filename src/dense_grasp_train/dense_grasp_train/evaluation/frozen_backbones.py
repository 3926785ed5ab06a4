"""Frozen backbones as rows of an evaluation: torchvision's, or timm's where that package is installed.

Weights come from a file on disk and are never downloaded. A backbone is named as

    torchvision/resnet50                      its default weights, where torch.hub's cache has them
    torchvision/resnet50=/path/weights.pth    these weights (a state_dict)
    timm/vit_small_patch14_dinov2=/path/model.safetensors
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import torch
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.matching.descriptor_grid import DescriptorGrid
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

GRID_STRIDE = 8
COARSEST_STRIDE = 16
_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)

FeatureMap = Callable[[Tensor], Tensor]


class FrozenError(DenseGraspError):
    """A backbone that does not exist, has no weights on this disk, or gives no feature map."""


class FrozenBackbone:
    """Dense descriptors of a frozen backbone: its deepest feature map of stride 16 or finer, of length 1 per cell."""

    def __init__(self, spec: str) -> None:
        """Load the backbone named by ``spec``; see the module. Raises FrozenError."""
        name, _, file = spec.partition("=")
        library, _, model = name.partition("/")
        if library not in ("torchvision", "timm") or not model:
            raise FrozenError(
                f"backbone is {spec!r}, expected torchvision/NAME or timm/NAME, with =WEIGHTS where they are not cached"
            )
        if file and not Path(file).is_file():
            raise FrozenError(f"weights {file} of backbone {name} do not exist")
        self.name = name
        network, self._features, self._side = (_torchvision if library == "torchvision" else _timm)(model, file)
        self._patches = _sees_patches(network)

    def __call__(self, image: NDArray) -> DescriptorGrid:
        """Descriptors of an RGB image (H, W, 3) uint8, resampled to one per 8 pixels.

        The image is resized so that its sides are multiples of the backbone's cell, its cells back to the image.
        """
        height, width = image.shape[:2]
        size = [max(1, round(side / self._side)) * self._side for side in (width, height)]
        rgb = torch.from_numpy(cv2.resize(image, size, interpolation=cv2.INTER_LINEAR)).permute(2, 0, 1)[None] / 255.0
        rgb = (rgb - torch.tensor(_MEAN).view(1, 3, 1, 1)) / torch.tensor(_STD).view(1, 3, 1, 1)
        with torch.inference_mode():
            features = functional.normalize(self._features(rgb).float(), dim=1)
            features = functional.normalize(self._resampled(features, (height, width)), dim=1)
        return DescriptorGrid.from_array(features[0].permute(1, 2, 0).numpy(), GRID_STRIDE, (height, width))

    def _resampled(self, features: Tensor, size: tuple[int, int]) -> Tensor:
        """(1, D, h, w) features at the centres of the image's 8 px cells, bilinear, clamped at the border.

        A patch network's cell stands for its middle; a padded convolution's cell c looks at c times its stride.
        """
        positions = []
        for length, cells in zip(size, features.shape[-2:], strict=True):
            stride = length / cells
            centre = (torch.arange(-(-length // GRID_STRIDE)) + 0.5) * GRID_STRIDE - 0.5
            index = (centre + 0.5) / stride - 0.5 if self._patches else centre / stride
            positions.append(2.0 * index / max(cells - 1, 1) - 1.0)
        v, u = torch.meshgrid(*positions, indexing="ij")
        grid = torch.stack([u, v], -1)[None].to(features.dtype)
        return functional.grid_sample(features, grid, mode="bilinear", padding_mode="border", align_corners=True)


def _sees_patches(network: nn.Module) -> bool:
    """Whether the first convolution cuts the image into patches, instead of sliding over it with padding."""
    first = next((m for m in network.modules() if isinstance(m, nn.Conv2d)), None)
    return first is None or tuple(first.kernel_size) == tuple(first.stride)


def _torchvision(model: str, file: str) -> tuple[nn.Module, FeatureMap, int]:
    import torchvision

    try:
        weights = torchvision.models.get_model_weights(model).DEFAULT
    except (ValueError, AttributeError) as error:
        raise FrozenError(f"backbone is torchvision/{model}, which torchvision does not have: {error}") from error
    path = Path(file) if file else Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    if not path.is_file():
        raise FrozenError(
            f"weights of backbone torchvision/{model} are not on this disk: expected {path} (from {weights.url}), or "
            f"torchvision/{model}=FILE"
        )
    network = torchvision.models.get_model(model, weights=None)
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise FrozenError(f"weights {path} are not those of torchvision/{model}: {error}") from error
    return network, _deepest_map(network.eval(), f"torchvision/{model}"), 32


def _timm(model: str, file: str) -> tuple[nn.Module, FeatureMap, int]:
    try:
        import timm
    except ImportError as error:
        raise FrozenError(f"backbone is timm/{model}, but the package timm is not installed") from error
    if not file:
        raise FrozenError(f"backbone is timm/{model} without weights, expected timm/{model}=FILE")
    options = {"pretrained": False, "num_classes": 0}
    try:
        try:
            network = timm.create_model(model, dynamic_img_size=True, **options)
        except TypeError:  # only vision transformers have a size to keep
            network = timm.create_model(model, **options)
        timm.models.load_checkpoint(network, file, strict=False)
    except Exception as error:
        raise FrozenError(f"backbone timm/{model} cannot be made from {file}: {error}") from error
    network.eval()
    if not hasattr(network, "forward_intermediates"):
        raise FrozenError(
            f"backbone timm/{model} gives no feature maps (no forward_intermediates), expected one that does"
        )

    def features(rgb: Tensor) -> Tensor:
        maps = network.forward_intermediates(rgb, intermediates_only=True, output_fmt="NCHW")
        return _choose(maps, rgb, f"timm/{model}")

    patch = getattr(getattr(network, "patch_embed", None), "patch_size", (32, 32))
    return network, features, int(patch[0])


def _deepest_map(network: nn.Module, name: str) -> FeatureMap:
    """The network's last intermediate result with the layout of a feature map."""

    def features(rgb: Tensor) -> Tensor:
        maps: list[Tensor] = []
        hooks = [m.register_forward_hook(lambda _, __, out: maps.append(out)) for m in network.modules()]
        try:
            network(rgb)
        except Exception as error:
            raise FrozenError(f"backbone {name} does not take images of {tuple(rgb.shape[2:])} px: {error}") from error
        finally:
            for hook in hooks:
                hook.remove()
        return _choose([out for out in maps if isinstance(out, Tensor)], rgb, name)

    return features


def _choose(maps: list[Tensor], rgb: Tensor, name: str) -> Tensor:
    height, width = rgb.shape[-2:]
    ratio = height / width
    fine = [
        out
        for out in maps
        if out.ndim == 4
        and out.shape[-1] > 1
        and out.shape[-2] * COARSEST_STRIDE >= height
        and abs(out.shape[-2] / out.shape[-1] - ratio) < 0.1 * ratio
    ]
    if not fine:
        raise FrozenError(f"backbone {name} gives no feature map of stride {COARSEST_STRIDE} or finer, expected one")
    return fine[-1]
