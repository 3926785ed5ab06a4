"""How much memory the views of a data set take, told before they are loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_train.data.views import View

# Of what is free: training takes memory too.
_SHARE = 0.7
_CGROUP = Path("/sys/fs/cgroup")


class MemoryLackError(DenseGraspError):
    """Views that would not fit into memory."""


def bytes_of(views: list[View]) -> int:
    """What views hold; a picture that several instances share counts once."""
    pictures = {id(view.rgb): view.rgb.nbytes for view in views}
    crops = sum(array.nbytes for view in views for array in (view.mask, view.depth, view.place, view.part))
    return sum(pictures.values()) + crops


def available_bytes(cgroup: Path = _CGROUP) -> int:
    """Memory that this process can still take: the machine's, or that of its container (cgroup v2) where it is less."""
    available = int(psutil.virtual_memory().available)
    try:
        limit, used = ((cgroup / name).read_text().strip() for name in ("memory.max", "memory.current"))
        statistics = dict(line.split() for line in (cgroup / "memory.stat").read_text().splitlines())
        if limit != "max":
            # Pages of files that nobody needs at once are given back.
            available = min(available, int(limit) - int(used) + int(statistics.get("inactive_file", 0)))
    except (OSError, ValueError):
        pass
    return max(0, available)


def check_memory(root: Path, needed: float, pictures: int, views: int, available: int | None = None) -> None:
    """Raise MemoryLackError, with a number for --views that fits, when `needed` bytes are too many."""
    free = _SHARE * (available_bytes() if available is None else available)
    if needed > free:
        fitting = int(np.floor(views * free / needed))
        raise MemoryLackError(
            f"{root} would take about {_gigabytes(needed)} of memory ({views} views in {pictures} pictures), and "
            f"{_gigabytes(free)} are free for it: --views {max(1, fitting)} reads so many of them, evenly spread"
        )


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
