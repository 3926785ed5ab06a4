"""What all browsers that show the page share: the cell, who holds control, and threads for calls that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from dense_grasp_ui.access.control import Control
from dense_grasp_ui.cell import Cell

T = TypeVar("T")
#: Calls that wait for the graph at the same time; further ones wait for these.
CALLS = 6
#: Kept free for stop and cancel, whatever else waits.
URGENT_CALLS = 4


class Desk:
    """One for the whole process."""

    def __init__(self, cell: Cell):
        self.cell = cell
        self.control = Control()
        self._calls = ThreadPoolExecutor(CALLS, "call")
        self._urgent = ThreadPoolExecutor(URGENT_CALLS, "urgent call")

    async def call(self, function: Callable[[], T]) -> T:
        """What a function that waits returns, run beside the web server's loop."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, function)

    async def stop(self) -> str:
        """Stop arm and gripper, whoever moves them; a sentence. Raises DenseGraspError."""
        told = await asyncio.get_running_loop().run_in_executor(self._urgent, self.cell.client.stop)
        return f"Stop: {told}."

    async def cancel(self) -> str:
        """Cancel the grasp that runs, whoever sent it; a sentence. Raises DenseGraspError."""
        count = await asyncio.get_running_loop().run_in_executor(self._urgent, self.cell.cancel)
        return (
            "The grasp is being cancelled: arm and gripper stop." if count else "No grasp runs that could be cancelled."
        )

    def close(self) -> None:
        """No more calls."""
        self._calls.shutdown(wait=False, cancel_futures=True)
        self._urgent.shutdown(wait=False, cancel_futures=True)
