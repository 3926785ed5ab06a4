"""Types of the commands' arguments, for argparse."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence


def count(least: int) -> Callable[[str], int]:
    """A whole number, `least` or more; argparse says what it is otherwise."""

    def parsed(text: str) -> int:
        if not (text.isascii() and text.isdigit() and int(text) >= least):
            raise argparse.ArgumentTypeError(f"it is {text!r}, expected a whole number, {least} or more")
        return int(text)

    return parsed


def add_planner(parser: argparse.ArgumentParser) -> None:
    """--planner, as launch_arguments takes it."""
    parser.add_argument("--planner", default="", help="motion planner; default: as in config/grasp.yaml")


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    """One of some names; argparse says which there are."""

    def parsed(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"it is {text!r}, expected one of {', '.join(names)}")
        return text

    return parsed
