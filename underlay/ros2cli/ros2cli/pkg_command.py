"""ros2 pkg."""

from __future__ import annotations

import argparse
import os

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
    get_packages_with_prefixes,
)

from ros2cli.main import CommandError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    verbs.add_parser("list", help="names of all packages").set_defaults(function=_list)
    prefix = verbs.add_parser("prefix", help="where a package is installed")
    prefix.add_argument("package_name")
    prefix.add_argument("--share", action="store_true", help="its share folder")
    prefix.set_defaults(function=_prefix)
    executables = verbs.add_parser("executables", help="what `ros2 run` can run")
    executables.add_argument("package_name", nargs="?")
    executables.add_argument("--full-path", action="store_true")
    executables.set_defaults(function=_executables)


def executable_paths(package: str) -> list[str]:
    """Return the paths of a package's executables.

    Raises:
        CommandError: there is no such package.
    """
    try:
        folder = os.path.join(get_package_prefix(package), "lib", package)
    except (PackageNotFoundError, ValueError):
        raise CommandError(f"Package '{package}' not found") from None
    paths = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths += [os.path.join(root, name) for name in sorted(names)]
    return [path for path in paths if os.access(path, os.X_OK)]


def _list(args: argparse.Namespace) -> None:
    print("\n".join(sorted(get_packages_with_prefixes())))


def _prefix(args: argparse.Namespace) -> None:
    try:
        print((get_package_share_directory if args.share else get_package_prefix)(args.package_name))
    except (PackageNotFoundError, ValueError):
        raise CommandError("Package not found") from None


def _executables(args: argparse.Namespace) -> None:
    for package in [args.package_name] if args.package_name else sorted(get_packages_with_prefixes()):
        for path in executable_paths(package):
            print(path if args.full_path else f"{package} {os.path.basename(path)}")
