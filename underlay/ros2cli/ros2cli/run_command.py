"""ros2 run."""

from __future__ import annotations

import argparse
import os
import shlex

from ros2cli.main import CommandError
from ros2cli.pkg_command import executable_paths


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--prefix", help="a command to put in front of the executable")
    parser.add_argument("package_name")
    parser.add_argument("executable_name")
    parser.add_argument("argv", nargs=argparse.REMAINDER, help="arguments of the executable")
    parser.set_defaults(function=_run)


def _run(args: argparse.Namespace) -> None:
    paths = [p for p in executable_paths(args.package_name) if os.path.basename(p) == args.executable_name]
    if not paths:
        raise CommandError("No executable found")
    if len(paths) > 1:
        raise CommandError("\n".join(["Multiple executables found:", *(f"- {path}" for path in paths)]))
    command = [*shlex.split(args.prefix or ""), paths[0], *args.argv]
    # The executable takes this process's place, so signals and the exit code are its own.
    os.execvp(command[0], command)
