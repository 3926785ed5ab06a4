"""What a network learns from, in words: for its file and its card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from dense_grasp_core.wording import some_of

from dense_grasp_train.data.files import DatasetError, read_json
from dense_grasp_train.data.views import View, taken

CAPS = "parametric caps, rendered"
_KINDS = {"cap": CAPS, "mesh": "meshes, rendered", "captures": "captures of a depth camera"}
_TAIL_PERCENT = 5


def counted(views: list[View]) -> str:
    """How many views of how many objects."""
    return f"{_views(views)} of {len({view.instance for view in views})} objects"


def _views(views: list[View]) -> str:
    rendered = len(views) - len(taken(views))
    return f"{len(views)} views" + (f" ({rendered} of them rendered from the others)" if rendered else "")


def source_of(root: Path) -> str | None:
    """Of what a data set's manifest says that it is made: cap, mesh, captures. None without a manifest."""
    try:
        return str(read_json(root / "manifest.json")["source"])
    except (DatasetError, KeyError, TypeError):
        return None  # the scenes of a BOP set have no manifest


def described(root: Path, views: list[View]) -> str:
    """The views of a data set with its kind, as its manifest says it."""
    kind = source_of(root)
    return f"{counted(views)} ({_KINDS.get(kind or '', f'the BOP set {root.resolve().parent.name}')})"


def described_scans(names: list[str], views: list[View]) -> str:
    """The views of scans with their names."""
    return f"{_views(views)} of {len(names)} scans ({some_of(names)})"


def distances(views: list[View]) -> tuple[float, float]:
    """Between which distances of camera and object nine tenths of the views lie, metres."""
    ranges = [np.linalg.norm(view.camera_from_object[:3, 3]) for view in views]
    near, far = np.percentile(ranges, [_TAIL_PERCENT, 100 - _TAIL_PERCENT])
    return round(float(near), 3), round(float(far), 3)
