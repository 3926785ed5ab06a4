"""`python -m dense_grasp_train <command>`: the commands of this package without ROS.

`ros2 run dense_grasp_train <command>` comes here, too: what the commands need is not on every robot, and where it is
missing they say what adds it.
"""

from __future__ import annotations

import functools
import importlib
import sys

COMMANDS = {
    "scan": "make a scan of an object from pictures, and check it",
    "generate": "make views of caps, meshes or captures with exact ground truth",
    "pairs": "draw training pairs with their matches",
    "train": "train a descriptor network",
    "evaluate": "measure networks on held-out pairs beside the controls",
    "benchmark": "measure frame rate and queries",
    "export": "write a network as OpenVINO IR and ONNX, checked against torch",
    "memory": "measure training and inference memory over the descriptor dimension",
    "solids": "make objects for the simulated cell of meshes",
    "inspect": "point at a pixel of one picture and see in a browser where it is found in another",
    "reproduce": "all of these for a budget, and a page with every figure",
}
MODULES = {
    "scan": "scanning.scan",
    "generate": "data.generate",
    "pairs": "data.show_pairs",
    "train": "training.train",
    "evaluate": "evaluation.evaluate",
    "benchmark": "benchmarks.perception",
    "export": "training.export",
    "memory": "benchmarks.memory",
    "solids": "solids.command",
    "inspect": "inspect_pictures",
    "reproduce": "reproduce.reproduce",
}


def usage() -> str:
    """Return the list of commands."""
    rows = "\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items())
    return f"usage: python -m dense_grasp_train <command> [options]\n\ncommands (each with --help):\n{rows}"


def run(command: str, arguments: list[str] | None = None) -> int:
    """Run a command with its arguments, by default those of the process; its exit status.

    2, with a sentence, where a library that it needs is not installed.
    """
    try:
        module = importlib.import_module(f"dense_grasp_train.{MODULES[command]}")
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if not missing or missing.startswith("dense_grasp"):
            raise
        print(
            f"{command}: the library {missing} is not installed: `make setup-train` adds what trains and evaluates",
            file=sys.stderr,
        )
        return 2
    return int(module.main(arguments))


def main(argv: list[str] | None = None) -> int:
    """Dispatch to the command; returns its exit status, 2 for an unknown one."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        print(f"command is {arguments[0]!r}, expected one of {', '.join(COMMANDS)}\n{usage()}", file=sys.stderr)
        return 2
    return run(arguments[0], arguments[1:])


scan, generate, pairs, train, evaluate, benchmark, export, memory, solids, inspect, reproduce = (
    functools.partial(run, command) for command in COMMANDS
)


if __name__ == "__main__":
    raise SystemExit(main())
