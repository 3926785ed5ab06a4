"""ros2 interface."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_share_directory,
    get_packages_with_prefixes,
)

from ros2cli.main import CommandError

_PRIMITIVES = "bool|byte|char|float32|float64|u?int(?:8|16|32|64)|w?string"
_FIELD = re.compile(r"^([A-Za-z][\w/]*)(?:\[[^\]]*\])?\s+\w+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = parser.add_subparsers(metavar="verb", required=True)
    show = verbs.add_parser("show", help="definition of an interface, nested ones included")
    show.add_argument("type", help="e.g. std_msgs/msg/String")
    show.add_argument("--no-comments", action="store_true")
    show.set_defaults(function=_show)
    listing = verbs.add_parser("list", help="names of all interfaces")
    listing.set_defaults(function=_list)
    package = verbs.add_parser("package", help="names of a package's interfaces")
    package.add_argument("package_name")
    package.set_defaults(function=_package)


def _file(name: str) -> Path:
    parts = name.split("/")
    if len(parts) == 2:
        parts.insert(1, "msg")
    try:
        path = Path(get_package_share_directory(parts[0]), *parts[1:-1], f"{parts[-1]}.{parts[-2]}")
    except (PackageNotFoundError, ValueError):
        raise CommandError(f"Unknown package '{parts[0]}'") from None
    if len(parts) != 3 or not path.is_file():
        raise CommandError(f"Could not find the interface '{path}'")
    return path


def definition(name: str, comments: bool, depth: int = 0) -> list[str]:
    """Return the lines of an interface; a nested one follows its field, indented by a tab."""
    package = name.split("/")[0]
    lines = []
    for line in _file(name).read_text().splitlines():
        text = line if comments else line.split("#")[0].rstrip()
        if depth and not text.split("#")[0].strip() and not comments:
            continue
        if text or comments:
            lines.append("\t" * depth + text)
        field = _FIELD.match(line)
        if field and "=" not in line.split("#")[0] and not re.fullmatch(_PRIMITIVES, field[1]):
            nested = field[1] if "/" in field[1] else f"{package}/msg/{field[1]}"
            lines += definition(nested, comments and depth == 0, depth + 1)
    return lines


def names_in(package: str) -> list[str]:
    """Return the interfaces of a package."""
    share = Path(get_package_share_directory(package))
    paths = [path for kind in ("msg", "srv", "action") for path in (share / kind).glob(f"*.{kind}")]
    return sorted(f"{package}/{path.parent.name}/{path.stem}" for path in paths)


def _show(args: argparse.Namespace) -> None:
    print("\n".join(definition(args.type, not args.no_comments)))


def _list(args: argparse.Namespace) -> None:
    names = [name for package in sorted(get_packages_with_prefixes()) for name in names_in(package)]
    for title, kind in (("Messages", "msg"), ("Services", "srv"), ("Actions", "action")):
        print(f"{title}:")
        for name in names:
            if f"/{kind}/" in name:
                print(f"    {name}")


def _package(args: argparse.Namespace) -> None:
    try:
        print("\n".join(names_in(args.package_name)))
    except (PackageNotFoundError, ValueError):
        raise CommandError(f"Unknown package '{args.package_name}'") from None
