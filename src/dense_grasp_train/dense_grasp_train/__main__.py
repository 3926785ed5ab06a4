"""`python -m dense_grasp_train <command>`: the commands of this package without ROS."""

from __future__ import annotations

import importlib
import sys

COMMANDS = {
    "generate": "make views of caps, meshes or captures with exact ground truth",
    "pairs": "draw training pairs with their matches",
    "train": "train a descriptor network",
    "evaluate": "measure networks on held-out pairs beside the controls",
    "benchmark": "measure frame rate and queries",
    "export": "write a network as OpenVINO IR and ONNX, checked against torch",
    "memory": "measure training and inference memory over the descriptor dimension",
    "reproduce": "all of these for a budget, and a page with every figure",
}
MODULES = {
    "generate": "data.generate",
    "pairs": "data.show_pairs",
    "train": "training.train",
    "evaluate": "evaluation.evaluate",
    "benchmark": "benchmarks.perception",
    "export": "training.export",
    "memory": "benchmarks.memory",
    "reproduce": "reproduce.reproduce",
}


def usage() -> str:
    """Return the list of commands."""
    rows = "\n".join(f"  {name:10} {text}" for name, text in COMMANDS.items())
    return f"usage: python -m dense_grasp_train <command> [options]\n\ncommands (each with --help):\n{rows}"


def main(argv: list[str] | None = None) -> int:
    """Dispatch to the command; returns its exit status, 2 for an unknown one."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        print(f"command is {arguments[0]!r}, expected one of {', '.join(COMMANDS)}\n{usage()}", file=sys.stderr)
        return 2
    module = importlib.import_module(f"dense_grasp_train.{MODULES[arguments[0]]}")
    return int(module.main(arguments[1:]))


if __name__ == "__main__":
    raise SystemExit(main())
