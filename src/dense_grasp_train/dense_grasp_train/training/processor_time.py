"""What a computation took of the processors."""

from __future__ import annotations

import os
import resource

import psutil


def cpu_seconds() -> float:
    """Processor time, user and system, of this process and of its children (data workers), running and ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    total = sum(os.times()[:2]) + ended.ru_utime + ended.ru_stime
    for child in psutil.Process().children(recursive=True):
        try:
            spent = child.cpu_times()
        except psutil.Error:
            continue  # ended meanwhile
        total += spent.user + spent.system
    return float(total)


def machine() -> dict[str, object]:
    """Processor, its cores, memory in GiB and the CUDA device or None."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else "unknown processor"
