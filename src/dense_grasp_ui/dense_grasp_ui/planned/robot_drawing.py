"""What is drawn of a robot. It imports pinocchio: a page that shows no plan does without."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.motion.rigid_parts import part_poses, rigid_parts
from dense_grasp_core.motion.robot import RobotModel
from numpy.typing import NDArray

from dense_grasp_ui.planned.robot_mesh import moved, stl


class RobotDrawing:
    """A robot in rigid parts, made once a description."""

    def __init__(self, robot: RobotModel):
        self._robot = robot
        self._triangles = rigid_parts(robot)
        self.joint_names = robot.joint_names
        #: STL files of the parts, each in its own frame; b"" for one without a shape
        self.parts = tuple(stl(one) if len(one) else b"" for one in self._triangles)

    def along(self, positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """base_from_part (T, P, 4, 4) and base_from_tcp (T, 4, 4) at positions (T, 7) rad."""
        poses = np.stack([part_poses(self._robot, row) for row in positions])
        return poses, np.stack([self._robot.tcp_pose(row) for row in positions])

    def at(self, poses: NDArray[np.float64]) -> bytes:
        """STL file of the whole robot in the base frame, with its parts at poses (P, 4, 4)."""
        return stl(np.concatenate([moved(part, pose) for part, pose in zip(self._triangles, poses, strict=True)]))
