"""What is said of points that another network than the one that runs described. No ROS."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from dense_grasp_core.wording import counted, some_of

_NAMED = 5


def told_of(points: Iterable[tuple[str, str]], found: Collection[str]) -> str:
    """Two sentences at most. points: (name, id of its network), all by another one; found: ids of the networks that
    query_node has a file of, empty while it has not reported.
    """
    if not found:
        return ""
    points = list(points)
    lost = [name for name, model_id in points if model_id not in found]
    kept = [name for name, model_id in points if model_id in found]
    told = []
    if lost:
        told.append(f"{_taught(lost)}, of which no file is there, and cannot be found: {some_of(lost, _NAMED)}.")
    if kept:
        told.append(f"{_taught(kept)}, and {'is' if len(kept) == 1 else 'are'} found by it: {some_of(kept, _NAMED)}.")
    return " ".join(told)


def _taught(names: list[str]) -> str:
    return f"{counted(len(names), 'point')} {'was' if len(names) == 1 else 'were'} taught with another network"
