"""DON with pixelwise NT-Xent as its authors released it: every query tiled to H x W x D before the cosine.

Its memory grows with D for that reason alone; ``nt_xent`` has the same value and gradient from a matrix product. Here
to measure it (`memory`) and to reproduce the paper's Table 2 on a GPU that can hold it, not to be used otherwise.
"""

from __future__ import annotations

import torch
from dense_grasp_core.descriptors.network import NetworkOutput, upsample_features
from torch import Tensor

from dense_grasp_train.methods.base import Method, Objective
from dense_grasp_train.methods.correspondence import match_health, scaled
from dense_grasp_train.methods.nt_xent import nt_xent_loss
from dense_grasp_train.training.config import ConfigError, TrainConfig


def tile(queries: Tensor, height: int, width: int) -> Tensor:
    """Copies (Q, H, W, D) of descriptors (Q, D)."""
    return queries[:, None, None].tile(1, height, width, 1)


def tiled_cosines(tiled: Tensor, image: Tensor) -> Tensor:
    """Cosines (Q, H, W) of tiled descriptors (Q, H, W, D) with those of an image (D, H, W)."""
    channels_last = image.permute(1, 2, 0)[None]
    lengths = torch.linalg.norm(tiled, dim=-1) * torch.linalg.norm(channels_last, dim=-1)
    return (tiled * channels_last).sum(-1) / (lengths + 1e-12)


def tiled_nt_xent(
    image_a: Tensor, image_b: Tensor, pixels_a: Tensor, pixels_b: Tensor, temperature: float, weight: Tensor
) -> Tensor:
    """Pixelwise NT-Xent of matches of A in B.

    Args:
        image_a, image_b: (D, H, W) descriptor images.
        pixels_a, pixels_b: (Q, 2) matches (u, v); the nearest pixel counts.
        temperature: divides the cosines.
        weight: (Q,), 0 for padding.
    """
    rounded_a, rounded_b = (_round(pixels, image_a.shape[1:]) for pixels in (pixels_a, pixels_b))
    query = image_a[:, rounded_a[:, 1], rounded_a[:, 0]].T
    match = image_b[:, rounded_b[:, 1], rounded_b[:, 0]].T
    tiled = tile(query, *image_a.shape[1:])
    real = (weight > 0).to(torch.uint8)
    counts = torch.zeros(image_a.shape[1:], dtype=torch.uint8, device=image_a.device)
    counts = counts.index_put((rounded_a[:, 1], rounded_a[:, 0]), real, accumulate=True)
    taken = counts > 0
    return nt_xent_loss(
        torch.cosine_similarity(query, match, -1)[None],
        tiled_cosines(tiled, image_b).flatten(1)[None],
        tiled_cosines(tiled, image_a).flatten(1)[None],
        temperature,
        weight[None],
        None,
        taken.flatten()[None, None],
    )


def _round(pixels: Tensor, size: torch.Size) -> Tensor:
    limit = torch.tensor([size[1] - 1, size[0] - 1], device=pixels.device)
    return torch.minimum(pixels.round().long().clamp_min(0), limit)


class NTXentTiled(Method):
    """NT-Xent in both directions on descriptor images at full resolution."""

    reads = frozenset({"baseline.grid", "baseline.temperature", "baseline.exclusion_cells"})

    def __init__(self, config: TrainConfig) -> None:
        super().__init__(config)
        grid, radius = config.baseline.grid, config.baseline.exclusion_cells
        if grid != "pixels" or radius != 0:
            raise ConfigError(
                f"baseline.grid is {grid!r} and baseline.exclusion_cells {radius} with method {config.method}, "
                "expected 'pixels' and 0: the released form knows nothing else"
            )

    def objective(
        self, output: NetworkOutput, batch: dict[str, Tensor], step: int, noise: torch.Generator
    ) -> Objective:
        """See Method."""
        features = scaled(output.features, self.scales)
        size = (batch["image"].shape[-2], batch["image"].shape[-1])
        images = upsample_features(features, size, self.scales.stride)
        losses = []
        for pair, (pixels_a, pixels_b) in enumerate(batch["pixels"].unbind(0)):
            a, b, weight = images[2 * pair], images[2 * pair + 1], batch["weight"][pair]
            forward = tiled_nt_xent(a, b, pixels_a, pixels_b, self.config.baseline.temperature, weight)
            backward = tiled_nt_xent(b, a, pixels_b, pixels_a, self.config.baseline.temperature, weight)
            losses.append(0.5 * (forward + backward))
        total = torch.stack(losses).mean()
        return Objective({"nt_xent": total}, {"nt_xent": 1.0}, match_health(features.detach(), batch, self.scales))
