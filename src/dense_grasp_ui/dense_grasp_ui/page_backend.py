"""What all browsers that show the page share: the cell, who holds control, and threads for calls that wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from dense_grasp_core.errors import DenseGraspError

from dense_grasp_client import Refused
from dense_grasp_interfaces.msg import KeypointMatch
from dense_grasp_ui.access.control import Control
from dense_grasp_ui.cell import Cell
from dense_grasp_ui.grasps import Grasps
from dense_grasp_ui.pictures.calibration import Calibration

T = TypeVar("T")
#: Calls that wait for the graph at the same time; further ones wait for these.
CALLS = 6
#: Kept free for stop and cancel, whatever else waits.
URGENT_CALLS = 4


class PageBackend:
    """One for the whole process."""

    def __init__(self, cell: Cell, model: str = ""):
        self.cell = cell
        self.calibration = Calibration.of(model)
        self.grasps = Grasps()
        #: (object, keypoint, u, v) of what is taught, as last listed
        self.taught: list[tuple[str, str, float, float]] = []
        self.control = Control()
        self._calls = ThreadPoolExecutor(CALLS, "call")
        self._urgent = ThreadPoolExecutor(URGENT_CALLS, "urgent call")

    async def call(self, function: Callable[[], T]) -> T:
        """What a function that waits returns, run beside the web server's loop."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, function)

    async def list_taught(self) -> None:
        """Ask the store what is taught. Raises DenseGraspError."""
        rows = await self.call(self.cell.client.taught)
        self.taught = [(row.object_id, row.keypoint, row.u, row.v) for row in rows]

    async def locate(self, object_id: str) -> list[KeypointMatch]:
        """Every keypoint of the object in an image taken from now on. Raises DenseGraspError."""

        def ask() -> list[KeypointMatch]:
            self.cell.fresh_clock()
            return self.cell.client.locate(object_id)

        return await self.call(ask)

    async def grasp(self, object_id: str, plan_only: bool) -> str:
        """Pick the object up, or only plan to; a sentence on what came of it. Every browser sees it run."""
        if not self.grasps.begin(object_id, plan_only):
            return "Another grasp runs: wait for its end, or cancel it."
        client = self.cell.client

        def run() -> tuple[int, str]:
            try:
                result = client.grasp(object_id, on_stage=self.grasps.on_stage, plan_only=plan_only)
            except Refused as refused:
                return refused.code, refused.sentence
            except DenseGraspError as error:
                return -1, str(error)
            return int(result.code), str(result.message)

        code, sentence = -1, "the page ended it"
        try:
            code, sentence = await self.call(run)
        finally:
            ended = self.grasps.end(code, sentence)
        return f"{ended.kind} of {object_id}: {ended.outcome()}"

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
