"""Compile `requirements/*.in` into the lock files that set-up installs.

All inputs are resolved together, so that the locks agree, and split: `ros-*` distributions go to `ros-jazzy.lock`, what
`python.in` and ROS need to `python.lock`, and what only `train.in` adds to `train.lock`. A line that no supported
interpreter wants is left out. A pin that still fits stays; `--upgrade` takes the newest of everything.
`uv` (found on PATH or beside this Python) does the resolution; it is needed for locking only, set-up installs with pip.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

SUPPORTED_PYTHONS = ("3.10", "3.11", "3.12", "3.13")
HEADER = "# Compiled by `make lock` from requirements/*.in; install with `pip install --no-deps -r`. Do not edit.\n"


def marker_environments() -> list[dict[str, str]]:
    """PEP 508 environments of the supported interpreters: CPython on x86_64 Linux."""
    return [
        {
            "python_version": version,
            "python_full_version": version + ".9",
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "implementation_name": "cpython",
        }
        for version in SUPPORTED_PYTHONS
    ]


def simplify(line: str) -> str | None:
    """One lock line with its marker reduced to Python versions; None when no supported interpreter wants it."""
    from packaging.markers import Marker

    pin, _, marker_text = line.partition(";")
    pin, marker_text = pin.strip(), marker_text.strip()
    if not marker_text:
        return pin
    marker = Marker(marker_text)
    wanted = [e["python_version"] for e in marker_environments() if marker.evaluate(dict(e))]
    if not wanted:
        return None
    if len(wanted) == len(SUPPORTED_PYTHONS):
        return pin
    if wanted == list(SUPPORTED_PYTHONS[: len(wanted)]):
        following = SUPPORTED_PYTHONS[len(wanted)]
        return f"{pin} ; python_version < '{following}'"
    if wanted == list(SUPPORTED_PYTHONS[-len(wanted) :]):
        return f"{pin} ; python_version >= '{wanted[0]}'"
    return pin + " ; " + " or ".join(f"python_version == '{version}'" for version in wanted)


def split(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Resolved lines as (python, ros), simplified, in their order, without comments."""
    python: list[str] = []
    ros: list[str] = []
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        simple = simplify(line)
        if simple is not None:
            (ros if simple.startswith("ros-") else python).append(simple)
    return python, ros


def find_uv() -> str:
    """Path of uv, or exit with the line that installs it."""
    beside = Path(sys.executable).with_name("uv")
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        sys.exit("lock: uv is not installed; `.venv/bin/pip install uv` brings it")
    return found


def added(whole: Iterable[str], base: Iterable[str]) -> list[str]:
    """The lines of a resolution that a smaller one lacks, in their order."""
    known = set(base)
    return [line for line in whole if line not in known]


def resolve(sources: Sequence[Path], output: Path, *options: str) -> list[str]:
    """Lines that uv resolves these inputs to, for every supported interpreter; pins in `output` stay where they fit."""
    command = [find_uv(), "pip", "compile", "--universal", "--python-version", SUPPORTED_PYTHONS[0], "--quiet"]
    command += ["--no-annotate", "--no-header", "--output-file", str(output), *options]
    subprocess.run([*command, *map(str, sources)], check=True)
    return output.read_text().splitlines()


def main(argv: Sequence[str] | None = None) -> None:
    """Resolve and rewrite the locks."""
    arguments = argparse.ArgumentParser(prog="lock", description=__doc__)
    arguments.add_argument("--upgrade", action="store_true", help="take the newest of everything that fits")
    options = arguments.parse_args(argv)
    requirements = Path(__file__).resolve().parents[2] / "requirements"
    lean = [requirements / "python.in", requirements / "ros-jazzy.in"]
    locks = {name: requirements / name for name in ("python.lock", "train.lock", "ros-jazzy.lock")}
    with tempfile.TemporaryDirectory() as scratch:
        everything = Path(scratch) / "everything.lock"
        if not options.upgrade:
            everything.write_text("".join(path.read_text() for path in locks.values() if path.exists()))
        whole, ros = split(resolve([*lean, requirements / "train.in"], everything))
        python, _ = split(resolve(lean, Path(scratch) / "lean.lock", "--constraints", str(everything)))
    for name, pins in (("python.lock", python), ("train.lock", added(whole, python)), ("ros-jazzy.lock", ros)):
        locks[name].write_text(HEADER + "\n".join(pins) + "\n")
        print(f"lock: requirements/{name}: {len(pins)} pins")


if __name__ == "__main__":
    main()
