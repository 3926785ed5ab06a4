"""What the page lets the arm do: grasps, plans and scans, one at a time and seen by every browser; stop and cancel."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from dense_grasp_client.hand_eye import use_hand_eye
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.result_codes import Stage

from dense_grasp_client import Refused
from dense_grasp_ui.attempt_details import details_of
from dense_grasp_ui.attempts import GRASP, KEPT, PLAN, SCAN, Attempt, Attempts, ScanProgress
from dense_grasp_ui.cell import LASTS_S, Cell
from dense_grasp_ui.graph_robot import GraphRobot, show_plan
from dense_grasp_ui.pictures.attempt_pictures import AttemptPictures
from dense_grasp_ui.pictures.shots import Shots
from dense_grasp_ui.planned.plan_view import PlanViews

T = TypeVar("T")
#: Threads that are kept free for stop and cancel, whatever else waits.
URGENT_CALLS = 4


class Call(Protocol):
    """Runs a function that waits beside the web server's loop."""

    def __call__(self, function: Callable[[], T]) -> Awaitable[T]:
        """What it returns."""


class ArmGoals:
    """One for the whole process."""

    def __init__(self, cell: Cell, robot: GraphRobot, call: Call):
        self._cell, self._robot, self._call = cell, robot, call
        self.attempts = Attempts()
        self.pictures = AttemptPictures(KEPT)
        self.plans = PlanViews()
        self.shots = Shots()
        #: the transform that the running cell was given last
        self.hand_eye_used: Any = None
        self._urgent = ThreadPoolExecutor(URGENT_CALLS, "urgent call")

    async def grasp(self, object_id: str) -> str:
        """Pick the object up; a sentence on what came of it."""
        client = self._cell.client
        ended, _ = await self._attempt(object_id, GRASP, lambda: client.grasp(object_id, on_stage=self._on_stage))
        return _told(ended)

    async def plan(self, object_id: str) -> str:
        """Plan to pick the object up, and show the plan; a sentence on what came of it."""
        client = self._cell.client

        def plan() -> Any:
            self.plans.clear()
            return client.grasp(object_id, on_stage=self._on_stage, plan_only=True, return_path=True)

        ended, result = await self._attempt(object_id, PLAN, plan)
        if isinstance(ended, Attempt) and ended.code == 0:
            await self._call(lambda: show_plan(self.plans, self._robot, object_id, result))
        return _told(ended)

    async def scan(self, object_id: str, views: int, overwrite: bool, join: bool) -> Attempt | str:
        """Let the arm scan what stands on the table: the attempt as it ended, or why there was none. views: pictures,
        0: as many as the executor's spacing asks for. join: to the scan that there is.
        """

        def told(feedback: Any) -> None:
            live = self._cell.live.frame
            if feedback.taken and live is not None and live.at > began:
                self.shots.put(feedback.taken, live.rgb)
            directions = [(one.x, one.y, one.z) for one in feedback.directions]
            progress = ScanProgress(feedback.taken, feedback.planned, feedback.coverage, directions)
            self.attempts.on_scan(feedback.stage, feedback.detail, progress)

        def run() -> Any:
            self.shots.begin()
            return self._cell.client.scan(object_id, views, told, overwrite=overwrite, join=join)

        began = time.monotonic()
        ended, _ = await self._attempt(object_id, SCAN, run)
        return ended

    def _on_stage(self, stage: int, detail: str) -> None:
        if stage == Stage.PLANNING:  # the points are found, and the arm still rests where it saw them
            self._keep_picture()
        self.attempts.on_stage(stage, detail)

    def _keep_picture(self) -> None:
        """What the camera shows now belongs to the attempt that runs, unless that has a picture."""
        running, live = self.attempts.running, self._cell.live.frame
        if running is not None and live is not None and running.kind != SCAN:
            self.pictures.put(running.number, live.rgb)

    async def _attempt(self, object_id: str, kind: str, work: Callable[[], Any]) -> tuple[Attempt | str, Any]:
        """Run the arm, one attempt at a time; the attempt as it ended, or a sentence while another runs, and what the
        graph answered.
        """
        if not self.attempts.begin(object_id, kind):
            running = self.attempts.running
            what = f"{running.kind} of {running.object_id}" if running else "Another goal"
            return f"{what} runs: wait for its end, or cancel it.", None

        def run() -> tuple[int, str, Any]:
            try:
                answer = work()
            except Refused as refused:
                return refused.code, refused.sentence, refused.answer
            except DenseGraspError as error:
                return -1, str(error), None
            return int(answer.code), str(answer.message), answer

        code, sentence, answer = -1, "the page ended it", None
        try:
            async with self._looking_on():
                code, sentence, answer = await self._call(run)
        finally:
            self._keep_picture()
            ended = self.attempts.end(code, sentence, _hand_eye_of(answer) if code == 0 else None, details_of(answer))
        return ended, answer

    @contextlib.asynccontextmanager
    async def _looking_on(self) -> AsyncIterator[None]:
        """Have camera images meanwhile, whether or not a browser shows them."""

        async def look_on() -> None:
            while True:
                self._cell.looked_at.want()
                await asyncio.sleep(LASTS_S / 3.0)

        looking = asyncio.create_task(look_on())
        try:
            yield
        finally:
            looking.cancel()

    async def use_hand_eye(self) -> str:
        """Let the cell go on with the hand-eye transform that the last scan found right; a sentence. Raises
        DenseGraspError.
        """
        scan = self.attempts.latest_scan()
        if scan is None or scan.hand_eye is None:
            return "The last scan found nothing wrong with the camera's mount."
        await self._call(lambda: use_hand_eye(self._cell.calls, scan.hand_eye))
        self.hand_eye_used = scan.hand_eye
        return (
            "The running cell uses the transform that the scan found. Write it into config/hand_eye.yaml as well: the "
            "next start reads that."
        )

    async def stop(self) -> str:
        """Stop arm and gripper, whoever moves them; a sentence. Raises DenseGraspError."""
        told = await asyncio.get_running_loop().run_in_executor(self._urgent, self._cell.client.stop)
        return f"Stop: {told}."

    async def cancel(self) -> str:
        """Cancel the grasp or scan that runs, whoever sent it; a sentence. Raises DenseGraspError."""
        count = await asyncio.get_running_loop().run_in_executor(self._urgent, self._cell.cancel)
        running = self.attempts.running
        if running is not None and running.kind == SCAN and count:
            return "The scan is being cancelled: the arm stops; what was taken is kept where it is enough for a scan."
        return (
            "The grasp is being cancelled: arm and gripper stop." if count else "Nothing runs that could be cancelled."
        )

    def close(self) -> None:
        """No more calls."""
        self._urgent.shutdown(wait=False, cancel_futures=True)


def _told(ended: Attempt | str) -> str:
    return ended if isinstance(ended, str) else f"{ended.kind} of {ended.object_id}: {ended.outcome()}"


def _hand_eye_of(answer: Any) -> Any:
    """The transform that a scan found right where the published one is off, else None."""
    found = getattr(answer, "hand_eye", None)
    return found if found is not None and found.child_frame_id else None
