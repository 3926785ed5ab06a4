"""Figures that "Training Dense Object Nets: A Novel Approach" publishes: GB on an RTX A6000 with 48 GB, and AUC.

Tables 1 and 2, and the published Table 3 (in the text that is often passed around it is a copy of Table 2). How the
authors read the memory is not said; batch size 1, 128 correspondences. Keys are (row, descriptor dimension).
"""

from __future__ import annotations

DON = "DON, NT-Xent as released"
PAPER_16 = "the paper's method, 16 keypoints"
PAPER_128 = "the paper's method, 128 keypoints"


def _row(name: str, dimensions: tuple[int, ...], gigabytes: tuple[float, ...]) -> dict[tuple[str, int], float]:
    return {(name, dimension): value for dimension, value in zip(dimensions, gigabytes, strict=True)}


TRAINING_GIGABYTES = {
    **_row(DON, (3, 8, 16, 32), (9.377, 13.717, 20.479, 30.067)),
    **_row(PAPER_16, (64, 128, 256, 512), (3.799, 4.191, 5.241, 7.341)),
    **_row(
        PAPER_128,
        (3, 8, 16, 32, 64, 128, 256, 512),
        (4.763, 4.785, 4.832, 4.872, 4.913, 5.409, 6.551, 7.915),
    ),
}

# AUC of the paper's metric, which thresholds a cosine of coordinate vectors: metrics.legacy_auc. Same rows and keys.
LEGACY_AUC = {
    **_row(DON, (3, 8, 16, 32), (0.922, 0.933, 0.948, 0.953)),
    **_row(PAPER_16, (64, 128, 256, 512), (0.948, 0.952, 0.955, 0.957)),
    **_row(PAPER_128, (3, 8, 16, 32, 64, 128, 256, 512), (0.914, 0.928, 0.945, 0.950, 0.953, 0.957, 0.959, 0.962)),
}
