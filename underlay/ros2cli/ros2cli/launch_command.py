"""ros2 launch."""

from __future__ import annotations

import argparse
import os
import sys

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from ros2cli.main import CommandError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "-n",
        "--noninteractive",
        action="store_true",
        default=not sys.stdin.isatty(),
        help="there is no terminal",
    )
    parser.add_argument("-d", "--debug", action="store_true", help="tell more")
    parser.add_argument("-s", "--show-args", "--show-arguments", action="store_true", help="only tell the arguments")
    parser.add_argument(
        "-a", "--show-all-subprocesses-output", action="store_true", help="put all output on the screen, too"
    )
    parser.add_argument("package_name", help="a package, or the path of a launch file")
    parser.add_argument("launch_file_name", nargs="?", help="a launch file in the package")
    parser.add_argument("launch_arguments", nargs="*", help="<name>:=<value>; the last one wins")
    parser.set_defaults(function=_launch)


def _launch(args: argparse.Namespace) -> int:
    arguments = list(args.launch_arguments)
    if os.path.isfile(args.package_name):
        path = args.package_name
        if args.launch_file_name is not None:
            arguments.insert(0, args.launch_file_name)
    else:
        path = _find(args.package_name, args.launch_file_name)
    if args.show_all_subprocesses_output:
        os.environ["OVERRIDE_LAUNCH_PROCESS_OUTPUT"] = "both"
    if args.show_args:
        _show_arguments(path)
        return 0
    pairs = _parse(arguments)
    from launch import LaunchDescription, LaunchService
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    service = LaunchService(argv=arguments, noninteractive=args.noninteractive, debug=args.debug)
    include = IncludeLaunchDescription(AnyLaunchDescriptionSource(path), launch_arguments=pairs.items())
    service.include_launch_description(LaunchDescription([include]))
    return int(service.run())


def _find(package: str, name: str | None) -> str:
    try:
        share = get_package_share_directory(package)
    except (PackageNotFoundError, ValueError) as error:
        raise CommandError(f"Package '{package}' not found: {error}") from None
    if name is None:
        raise CommandError("a launch file name is required when a package is given")
    found = [os.path.join(root, name) for root, _, names in os.walk(share, followlinks=True) if name in names]
    if not found:
        raise CommandError(
            f"file '{name}' was not found in the share directory of package '{package}' which is at '{share}'"
        )
    if len(found) > 1:
        raise CommandError(
            f"file '{name}' was found more than once in the share directory of package '{package}': {found}"
        )
    return found[0]


def _parse(arguments: list[str]) -> dict[str, str]:
    pairs = {}
    for argument in arguments:
        name, mark, value = argument.partition(":=")
        if not (name and mark and value):
            raise CommandError(f"malformed launch argument '{argument}', expected format '<name>:=<value>'")
        pairs[name] = value
    return pairs


def _show_arguments(path: str) -> None:
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    print("Arguments (pass arguments as '<name>:=<value>'):")
    arguments = get_launch_description_from_python_launch_file(path).get_launch_arguments()
    for argument in arguments:
        print(f"\n    '{argument.name}':\n        {argument.description}")
        if argument.default_value is not None:
            print(f"        (default: {' + '.join(part.describe() for part in argument.default_value)})")
    if not arguments:
        print("\n  No arguments.")
