"""`make test-alone`: each Python package built and tested with nothing of ours beside it but what its manifest names.

A package is built anew into a folder of its own and installed there without links, so that what setup.py leaves out is
missed. Of the workspace it sees the packages that it depends on, and those that they depend on; of the virtual
environment it sees everything: what it may import from there is compared with the manifest by tests/test_manifests.py.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.setup.workspace import base_environment

ROOT = Path(__file__).resolve().parents[1]
TO_RUN = ("depend", "exec_depend", "build_depend", "buildtool_depend")
STANDS_FOR = {"ros2launch": "ros2cli", "ros2run": "ros2cli"}
"""Packages of upstream whose part a stand-in of another name plays."""
NO_TESTS = 5  # pytest's exit status


def manifests(root: Path) -> dict[str, Path]:
    """Package name -> folder, of the packages in src/ and underlay/."""
    return {
        str(ElementTree.parse(path).getroot().findtext("name")): path.parent
        for base in ("underlay", "src")
        for path in sorted((root / base).glob("*/package.xml"))
    }


def needed(package: str, folders: Mapping[str, Path]) -> list[str]:
    """Packages of the workspace that a package needs to run and to be tested, each after those that it needs itself."""
    found: list[str] = []

    def visit(name: str, kinds: Sequence[str]) -> None:
        manifest = ElementTree.parse(folders[name] / "package.xml").getroot()
        for kind in kinds:
            for element in manifest.iter(kind):
                other = (element.text or "").strip()
                other = STANDS_FOR.get(other, other)
                if other in folders and other not in found and other != package:
                    visit(other, TO_RUN)
                    found.append(other)

    visit(package, (*TO_RUN, "test_depend"))
    return found


def script(package: str, folders: Mapping[str, Path], root: Path, scratch: Path, options: Sequence[str]) -> str:
    """What a shell does to build and test one package. A stand-in that was not built is the machine's own package."""
    sources = [root / "install" / name / "share" / name / "package.bash" for name in needed(package, folders)]
    own = scratch / "install" / package / "share" / package / "package.bash"
    build = ["python", "-m", "colcon", "--log-base", str(scratch / "log"), "--log-level", "error", "build"]
    build += ["--paths", str(folders[package]), "--build-base", str(scratch / "build")]
    build += ["--install-base", str(scratch / "install"), "--event-handlers", "console_cohesion-", "console_stderr-"]
    test = ["python", "-m", "pytest", "-q", str(folders[package] / "test"), *options]
    return "\n".join(
        [
            "set -e",
            f"DENSE_GRASP_BUILDING=1 . {shlex.quote(str(root / 'setup.bash'))}",
            *(f"[ ! -f {path} ] || . {path}" for path in (shlex.quote(str(source)) for source in sources)),
            shlex.join(build),
            f". {shlex.quote(str(own))}",
            shlex.join(test),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status 0 when every package passed, 1 when one failed, 2 for an unknown package."""
    folders = manifests(ROOT)
    ours = [name for name, path in folders.items() if path.parent.name == "src" and (path / "setup.py").is_file()]
    parser = argparse.ArgumentParser(prog="python -m tools.alone", description=__doc__.split("\n")[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help=f"all by default: {', '.join(ours)}")
    parser.add_argument("--pytest", default="", help='options of pytest, such as --pytest="-k name -x"')
    given = parser.parse_args(arguments)
    unknown = [name for name in given.packages if name not in ours]
    if unknown:
        parser.error(f"unknown package {unknown[0]!r}, expected one of {', '.join(ours)}")
    failed = []
    for package in given.packages or ours:
        print(f"{package}, with {', '.join(needed(package, folders)) or 'nothing of ours'}", flush=True)
        with tempfile.TemporaryDirectory(prefix="alone-") as scratch:
            command = script(package, folders, ROOT, Path(scratch), shlex.split(given.pytest))
            environ = {**base_environment(os.environ, ROOT), "PYTHONWARNINGS": "ignore"}
            status = subprocess.run(["bash", "-c", command], cwd=ROOT, env=environ).returncode
        if status not in (0, NO_TESTS):
            failed.append(package)
    print(f"failed: {', '.join(failed)}" if failed else "each package stands alone")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
