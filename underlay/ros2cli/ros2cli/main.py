"""Entry point of `ros2`."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

COMMANDS = {
    "action": "list, info and send_goal of actions",
    "interface": "show messages, services and actions",
    "launch": "run a launch file",
    "node": "list and info of nodes",
    "param": "list, get and set parameters",
    "pkg": "list, prefix and executables of packages",
    "run": "run an executable of a package",
    "service": "list, type and call of services",
    "topic": "list, info, type, echo, hz and pub of topics",
}


class CommandError(Exception):
    """A command cannot do what it was asked for."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="ros2",
        description="\n".join(f"{name:10} {text}" for name, text in COMMANDS.items()),
        epilog="This is the stand-in of dense_grasp: it offers these commands only, ROS's ros2cli has the rest.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=sorted(COMMANDS), metavar="command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    if not arguments or arguments[0] in ("-h", "--help"):
        parser.print_help()
        return 0
    command = parser.parse_args(arguments[:1]).command
    # One module a command: `ros2 launch` must not wait for the import of rclpy.
    module = importlib.import_module(f"ros2cli.{command}_command")
    parser = argparse.ArgumentParser(prog=f"ros2 {command}", description=COMMANDS[command])
    module.add_arguments(parser)
    args = parser.parse_args(arguments[1:])
    try:
        return args.function(args) or 0
    except CommandError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return int(signal.SIGINT)
    except BrokenPipeError:
        return int(signal.SIGPIPE)


if __name__ == "__main__":
    sys.exit(main())
