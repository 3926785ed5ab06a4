"""The built executables: each is started by the interpreter that its first line names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path


def scripts(install: Path, names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    """(path, interpreter) of the Python scripts that these packages have installed, commands and nodes alike."""
    for name in names:
        for folder in (install / name / "bin", install / name / "lib" / name):
            for path in sorted(folder.glob("*")):
                interpreter = _interpreter(path)
                if "python" in Path(interpreter).name:
                    yield path, interpreter


def _interpreter(path: Path) -> str:
    try:
        with path.open("rb") as file:
            first = file.readline(4096)
    except OSError:
        return ""
    return first[2:].decode(errors="replace").strip().strip('"') if first.startswith(b"#!") else ""


def foreign_scripts(install: Path, names: Iterable[str], venv: Path) -> dict[Path, str]:
    """The scripts that another Python than the environment's would start, with that Python.

    Paths are compared, not what they lead to: the Python of an environment is a link to the one it was made from.
    """
    return {path: found for path, found in scripts(install, names) if Path(found).parent != venv / "bin"}
