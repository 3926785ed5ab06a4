"""Memory that the C library keeps for later, given back to the system."""

from __future__ import annotations

import ctypes


def give_back_memory() -> None:
    """Return what is free to the system; does nothing where the C library has no malloc_trim (glibc has).

    A scene takes 150 MB while it is built and drawn, for a moment. glibc keeps them in an arena for each thread.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))
