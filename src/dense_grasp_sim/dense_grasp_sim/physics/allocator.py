"""Memory that the C library keeps for later."""

from __future__ import annotations

import ctypes

#: mallopt's names (malloc.h): for the number of arenas, the free memory that is kept, and the size from which on a
#: block is the system's own.
M_ARENA_MAX, M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -8, -1, -3
#: bytes; several pictures with all that is calculated on the way to them.
KEPT = 64 << 20
#: bytes; more than any array of a picture of the cell's cameras has.
OWN_BLOCK = 8 << 20


def share_arenas() -> None:
    """Let all threads that start from now on allocate from the first one's arena; does nothing without glibc.

    By default glibc gives each thread an arena, and what one thread has freed no other can use: every thread that
    built or drew a scene kept its 150 MB.
    """
    _set({M_ARENA_MAX: 1})


def keep_freed() -> None:
    """Keep up to KEPT bytes of freed memory for the next picture; does nothing without glibc.

    By default glibc gives it back to the system at once, which then has to clear each page anew: a third of the time
    that a picture's depth took.
    """
    _set({M_TRIM_THRESHOLD: KEPT, M_MMAP_THRESHOLD: OWN_BLOCK})


def _set(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
