"""A training of four steps on small pictures, and the curve that it leaves."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

#: Changes of a preset.
TINY: dict[str, Any] = {
    "steps": 4,
    "checkpoint_every": 2,
    "batch": 2,
    "precision": "32",
    "network": {"dimension": 8, "keypoints": 4},
    "pairs": {"crop": [96, 96], "input_scale": 0.5, "matches": 32},
    "optimiser": {"warmup_steps": 0, "average_decay": 0.9},
}


def curve(run: Path) -> list[tuple[int, float]]:
    """(step, loss) of every logged step of a run's folder."""
    rows = []
    for file in sorted(run.glob("logs/*/metrics.csv")):
        rows += [(int(row["step"]), float(row["loss"])) for row in csv.DictReader(file.open())]
    return rows
