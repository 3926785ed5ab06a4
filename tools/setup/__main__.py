"""`python3 -m tools.setup [--train]`: bring the checkout to a state in which the demo runs, or training and tests."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - before anything that an older interpreter cannot read.
    sys.exit(
        "setup: Python {}.{} is too old, 3.10 to 3.13 is needed; call make with PYTHON=/path/to/python3.12".format(
            *sys.version_info
        )
    )

import argparse
import os
import time
from pathlib import Path

from tools.setup.machine import SetupError
from tools.setup.stamps import exclusive
from tools.setup.steps import Setup


def say(line: str) -> None:
    """Print a line at once, also into a pipe."""
    print(line, flush=True)


def main() -> int:
    """Run set-up; 0 when everything is in place, 1 with a sentence otherwise."""
    arguments = argparse.ArgumentParser(prog="setup", description=__doc__)
    arguments.add_argument("--train", action="store_true", help="add what trains, evaluates and tests: torch and more")
    options = arguments.parse_args()
    checkout = Path(__file__).resolve().parents[2]
    started = time.monotonic()
    try:
        with exclusive(checkout / ".setup/lock", say):
            ran = Setup(checkout, os.environ, say, options.train).run()
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    seconds = time.monotonic() - started
    say(f"set-up complete in {seconds:.0f} s" if ran else f"set-up is current ({seconds:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
