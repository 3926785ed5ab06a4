"""Point the CMake exports of the ROS wheels at this interpreter.

The wheels were built in a container; their exports name its Python and NumPy headers by absolute path.
"""

from __future__ import annotations

import re
from pathlib import Path

_CONTAINER = r"/opt/(?:python|_internal)/[^;\"\s]*?"
_PYTHON_HEADERS = re.compile(_CONTAINER + r"/include/python3\.\d+")
_NUMPY_HEADERS = re.compile(_CONTAINER + r"/site-packages/numpy/_?core/include")


def relocated(text: str, python_include: str, numpy_include: str) -> str:
    """The text of a CMake file with the container's two header folders replaced; a second call changes nothing."""
    text = _NUMPY_HEADERS.sub(lambda _: numpy_include, text)
    return _PYTHON_HEADERS.sub(lambda _: python_include, text)


def relocate_tree(share: Path, python_include: str, numpy_include: str) -> int:
    """Relocate every CMake file below `share`; returns how many were changed."""
    changed = 0
    for path in sorted(share.rglob("*.cmake")):
        before = path.read_text(errors="surrogateescape")
        after = relocated(before, python_include, numpy_include)
        if after != before:
            partial = path.with_name(path.name + ".partial")
            partial.write_text(after, errors="surrogateescape")
            partial.replace(path)
            changed += 1
    return changed
