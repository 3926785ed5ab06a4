"""The workspace of the tool centre point for MoveIt: walls about it that a point at the tool's tip alone may not touch.

MoveIt knows no such workspace: its paths swing out of it, where the guard would refuse them. Path constraints would say
it, too, but OMPL then samples poses by inverse kinematics, unless the configuration of that MoveIt says otherwise.
"""

from __future__ import annotations

import numpy as np
from dense_grasp_core.motion.collision import ROOM_TOLERANCE
from dense_grasp_core.motion.robot import RobotModel

from dense_grasp.planning.moveit.interface import SceneObject

Array = np.ndarray
#: m, edge of the cube that stands for the tool centre point, and how thick the walls are: the arm reaches no farther.
POINT_SIZE = 2e-4
THICKNESS = 2.0


def walls(name: str, workspace: tuple[Array, Array], links: tuple[str, ...]) -> SceneObject:
    """Six boxes about a box of two corners (3,) m in the base frame, which the point of tool_point touches where our
    own checker says that it left the workspace. links: all of the robot; they may be anywhere.
    """
    margin = ROOM_TOLERANCE + POINT_SIZE / 2
    low, high = (np.asarray(corner, dtype=float) for corner in workspace)
    low, high = low - margin, high + margin
    centres, sizes = [], []
    for axis in range(3):
        for edge, side in ((low, -1.0), (high, 1.0)):
            centre, size = (low + high) / 2, high - low + 2 * THICKNESS
            centre[axis], size[axis] = edge[axis] + side * THICKNESS / 2, THICKNESS
            centres.append(centre)
            sizes.append(size)
    return SceneObject(name, np.array(centres), np.array(sizes), touch=links, hidden=True)


def tool_point(name: str, robot: RobotModel) -> SceneObject:
    """A cube at the tool centre point, carried by the hand; every link may touch it."""
    hand = robot.gripper.hand
    frames = {frame.name: frame.placement for frame in robot.model.frames}
    centre = (frames[hand].inverse() * frames[robot.tcp_frame]).translation
    links = tuple(sorted({*robot.links_of_geometry, hand}))
    return SceneObject(name, np.array([centre]), np.full((1, 3), POINT_SIZE), hand, links, hidden=True)
