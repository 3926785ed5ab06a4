"""Domains of processes that run at the same time."""

from __future__ import annotations

import subprocess
import sys

from dense_grasp_ros.domains import private_domain

HOLDER = """
import sys
from dense_grasp_ros.domains import private_domain
print(private_domain(), private_domain("other"), flush=True)
sys.stdin.read()
"""


def test_a_process_keeps_its_domain_and_has_another_for_another_purpose():
    assert 1 <= private_domain() <= 100
    assert private_domain() == private_domain()
    assert private_domain() != private_domain("other")


def test_processes_side_by_side_never_share_one():
    """Numbers taken from process ids alone would: ids that are 100 or 101 apart, for one."""
    holders = [
        subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    try:
        taken = [int(number) for holder in holders for number in holder.stdout.readline().split()]
    finally:
        for holder in holders:
            holder.communicate()
    taken += [private_domain(), private_domain("other")]
    assert len(taken) == 10 and len(set(taken)) == 10
