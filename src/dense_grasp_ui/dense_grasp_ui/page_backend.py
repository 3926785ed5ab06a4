"""What all browsers that show the page share: the cell, what is taught, who holds control, threads for slow calls."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_ros.poses import pose_matrix

from dense_grasp_interfaces.msg import TaughtKeypoint
from dense_grasp_interfaces.srv import LocateKeypoints
from dense_grasp_ui.access.control import Control
from dense_grasp_ui.arm_goals import ArmGoals
from dense_grasp_ui.cell import Cell
from dense_grasp_ui.graph_robot import GraphRobot
from dense_grasp_ui.graph_scans import GraphScans
from dense_grasp_ui.other_networks import told_of
from dense_grasp_ui.pictures.axes import Axis, axes_of
from dense_grasp_ui.pictures.calibration import Calibration
from dense_grasp_ui.pictures.encoding import PictureError, picture_rgb
from dense_grasp_ui.pictures.look import Point
from dense_grasp_ui.pictures.network import Network
from dense_grasp_ui.pictures.scan_views import ScanViews, ViewOfScan
from dense_grasp_ui.pictures.taught_picture import Clicked, TaughtPicture
from dense_grasp_ui.undo import Change, RedescribedChange

T = TypeVar("T")
#: Calls that wait for the graph at the same time; further ones wait for these.
CALLS = 6
#: Of the CPU, while a stored picture is described: the cell has the others.
THREADS = 1
#: Of a scanned object that are shown.
MOST_INSTANCES = 6


class TaughtPoint(NamedTuple):
    """A keypoint of the list. u, v: px, the click. samples: pictures that it is found by. other: id of the network
    that described it where that is another one than the one that runs, else "".
    """

    object_id: str
    keypoint: str
    u: float
    v: float
    samples: int = 1
    other: str = ""


class PageBackend:
    """One for the whole process."""

    def __init__(self, cell: Cell, robot: GraphRobot, model: str = ""):
        self.cell = cell
        #: m between the open fingers
        self.opening = robot.opening
        self.calibration = Calibration.of(model)
        self._model = model
        self._network: Network | None = None
        #: what undo takes back, None when there is nothing; set by the panels that change something
        self.last_change: Change | None = None
        #: what is taught, as last listed
        self.taught: list[TaughtPoint] = []
        #: a sentence for each that the network did not find in its own picture, or that was left, the last time
        self.not_found: list[str] = []
        self._listed_at = ""
        #: the objects of `taught`, each once
        self.objects: list[str] = []
        #: object → keypoint → (x, y, z), m, in the frame of the object's scan: those of `taught` that lie on one
        self.points: dict[str, dict[str, Point]] = {}
        self.scans = ScanViews(lambda: GraphScans(self.cell.client.scans))
        #: key of a kept picture → the view of a scan, or the keypoint's picture, that it is: a click there teaches
        self.clickable: dict[str, Clicked] = {}
        self.control = Control()
        self._calls = ThreadPoolExecutor(CALLS, "call")
        self._robot = robot
        self.arm = ArmGoals(cell, robot, self.call)

    async def call(self, function: Callable[[], T]) -> T:
        """What a function that waits returns, run beside the web server's loop."""
        return await asyncio.get_running_loop().run_in_executor(self._calls, function)

    async def list_taught(self) -> None:
        """Ask the store what is taught. Raises DenseGraspError."""
        rows = await self.call(self.cell.client.taught)
        self.taught = [
            TaughtPoint(row.object_id, row.keypoint, row.u, row.v, row.samples, self._other(row)) for row in rows
        ]
        points: dict[str, dict[str, Point]] = {}
        for row in rows:
            at = row.object_point
            if math.isfinite(at.x):
                points.setdefault(row.object_id, {})[row.keypoint] = (at.x, at.y, at.z)
        self.points = points
        self.objects = list(dict.fromkeys(row.object_id for row in rows))

    def _other(self, row: TaughtKeypoint) -> str:
        """A point of a scan is found by the object's pose, whatever described it."""
        own = self.calibration.model_id
        is_other = bool(own) and row.model_id != own and not math.isfinite(row.object_point.x)
        return str(row.model_id) if is_other else ""

    @property
    def of_others(self) -> str:
        """What to say of points that another network described, "" for nothing."""
        found = self.cell.health.value("query_node", "networks", "found").split()
        return told_of(((f"{one.object_id}/{one.keypoint}", one.other) for one in self.taught if one.other), found)

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

        key, u, v = await self.call(fetch)
        if sample == 0:
            self.clickable[key] = TaughtPicture(object_id, keypoint)
        return key, u, v

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

    async def locate(self, object_id: str) -> LocateKeypoints.Response:
        """Every keypoint of the object in an image taken from now on, of each of several equal ones, up to
        MOST_INSTANCES, where it has a scan. Raises DenseGraspError.
        """

        def ask() -> LocateKeypoints.Response:
            self.cell.fresh_clock()
            return self.cell.client.find(object_id, instances=MOST_INSTANCES)

        return await self.call(ask)

    async def axes(self, answer: LocateKeypoints.Response) -> list[tuple[str, list[Axis]]]:
        """The frame of each instance with its name, as the camera sees it now; none where its place is not known."""
        if not answer.objects:
            return []

        def draw() -> list[tuple[str, list[Axis]]]:
            intrinsics = self.cell.intrinsics()
            camera_from_base = self._robot.pose(answer.matches[0].camera_frame, answer.objects[0].header.frame_id)
            return [
                (f"no. {one.instance}", axes_of(camera_from_base @ pose_matrix(one.pose.pose), intrinsics))
                for one in answer.objects
            ]

        try:
            return await self.call(draw)
        except DenseGraspError:
            return []  # the points themselves are drawn

    async def scan_picture(self, view: ViewOfScan) -> str:
        """Key of a picture of a scan that was loaded, described now, to point at. Raises DenseGraspError."""
        pictures = self.cell.pictures
        kept = pictures.names()
        self.clickable = {key: one for key, one in self.clickable.items() if key in kept}
        for key, known in self.clickable.items():
            if known == view:
                return key

        def describe() -> str:
            rgb = self.scans.picture(view).rgb
            return pictures.add(self._own_network().describe(f"view {view.number} of {view.object_id}", rgb))

        key = await self.call(describe)
        self.clickable[key] = view
        return key

    def close(self) -> None:
        """No more calls."""
        self._calls.shutdown(wait=False, cancel_futures=True)
        self.arm.close()
