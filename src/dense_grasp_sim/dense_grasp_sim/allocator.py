"""Memory that the C library keeps for later: little of it, and given back to the system."""

from __future__ import annotations

import ctypes

#: mallopt's name for the number of arenas (malloc.h).
M_ARENA_MAX = -8


def share_arenas() -> None:
    """Let all threads that start from now on allocate from the first one's arena; does nothing without glibc.

    By default glibc gives each thread an arena, and what one of them has freed no other can use.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def give_back_memory() -> None:
    """Return what is free to the system; does nothing where the C library has no malloc_trim (glibc has).

    A scene takes 150 MB while it is built and drawn, for a moment.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
