"""ROS domains of a process's own: graphs of other processes on the machine are not met by chance."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from functools import cache

import domain_coordinator

_reserved = ExitStack()  # closed by the end of the process, however it ends: a domain is held by a socket


@cache
def private_domain(purpose: str = "") -> int:
    """A ROS domain, 1..100, that no other process gets here while this one lives; another for each `purpose`.

    Raises:
        RuntimeError: all are taken.
    """
    # The search begins elsewhere in each process, so that the nodes of one that was killed just now are not met.
    numbers = itertools.count(os.getpid())
    return int(_reserved.enter_context(domain_coordinator.domain_id(lambda: next(numbers) % 100 + 1)))
