"""Codes of the stages that a scan shares with a grasp, as ScanObject has them."""

from __future__ import annotations

from dense_grasp_core.result_codes import ScanCode


def scan_code(code: int) -> int:
    """A code of a grasp's stages as ScanObject has it: what it lacks is no path (200..299) or no picture (100..199)."""
    if code in ScanCode.__members__.values():
        return int(code)
    if 200 <= code < 300:
        return int(ScanCode.PLANNING_FAILED)
    return int(ScanCode.PERCEPTION_UNAVAILABLE if 100 <= code < 200 else ScanCode.INTERNAL_ERROR)
