"""The hover window on pictures of a disk: the page's package serves it, and needs no ROS for that."""

from __future__ import annotations

import importlib
import sys


def main(argv: list[str] | None = None) -> int:
    """`inspect --model FILE PATH…`; its exit status, 2 with a sentence where the page's package is not installed."""
    package = "dense_grasp_ui"
    try:
        command = importlib.import_module(f"{package}.inspecting.command")
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        print(f"inspect: the package {package}, which serves the window, is not installed: build it", file=sys.stderr)
        return 2
    return int(command.main(argv))
