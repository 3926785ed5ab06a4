"""Memory that the C library keeps for later."""

from __future__ import annotations

import ctypes

#: mallopt's name for the number of arenas (malloc.h).
M_ARENA_MAX = -8


def share_arenas() -> None:
    """Let all threads that start from now on allocate from the first one's arena; does nothing without glibc.

    By default glibc gives each thread an arena, and what one thread has freed no other can use: every thread that
    built or drew a scene kept its 150 MB.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)
