"""What all browsers that show the page share: the cell, who holds control, and threads for calls that wait."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from dense_grasp_client.hand_eye import use_hand_eye
from dense_grasp_core.errors import DenseGraspError

from dense_grasp_client import Refused
from dense_grasp_interfaces.msg import KeypointMatch, TaughtKeypoint
from dense_grasp_ui.access.control import Control
from dense_grasp_ui.attempts import GRASP, PLAN, SCAN, Attempt, Attempts, ScanProgress
from dense_grasp_ui.cell import Cell
from dense_grasp_ui.graph_scans import GraphScans
from dense_grasp_ui.pictures.calibration import Calibration
from dense_grasp_ui.pictures.demand import LASTS_S
from dense_grasp_ui.pictures.encoding import PictureError, picture_rgb
from dense_grasp_ui.pictures.network import Network
from dense_grasp_ui.pictures.scan_picture import Point
from dense_grasp_ui.pictures.scan_views import ScanViews, ViewOfScan
from dense_grasp_ui.pictures.shots import Shots
from dense_grasp_ui.undo import Change, RedescribedChange

T = TypeVar("T")
#: Calls that wait for the graph at the same time; further ones wait for these.
CALLS = 6
#: Kept free for stop and cancel, whatever else waits.
URGENT_CALLS = 4
#: Of the CPU, while a stored picture is described: the cell has the others.
THREADS = 1


class TaughtPoint(NamedTuple):
    """A keypoint of the list. u, v: px, the click. samples: pictures that it is found by. by_other: another network
    than the one that runs described it, so that it is not found.
    """

    object_id: str
    keypoint: str
    u: float
    v: float
    samples: int = 1
    by_other: bool = False


class PageBackend:
    """One for the whole process."""

    def __init__(self, cell: Cell, model: str = ""):
        self.cell = cell
        self.calibration = Calibration.of(model)
        self._model = model
        self._network: Network | None = None
        #: what undo takes back, None when there is nothing; set by the panels that change something
        self.last_change: Change | None = None
        self.attempts = Attempts()
        #: what is taught, as last listed
        self.taught: list[TaughtPoint] = []
        #: a sentence for each that the network did not find in its own picture, or that was left, the last time
        self.not_found: list[str] = []
        #: the transform that the running cell was given last
        self.hand_eye_used: Any = None
        self._listed_at = ""
        #: the objects of `taught`, each once
        self.objects: list[str] = []
        #: object → keypoint → (x, y, z), m, in the frame of the object's scan: those of `taught` that lie on one
        self.points: dict[str, dict[str, Point]] = {}
        self.scans = ScanViews(lambda: GraphScans(self.cell.client.scans))
        self.shots = Shots()
        #: key of a kept picture → the view of a scan that it is
        self.scan_pictures: dict[str, ViewOfScan] = {}
        self.control = Control()
        self._calls = ThreadPoolExecutor(CALLS, "call")
        self._urgent = ThreadPoolExecutor(URGENT_CALLS, "urgent call")

    async def call(self, function: Callable[[], T]) -> T:
        """What a function that waits returns, run beside the web server's loop."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, function)

    async def list_taught(self) -> None:
        """Ask the store what is taught. Raises DenseGraspError."""
        rows = await self.call(self.cell.client.taught)
        self.taught = [
            TaughtPoint(row.object_id, row.keypoint, row.u, row.v, row.samples, self._is_by_other(row)) for row in rows
        ]
        points: dict[str, dict[str, Point]] = {}
        for row in rows:
            at = row.object_point
            if math.isfinite(at.x):
                points.setdefault(row.object_id, {})[row.keypoint] = (at.x, at.y, at.z)
        self.points = points
        self.objects = list(dict.fromkeys(row.object_id for row in rows))

    def _is_by_other(self, row: TaughtKeypoint) -> bool:
        """A point of a scan is found by the object's pose, whatever described it."""
        own = self.calibration.model_id
        return bool(own) and row.model_id != own and not math.isfinite(row.object_point.x)

    async def redescribe(self) -> str:
        """Describe anew what another network described and has a picture; a sentence. Raises DenseGraspError."""
        answer = await self.call(lambda: self.cell.client.redescribe(skip_without_picture=True))
        self.not_found = [*answer.not_found, *answer.left]
        if answer.described:
            self.last_change = RedescribedChange(answer.network)
        await self.list_taught()
        return f"{answer.message}."

    async def list_what_others_taught(self) -> None:
        """List anew when query_node says that what is taught has changed, by whomever. Raises DenseGraspError."""
        changes = self.cell.health.value("query_node", "store", "changes")
        if changes and changes != self._listed_at:
            self._listed_at = changes
            await self.list_taught()

    def points_of(self, object_id: str) -> dict[str, Point]:
        """The object's part of `points`, empty where nothing was taught on a scan of it."""
        return self.points.get(object_id, {})

    async def undo(self) -> str:
        """Take the last change back, whichever browser made it; a sentence. Raises DenseGraspError."""
        change, self.last_change = self.last_change, None
        self.not_found = []
        if change is None:
            return "There is nothing to undo."
        told = await self.call(lambda: change.take_back(self.cell.client))
        await self.list_taught()
        return told

    async def taught_picture(self, object_id: str, keypoint: str, sample: int = 0) -> tuple[str, float, float]:
        """Key of the picture that a sample of a keypoint was taught on, described now, and the pixel of its click.

        Raises DenseGraspError.
        """

        def fetch() -> tuple[str, float, float]:
            answer = self.cell.client.picture(object_id, keypoint, sample=sample)
            rgb = picture_rgb(bytes(answer.image.data))
            name = f"{object_id}/{keypoint}" + (f", picture {sample + 1}" if sample else "")
            described = self._own_network().describe(name, rgb)
            return self.cell.pictures.add(described), float(answer.u), float(answer.v)

        return await self.call(fetch)

    def _own_network(self) -> Network:
        """The network that describes stored pictures; made by the first who asks. Raises DenseGraspError."""
        if not self._model:
            raise PictureError(
                "the page was started without model:=, so it cannot describe a stored picture: start it by bringup, or "
                "with -p model:=FILE"
            )
        if self._network is None:
            self._network = Network(self._model, THREADS)
        return self._network

    async def locate(self, object_id: str) -> list[KeypointMatch]:
        """Every keypoint of the object in an image taken from now on. Raises DenseGraspError."""

        def ask() -> list[KeypointMatch]:
            self.cell.fresh_clock()
            return self.cell.client.locate(object_id)

        return await self.call(ask)

    async def scan_picture(self, view: ViewOfScan) -> str:
        """Key of a picture of a scan that was loaded, described now, to point at. Raises DenseGraspError."""
        pictures = self.cell.pictures
        kept = pictures.names()
        self.scan_pictures = {key: one for key, one in self.scan_pictures.items() if key in kept}
        for key, known in self.scan_pictures.items():
            if known == view:
                return key

        def describe() -> str:
            rgb = self.scans.picture(view).rgb
            return pictures.add(self._own_network().describe(f"view {view.number} of {view.object_id}", rgb))

        key = await self.call(describe)
        self.scan_pictures[key] = view
        return key

    async def grasp(self, object_id: str, plan_only: bool) -> str:
        """Pick the object up, or only plan to; a sentence on what came of it. Every browser sees it run."""
        client, told = self.cell.client, self.attempts.on_stage
        ended = await self._attempt(
            object_id,
            PLAN if plan_only else GRASP,
            lambda: client.grasp(object_id, on_stage=told, plan_only=plan_only),
        )
        return ended if isinstance(ended, str) else f"{ended.kind} of {object_id}: {ended.outcome()}"

    async def scan(self, object_id: str, views: int, overwrite: bool, join: bool) -> Attempt | str:
        """Let the arm scan what stands on the table: the attempt as it ended, or why there was none. Every browser sees
        it run. views: pictures, 0: as many as the executor's spacing asks for. join: to the scan that there is.
        """

        def told(feedback: Any) -> None:
            live = self.cell.live.frame
            if feedback.taken and live is not None and live.at > began:
                self.shots.put(feedback.taken, live.rgb)
            directions = [(one.x, one.y, one.z) for one in feedback.directions]
            progress = ScanProgress(feedback.taken, feedback.planned, feedback.coverage, directions)
            self.attempts.on_scan(feedback.stage, feedback.detail, progress)

        def run() -> Any:
            self.shots.begin()
            return self.cell.client.scan(object_id, views, told, overwrite=overwrite, join=join)

        began = time.monotonic()
        looking = asyncio.create_task(self._look_on())
        try:
            return await self._attempt(object_id, SCAN, run)
        finally:
            looking.cancel()

    async def _look_on(self) -> None:
        """Have camera images until it is cancelled, whether or not a browser shows them."""
        while True:
            self.cell.looked_at.want()
            await asyncio.sleep(LASTS_S / 3.0)

    async def _attempt(self, object_id: str, kind: str, work: Callable[[], Any]) -> Attempt | str:
        """Run the arm, one attempt at a time; the attempt as it ended, or a sentence while another runs."""
        if not self.attempts.begin(object_id, kind):
            running = self.attempts.running
            what = f"{running.kind} of {running.object_id}" if running else "Another goal"
            return f"{what} runs: wait for its end, or cancel it."

        def run() -> tuple[int, str, Any]:
            try:
                result = work()
            except Refused as refused:
                return refused.code, refused.sentence, None
            except DenseGraspError as error:
                return -1, str(error), None
            right = getattr(result, "hand_eye", None)  # of a scan
            return int(result.code), str(result.message), right if right and right.child_frame_id else None

        code, sentence, right = -1, "the page ended it", None
        try:
            code, sentence, right = await self.call(run)
        finally:
            ended = self.attempts.end(code, sentence, right)
        return ended

    async def use_hand_eye(self) -> str:
        """Let the cell go on with the hand-eye transform that the last scan found right; a sentence. Raises
        DenseGraspError.
        """
        scan = self.attempts.latest_scan()
        if scan is None or scan.hand_eye is None:
            return "The last scan found nothing wrong with the camera's mount."
        await self.call(lambda: use_hand_eye(self.cell.calls, scan.hand_eye))
        self.hand_eye_used = scan.hand_eye
        return (
            "The running cell uses the transform that the scan found. Write it into config/hand_eye.yaml as well: the "
            "next start reads that."
        )

    async def stop(self) -> str:
        """Stop arm and gripper, whoever moves them; a sentence. Raises DenseGraspError."""
        told = await asyncio.get_running_loop().run_in_executor(self._urgent, self.cell.client.stop)
        return f"Stop: {told}."

    async def cancel(self) -> str:
        """Cancel the grasp or scan that runs, whoever sent it; a sentence. Raises DenseGraspError."""
        count = await asyncio.get_running_loop().run_in_executor(self._urgent, self.cell.cancel)
        running = self.attempts.running
        if running is not None and running.kind == SCAN and count:
            return "The scan is being cancelled: the arm stops; what was taken is kept where it is enough for a scan."
        return (
            "The grasp is being cancelled: arm and gripper stop." if count else "Nothing runs that could be cancelled."
        )

    def close(self) -> None:
        """No more calls."""
        self._calls.shutdown(wait=False, cancel_futures=True)
        self._urgent.shutdown(wait=False, cancel_futures=True)
