"""Collision checks of one robot in one scene."""

from __future__ import annotations

from itertools import pairwise

import coal
import numpy as np
import pinocchio as pin

from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import Scene

Array = np.ndarray
#: Links from this joint on are so near to the fingers that what these hold may touch them.
NEAR_JOINT = 6


class CollisionChecker:
    """Robot against itself and against a scene. For one thread at a time."""

    def __init__(self, robot: RobotModel, scene: Scene):
        self.robot = robot
        self._model = robot.geometry.copy()
        self._labels: list[tuple[str, str]] = []
        for i, j in robot.self_pairs:
            self._pair(i, j, robot.links_of_geometry[i], robot.links_of_geometry[j])
        own = len(self._labels)
        obstacles = []
        for obstacle in scene.obstacles:
            placement = robot.root_from_base * obstacle.base_from_shape
            index = self._model.addGeometryObject(
                pin.GeometryObject(f"scene_{obstacle.name}", 0, placement, obstacle.geometry)
            )
            for i, link in enumerate(robot.links_of_geometry):
                # The base and the shoulder stand on the table and are where they are.
                fixed = self._model.geometryObjects[i].parentJoint <= 1
                if not fixed and (obstacle.fingers or not robot.is_finger(i)):
                    self._pair(i, index, link, obstacle.name)
            obstacles.append((index, obstacle.name))
        self._carry(scene, obstacles)
        self._touch_data = pin.GeometryData(self._model)
        self._data = pin.GeometryData(self._model)
        for k in range(own, len(self._labels)):
            self._data.collisionRequests[k].security_margin = scene.clearance

    def free(self, positions: Array) -> bool:
        """True when nothing touches (scene: comes nearer than its clearance) at `positions` (7,)."""
        return not pin.computeCollisions(self.robot.model, self.robot.data, self._model, self._data, positions, True)

    def untouched(self, path: Array, step: float = 0.02) -> bool:
        """True when no point of the polyline (N, 7) touches anything; the clearance may be used up."""
        model, data = self.robot.model, self.robot.data
        return not any(
            pin.computeCollisions(model, data, self._model, self._touch_data, q, True) for q in densify(path, step)
        )

    def contacts(self, positions: Array) -> list[tuple[str, str]]:
        """Pairs (link, link or obstacle) that touch at `positions` (7,)."""
        pin.computeCollisions(self.robot.model, self.robot.data, self._model, self._data, positions, False)
        return [label for label, r in zip(self._labels, self._data.collisionResults, strict=True) if r.isCollision()]

    def path_free(self, path: Array, step: float = 0.02) -> bool:
        """True when every point of the polyline (N, 7) is free, checked at most `step` rad apart."""
        return all(self.free(q) for q in densify(path, step))

    def _carry(self, scene: Scene, obstacles: list[tuple[int, str]]) -> None:
        """Adds what the fingers hold: against every obstacle, and against the links that are not beside it."""
        if scene.held is None:
            return
        robot = self.robot
        frame = robot.model.frames[robot.model.getFrameId(robot.tcp_frame)]
        far = [i for i, part in enumerate(robot.geometry.geometryObjects) if part.parentJoint < NEAR_JOINT]
        for number, (centre, size) in enumerate(zip(scene.held.centres, scene.held.sizes, strict=True)):
            placement = frame.placement * pin.SE3(np.eye(3), np.asarray(centre, dtype=float))
            box = pin.GeometryObject(f"held_{number}", frame.parentJoint, placement, coal.Box(*map(float, size)))
            index = self._model.addGeometryObject(box)
            for obstacle, name in obstacles:
                self._pair(index, obstacle, "held object", name)
            for i in far:
                self._pair(index, i, "held object", robot.links_of_geometry[i])

    def _pair(self, i: int, j: int, a: str, b: str) -> None:
        self._model.addCollisionPair(pin.CollisionPair(i, j))
        self._labels.append((a, b))


def densify(path: Array, step: float) -> Array:
    """The polyline (N, J) with points at most `step` apart (largest joint), its corners kept."""
    path = np.atleast_2d(np.asarray(path, dtype=float))
    parts = [path[:1]]
    for a, b in pairwise(path):
        count = max(1, int(np.ceil(np.max(np.abs(b - a)) / step)))
        parts.append(a + (b - a) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(parts)
