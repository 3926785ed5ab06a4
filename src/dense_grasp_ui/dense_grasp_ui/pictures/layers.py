"""What the live picture can show instead of colours: depth, or the descriptors. No ROS."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COLOUR, DEPTH, DESCRIPTORS = "colour", "depth", "descriptors"
#: Shares of the values between which the colours are spread; beyond them are single wrong pixels.
SPREAD = 2.0, 98.0


def depth_colours(depth: NDArray[np.floating]) -> tuple[NDArray[np.uint8], str]:
    """RGB (H, W, 3) of depths (H, W), m, with not finite values for what was not measured, and the range in a line.

    Near is red and far is blue, by OpenCV's Turbo; black was not measured.
    """
    known = np.isfinite(depth) & (depth > 0.0)
    if not known.any():
        return np.zeros((*depth.shape, 3), np.uint8), "No depth was measured."
    near, far = np.percentile(depth[known], SPREAD)
    share = np.clip((far - np.where(known, depth, far)) / max(far - near, 1e-3), 0.0, 1.0)
    coloured = cv2.applyColorMap(np.round(255.0 * share).astype(np.uint8), cv2.COLORMAP_TURBO)
    rgb = np.asarray(cv2.cvtColor(coloured, cv2.COLOR_BGR2RGB), np.uint8)
    rgb[~known] = 0
    told = f"Red is {1000.0 * near:.0f} mm from the camera, blue {1000.0 * far:.0f} mm; black was not measured"
    return rgb, f"{told} ({1.0 - known.mean():.0%})."


class DescriptorColours:
    """The three directions in which the descriptors of the first picture differ most, as red, green and blue.

    Later pictures keep them, so that a thing keeps its colour while it moves.
    """

    def __init__(self) -> None:
        self._of = ""
        self._mean, self._axes, self._low, self._high = np.zeros(0), np.zeros((0, 3)), np.zeros(3), np.ones(3)

    def colours(
        self, features: NDArray[np.floating], model_id: str, size: tuple[int, int]
    ) -> tuple[NDArray[np.uint8], str]:
        """RGB (H, W, 3) of descriptors (h, w, D) of a network, and what it shows. size: width and height, px."""
        rows = features.reshape(-1, features.shape[-1]).astype(np.float32)
        key = f"{model_id} {features.shape[-1]}"
        if key != self._of:
            self._fit(rows)
            self._of = key
        share = np.clip(((rows - self._mean) @ self._axes - self._low) / (self._high - self._low), 0.0, 1.0)
        small = np.round(255.0 * share).astype(np.uint8).reshape(*features.shape[:2], 3)
        rgb = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        return (
            rgb,
            f"Like descriptors of network {model_id} have like colours: their first three principal components.",
        )

    def _fit(self, rows: NDArray[np.float32]) -> None:
        self._mean = rows.mean(0)
        _, vectors = np.linalg.eigh(np.cov((rows - self._mean).T).reshape(rows.shape[1], -1))
        axes = vectors[:, ::-1][:, :3]
        self._axes = np.pad(axes, ((0, 0), (0, 3 - axes.shape[1])))
        self._low, self._high = np.percentile((rows - self._mean) @ self._axes, SPREAD, axis=0)
        self._high = np.maximum(self._high, self._low + 1e-6)
