"""Steps of `reproduce` that do not need one another, in processes of their own, some at a time."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from dense_grasp_train.reproduce.run import INTERRUPTED, StepError
from dense_grasp_train.reproduce.steps import Step

#: What every step's process has imported from the start: torch and Lightning take longer than a short training. Not
#: openvino: it starts threads when it is imported, and a process with threads must not be forked.
_IMPORTED = ["dense_grasp_train.training.train"]

Run = Callable[[list[str]], int]


def run_side_by_side(together: list[Step], run: Run, arguments: list[str], logs: Path, jobs: int) -> None:
    """Call ``run`` with ``arguments`` and a step's name in a process for each step, ``jobs`` at a time.

    Two networks trained side by side with a core each are done sooner than one after the other with both. What they
    say goes to ``logs``/NAME.log. run: a function of a module; its result is the exit status. Raises StepError when one
    fails, KeyboardInterrupt when one was interrupted.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)

    def log_of(step: Step) -> Path:
        return logs / f"{step.name}.log"

    waiting = list(together)
    running: dict[Any, tuple[Step, Any]] = {}  # by sentinel, processes
    try:
        # One thread asks for all: Process.start() looks at every child, and of two who read one status the second gets
        # 255 (cpython's popen_forkserver).
        while waiting or running:
            while waiting and len(running) < jobs:
                step = waiting.pop(0)
                process = context.Process(target=_logged, args=(run, [*arguments, step.name], log_of(step)))
                process.start()
                running[process.sentinel] = step, process
            for sentinel in wait(list(running)):
                step, process = running.pop(sentinel)
                process.join()
                if process.exitcode == INTERRUPTED:
                    raise KeyboardInterrupt
                if process.exitcode != 0:
                    raise StepError(f"step {step.name} ended with status {process.exitcode}, see {log_of(step)}")
    finally:
        for _, process in running.values():
            process.join()


def _logged(run: Run, arguments: list[str], log: Path) -> None:
    """In the process of a step: all that it prints goes to ``log``; exits with the status of ``run``."""
    with log.open("wb", buffering=0) as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    sys.exit(run(arguments))


def _end_with_the_parent() -> None:
    """A command that was killed leaves no training behind that takes the cores and that nobody waits for."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
