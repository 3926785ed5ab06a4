"""Arm, gripper, perception and planner in one, for the stages of an action: they write down what is asked of them."""

from __future__ import annotations

import numpy as np
from dense_grasp_core.errors import Canceled
from dense_grasp_core.grasping.interfaces import GraspSettings
from dense_grasp_core.motion.interfaces import Trajectory
from dense_grasp_core.result_codes import MatchCode

HOME, AWAY = np.full(7, 0.1), np.full(7, 0.5)
NAMES = tuple(f"joint{i}" for i in range(7))
GRASP = np.diag([1.0, -1.0, -1.0, 1.0])
GRASP[:3, 3] = 0.5, 0.0, 0.1


def trajectory(start, end) -> Trajectory:
    return Trajectory(NAMES, np.array([0.0, 1.0]), np.stack([start, end]), np.zeros((2, 7)))


def settings(**changes) -> GraspSettings:
    values = {
        "observe_poses": (HOME, AWAY),
        "workspace_min": np.array([0.2, -0.4, 0.0]),
        "workspace_max": np.array([0.8, 0.4, 0.4]),
        "hold_time": 0.1,
    }
    return GraspSettings(**{**values, **changes})


class FakeCell:
    """What a grasp and a place ask alike. fingers: m between them; fail, fail_once: what is raised by an action of the
    log, every time and the next time.
    """

    def __init__(self, start, fingers: float):
        self.log: list[str] = []
        self.joint_names = NAMES
        self.joints = np.array(start)
        self.fingers: float | None = fingers
        self.tells_live = True
        self.device_number = 1
        self.height = 0.5
        self.radius: float | None = None
        self.seen = np.zeros((0, 3))
        self.codes = [MatchCode.OK]
        self.fail: dict[str, Exception] = {}
        self.fail_once: dict[str, Exception] = {}

    def _do(self, what: str) -> None:
        self.log.append(what)
        error = self.fail.get(what) or self.fail_once.pop(what, None)
        if error is not None:
            raise error

    def _code(self) -> MatchCode:
        """Of this look; the last one stays."""
        return self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]

    # arm
    def positions(self):
        return self.joints

    def _go(self, part, stop) -> None:
        for _ in range(20):
            if stop is not None and stop():
                raise Canceled("the goal was canceled")
        self.joints = part.end

    def stop(self):
        self.log.append("stop")

    # gripper
    def width(self):
        return self.fingers

    def live_width(self):
        return self.fingers if self.tells_live else None

    def device(self):
        return self.device_number

    # perception
    def scanned_radius(self, object_id, stop=None):
        self._do("scanned_radius")
        return self.radius

    def points_now(self, stop=None):
        self._do("points_now")
        return self.seen

    # planner
    def tcp_pose(self, positions):
        pose = GRASP.copy()
        pose[2, 3] = self.height
        return pose

    def plan_joints(self, start, goal, world, stop=None):
        self.world = world
        self._do("plan_joints")
        return trajectory(start, goal)
