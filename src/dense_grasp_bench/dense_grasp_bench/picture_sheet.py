"""Pictures of a session: a sheet with one row per trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

TILE = (426, 320)
CAPTION_PX = 26
MARGIN_PX = 6
INK = (25, 25, 25)
PAPER = 245


def _tile(image: np.ndarray | None) -> np.ndarray:
    if image is None:
        return np.full((TILE[1], TILE[0], 3), 200, np.uint8)
    return cv2.resize(image, TILE, interpolation=cv2.INTER_AREA)


def sheet(rows: Sequence[tuple[Sequence[np.ndarray | None], str]], title: str = "") -> np.ndarray:
    """Rows of (pictures (H, W, 3) RGB, caption) on one page, (H, W, 3) uint8 RGB; a missing picture is grey."""
    columns = max((len(images) for images, _ in rows), default=1)
    width = columns * (TILE[0] + MARGIN_PX) + MARGIN_PX
    blocks = [_text(title, width, 0.6)] if title else []
    for images, caption in rows:
        blocks.append(_text(caption, width, 0.45))
        strip = np.full((TILE[1] + MARGIN_PX, width, 3), PAPER, np.uint8)
        for index, image in enumerate(images):
            left = MARGIN_PX + index * (TILE[0] + MARGIN_PX)
            strip[: TILE[1], left : left + TILE[0]] = _tile(image)
        blocks.append(strip)
    return np.concatenate(blocks) if blocks else np.full((CAPTION_PX, width, 3), PAPER, np.uint8)


def _text(text: str, width: int, scale: float) -> np.ndarray:
    line = np.full((CAPTION_PX, width, 3), PAPER, np.uint8)
    plain = text.encode("ascii", "replace").decode()
    cv2.putText(line, plain, (MARGIN_PX, CAPTION_PX - 8), cv2.FONT_HERSHEY_SIMPLEX, scale, INK, 1, cv2.LINE_AA)
    return line


def write_png(path: Path, rgb: np.ndarray) -> None:
    """Write an RGB picture whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    if not done:
        raise OSError(f"cannot encode {path}")
    partial = path.with_suffix(".part")
    partial.write_bytes(data.tobytes())
    partial.replace(path)
