"""`python -m dense_grasp_ui inspect --model FILE PATH…`: the hover window without ROS."""

from __future__ import annotations

import sys

from dense_grasp_ui.inspecting import command

USAGE = "usage: python -m dense_grasp_ui inspect --model FILE PATH... (inspect --help tells more)"


def main(argv: list[str] | None = None) -> int:
    """Dispatch to the command; its exit status, 2 for an unknown one."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if arguments[:1] != ["inspect"]:
        print(f"command is {arguments[0] if arguments else 'missing'!r}, expected inspect\n{USAGE}", file=sys.stderr)
        return 2
    return command.main(arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main())
