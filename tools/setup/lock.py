"""Compile `requirements/*.in` into the two lock files that set-up installs.

Both inputs are resolved together, so that the locks agree, and split by name: `ros-*` distributions go to
`ros-jazzy.lock`, everything else to `python.lock`. A line that no supported interpreter wants is left out.
`uv` (found on PATH or beside this Python) does the resolution; it is needed for locking only, set-up installs with pip.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

SUPPORTED_PYTHONS = ("3.10", "3.11", "3.12", "3.13")
HEADER = "# Compiled by `make lock` from {sources}; install with `pip install --no-deps -r`. Do not edit.\n"


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


def main() -> None:
    """Resolve and rewrite both locks."""
    requirements = Path(__file__).resolve().parents[2] / "requirements"
    sources = [requirements / "python.in", requirements / "ros-jazzy.in"]
    with tempfile.TemporaryDirectory() as scratch:
        resolved = Path(scratch) / "all.lock"
        command = [find_uv(), "pip", "compile", "--universal", "--python-version", SUPPORTED_PYTHONS[0], "--quiet"]
        command += ["--no-annotate", "--no-header", "--output-file", str(resolved)]
        subprocess.run([*command, *map(str, sources)], check=True)
        python, ros = split(resolved.read_text().splitlines())
    header = HEADER.format(sources=" and ".join(f"requirements/{source.name}" for source in sources))
    for name, pins in (("python.lock", python), ("ros-jazzy.lock", ros)):
        (requirements / name).write_text(header + "\n".join(pins) + "\n")
        print(f"lock: requirements/{name}: {len(pins)} pins")


if __name__ == "__main__":
    main()
