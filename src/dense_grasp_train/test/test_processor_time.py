from __future__ import annotations

import multiprocessing
import time

from dense_grasp_train.training.processor_time import cpu_seconds, machine


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_own_and_childrens_time_counts_while_they_run_and_afterwards():
    start = cpu_seconds()
    burn(0.3)
    assert cpu_seconds() - start > 0.279  # user and system time are told in whole hundredths of a second each
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(0,))
    before = cpu_seconds()
    child.start()
    child.join()
    assert cpu_seconds() > before  # an interpreter was started
    asleep = cpu_seconds()
    time.sleep(0.2)
    assert cpu_seconds() - asleep < 0.2


def test_machine_names_cores_and_memory():
    found = machine()
    assert found["cores"] >= 1 and found["memory_gib"] >= 1 and found["processor"]
