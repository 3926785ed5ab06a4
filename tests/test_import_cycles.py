"""No two modules need each other, not even for their annotations: what one is can be read without the other."""

from __future__ import annotations

import ast
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src"
#: In `dense_grasp_train` a loss and the configuration name each other: the terms read it, and it is made of them.
PACKAGES = sorted(
    folder.name for folder in SOURCE.iterdir() if (folder / "setup.py").is_file() and folder.name != "dense_grasp_train"
)


def modules(package: str) -> dict[str, ast.Module]:
    root = SOURCE / package
    found = {}
    for path in (root / package).rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text())
    return found


def imported(tree: ast.Module, known: Collection[str]) -> set[str]:
    """The known modules that are imported. A package's own file only where something in it is meant."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in full}
    return names.intersection(known)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_needed_by_what_it_needs(package):
    trees = modules(package)
    needs = {name: imported(tree, trees) - {name} for name, tree in trees.items()}
    try:
        tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        pytest.fail(f"these import each other: {' -> '.join(reversed(error.args[1]))}")
