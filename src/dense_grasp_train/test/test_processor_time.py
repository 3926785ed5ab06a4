from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from dense_grasp_train.training.processor_time import cpu_seconds, machine


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def measured() -> tuple[float, float, float]:
    """cpu_seconds of a third of a second of work, of a child's start, and of a fifth of a second of sleep."""
    start = cpu_seconds()
    burn(0.3)
    worked = cpu_seconds() - start
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,))
    before = cpu_seconds()
    child.start()
    child.join()
    started = cpu_seconds() - before
    asleep = cpu_seconds()
    time.sleep(0.2)
    return worked, started, cpu_seconds() - asleep


def test_own_and_childrens_time_counts_while_they_run_and_afterwards():
    # In a process of its own: that of the tests may have children that work, such as a cell which is kept.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
        worked, started, slept = alone.submit(measured).result()
    assert worked > 0.279  # user and system time are told in whole hundredths of a second each
    assert started > 0.0  # an interpreter was started
    assert slept < 0.2


def test_machine_names_cores_and_memory():
    found = machine()
    assert found["cores"] >= 1 and found["memory_gib"] >= 1 and found["processor"]
