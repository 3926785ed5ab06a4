"""How a command ends: with its status, or with one sentence on what it cannot do."""

from __future__ import annotations

import sys
from collections.abc import Callable

from dense_grasp_core.errors import DenseGraspError

#: As a shell has it after Ctrl-C.
INTERRUPTED = 130


def exit_status(name: str, work: Callable[[], int], failed: int = 1) -> int:
    """What `work` returns; `failed` with its sentence on stderr where it raises DenseGraspError, INTERRUPTED after
    Ctrl-C. name: of the command, before the sentence.
    """
    try:
        return work()
    except DenseGraspError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return failed
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
