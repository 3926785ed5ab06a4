"""Prints for solids: bands, shapes and words in the manner of a package, drawn from a seed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
SIZE_PX = 320
_WORDS = ("OATS", "SOLVO", "KRONE", "MINT", "ARIA 5", "BRIO", "NORD", "TEA", "No. 7", "FINO", "ZEST", "BOLT")


def palette(rng: np.random.Generator, count: int = 4) -> NDArray[np.int64]:
    """(count, 3) RGB colours that differ from each other."""
    hues = (rng.uniform(0, 180) + np.arange(count) * 180 / count + rng.uniform(-12, 12, count)) % 180
    hsv = np.stack([hues, rng.uniform(90, 220, count), rng.uniform(120, 240, count)], axis=1).astype(np.uint8)
    return np.asarray(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB)[0].astype(np.int64))


def plain(colour: NDArray[np.int64]) -> Picture:
    """One colour."""
    return np.broadcast_to(colour.astype(np.uint8), (SIZE_PX, SIZE_PX, 3)).copy()


def print_panel(rng: np.random.Generator, colours: NDArray[np.int64], repeats: int = 1) -> Picture:
    """One printed side (SIZE_PX, SIZE_PX, 3) RGB; repeats: motifs beside each other, each another one."""
    motifs = [_motif(rng, colours, SIZE_PX // repeats) for _ in range(repeats)]
    return np.asarray(cv2.resize(np.concatenate(motifs, axis=1), (SIZE_PX, SIZE_PX)))


def _motif(rng: np.random.Generator, colours: NDArray[np.int64], width: int) -> Picture:
    order = rng.permutation(len(colours))
    ground, ink, accent = (tuple(int(c) for c in colours[k]) for k in order[:3])
    image = np.full((SIZE_PX, width, 3), ground, np.uint8)
    for _ in range(3):
        top = int(rng.integers(0, SIZE_PX - 40))
        colour = tuple(int(c) for c in colours[rng.integers(len(colours))])
        cv2.rectangle(image, (0, top), (width, top + int(rng.integers(8, 36))), colour, -1)
    for _ in range(7):
        centre = (int(rng.integers(0, width)), int(rng.integers(0, SIZE_PX)))
        colour = tuple(int(c) for c in rng.integers(20, 240, 3))
        if rng.random() < 0.5:
            cv2.circle(image, centre, int(rng.integers(8, 34)), colour, -1, cv2.LINE_AA)
        else:
            corners = np.array(centre) + rng.integers(-38, 38, (3, 2))
            cv2.fillPoly(image, [corners.astype(np.int32)], colour, cv2.LINE_AA)
    for row in range(3):
        word = str(rng.choice(_WORDS))
        scale = float(rng.uniform(0.7, 1.0)) * width / 130.0
        place = (int(0.05 * width), int((0.28 + 0.3 * row) * SIZE_PX))
        paint = (245, 245, 240) if row % 2 else ink
        cv2.putText(image, word, place, cv2.FONT_HERSHEY_DUPLEX, scale, accent, 7, cv2.LINE_AA)
        cv2.putText(image, word, place, cv2.FONT_HERSHEY_DUPLEX, scale, paint, 3, cv2.LINE_AA)
    left = int(rng.integers(0, max(1, width - 70)))
    cv2.rectangle(image, (left, SIZE_PX - 50), (left + 66, SIZE_PX - 8), (250, 250, 250), -1)
    for bar in range(4, 62, 5):
        cv2.rectangle(
            image, (left + bar, SIZE_PX - 46), (left + bar + int(rng.integers(0, 3)), SIZE_PX - 12), (10, 10, 10), -1
        )
    return image
