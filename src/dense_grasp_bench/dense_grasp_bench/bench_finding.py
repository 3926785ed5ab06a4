"""The command bench_finding: `objects.run` where what it needs is installed, else a sentence that says what adds it."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    """Entry point; as `objects.run.main`, and 2 where a package is lacking."""
    try:
        from dense_grasp_bench.objects import run
    except ModuleNotFoundError as error:
        print(f"bench_finding needs {error.name}, which is not here: make setup-train adds it", file=sys.stderr)
        return 2
    return run.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
