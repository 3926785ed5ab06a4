"""What a browser is shown of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dense_grasp_ui.pictures.coloured_points import ColouredPoints
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.planned.planned_path import Leg, PlannedPath, planned_path

if TYPE_CHECKING:
    from dense_grasp_ui.planned.robot_drawing import RobotDrawing

#: m by which a link reaches beyond its joint.
LINK = 0.1


@dataclass(frozen=True, eq=False)
class PlanView:
    """number: of the plan; seen: what the camera saw then, in the base frame, None with `why_unseen` where it did not
    come.
    """

    number: int
    object_id: str
    drawing: RobotDrawing
    path: PlannedPath
    seen: ColouredPoints | None
    why_unseen: str = ""

    @cached_property
    def resting(self) -> bytes:
        """STL file of the robot where the plan begins, in the base frame."""
        return self.drawing.at(self.path.poses[0])

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        """Joints and tool centre point all along the path, (N, 3), m, base frame."""
        return np.concatenate([self.path.poses[:, :, :3, 3].reshape(-1, 3), self.path.tcp[:, :3, 3]])

    @cached_property
    def centre(self) -> NDArray[np.float64]:
        """Of the box around the robot and its path, (3,), m, base frame."""
        return np.asarray(self._places.min(0) + self._places.max(0)) / 2.0

    @cached_property
    def radius(self) -> float:
        """m from the centre to the farthest of the robot."""
        return float(np.linalg.norm(self._places - self.centre, axis=1).max()) + LINK


class PlanViews:
    """The plan that was made last, for all browsers."""

    def __init__(self) -> None:
        self.newest: PlanView | None = None
        #: why there is none of the last plan
        self.why = ""
        self._count = 0

    def show(
        self, object_id: str, drawing: RobotDrawing, legs: Sequence[Leg], seen: ColouredPoints | None, why: str = ""
    ) -> None:
        """Show a plan. why: what the camera sees did not come. Raises PathError."""
        self.clear()
        self._count += 1
        self.newest = PlanView(self._count, object_id, drawing, planned_path(drawing, legs), seen, why)

    def clear(self, why: str = "") -> None:
        """Show none. why: a sentence, where a plan was made."""
        self.newest, self.why = None, why

    def file(self, number: int, part: int) -> bytes:
        """STL file of a part of the robot, of the resting robot for part -1. Raises PictureError."""
        view = self.newest
        if view is None or view.number != number:
            raise PictureError("that plan is no longer shown: plan again")
        if not -1 <= part < len(view.drawing.parts):
            raise PictureError(f"part is {part}, expected -1 to {len(view.drawing.parts) - 1}")
        return view.resting if part < 0 else view.drawing.parts[part]
