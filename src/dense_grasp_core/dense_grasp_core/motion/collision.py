"""Collision checks of one robot in one scene."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import coal
import numpy as np
import pinocchio as pin

from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import CollisionScene

Array = np.ndarray
#: Links from this joint on are so near to the fingers that what these hold may touch them.
NEAR_JOINT = 6
#: m by which the tool centre point may be outside its workspace: half of what the guard tolerates.
ROOM_TOLERANCE = 5e-4
#: As one of a pair that touches: what the fingers hold.
HELD_OBJECT = "held object"
#: As a pair that touches: where the workspace of the tool centre point ends.
OUTSIDE = ("tool centre point", "the end of its workspace")


class CollisionQueries(Protocol):
    """What is asked about collisions of one robot in one scene. For one thread at a time."""

    @property
    def robot(self) -> RobotModel:
        """The arm."""

    def free(self, positions: Array) -> bool:
        """True when the arm may be at `positions` (7,): it keeps its clearance and its workspace."""

    def path_free(self, path: Array, step: float = 0.02) -> bool:
        """True when every point of the polyline (N, 7) is free, checked at most `step` rad apart."""

    def untouched(self, path: Array, step: float = 0.02) -> bool:
        """As path_free, but the clearance may be used up."""

    def contacts(self, positions: Array) -> list[tuple[str, str]]:
        """Pairs (link, link or obstacle) that touch at `positions` (7,)."""

    def hand_contacts(self, base_from_tcp: Array) -> list[tuple[str, str]]:
        """Pairs (part of the hand, obstacle) that touch with the tool centre point at a pose (4, 4)."""

    def with_empty_hand(self) -> CollisionQueries:
        """The same scene without what the fingers hold."""


class CollisionChecker:
    """CollisionQueries by pinocchio and coal: robot against itself and against a scene. For one thread at a time."""

    def __init__(self, robot: RobotModel, scene: CollisionScene):
        self.robot = robot
        self.scene = scene
        self._model = robot.geometry.copy()
        self._labels: list[tuple[str, str]] = []
        for i, j in robot.self_pairs:
            self._pair(i, j, robot.links_of_geometry[i], robot.links_of_geometry[j])
        self._workspace = scene.tcp_workspace
        self._tcp = robot.model.frames[robot.model.getFrameId(robot.tcp_frame)]
        own = len(self._labels)
        hand: list[int] = []
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
                    if self._model.geometryObjects[i].parentJoint == self._tcp.parentJoint:
                        hand.append(len(self._labels))
                    self._pair(i, index, link, obstacle.name)
            obstacles.append((index, obstacle.name))
        self._carry(scene, obstacles)
        self._touch_data = pin.GeometryData(self._model)
        self._data = pin.GeometryData(self._model)
        self._hand = hand
        self._hand_data = pin.GeometryData(self._model)
        pin.updateGeometryPlacements(robot.model, robot.data, self._model, self._hand_data, pin.neutral(robot.model))
        for k in range(own, len(self._labels)):
            for requests in (self._data.collisionRequests, self._hand_data.collisionRequests):
                requests[k].security_margin = scene.clearance

    def free(self, positions: Array) -> bool:
        """True when nothing touches (scene: comes nearer than its clearance) at `positions` (7,) and the tool centre
        point is in its workspace.
        """
        return self._free(self._data, positions)

    def untouched(self, path: Array, step: float = 0.02) -> bool:
        """True when no point of the polyline (N, 7) touches anything or leaves the workspace; the clearance may be used
        up.
        """
        return all(self._free(self._touch_data, q) for q in densify(path, step))

    def contacts(self, positions: Array) -> list[tuple[str, str]]:
        """Pairs (link, link or obstacle) that touch at `positions` (7,)."""
        pin.computeCollisions(self.robot.model, self.robot.data, self._model, self._data, positions, False)
        found = zip(self._labels, self._data.collisionResults, strict=True)
        pairs = [label for label, result in found if result.isCollision()]
        return pairs if self._in_room() else [*pairs, OUTSIDE]

    def hand_contacts(self, base_from_tcp: Array) -> list[tuple[str, str]]:
        """Pairs (part of the hand, obstacle) that touch with the tool centre point at a pose (4, 4), whatever the arm
        does: what moves with the last joint is checked alone.
        """
        root_from_joint = self.robot.root_pose(base_from_tcp) * self._tcp.placement.inverse()
        for index, part in enumerate(self.robot.geometry.geometryObjects):
            if part.parentJoint == self._tcp.parentJoint:
                self._hand_data.oMg[index] = root_from_joint * part.placement
        touching = (k for k in self._hand if pin.computeCollision(self._model, self._hand_data, k))
        return [self._labels[k] for k in touching]

    def with_empty_hand(self) -> CollisionChecker:
        """The same scene without what the fingers hold."""
        return CollisionChecker(self.robot, replace(self.scene, held=None))

    def path_free(self, path: Array, step: float = 0.02) -> bool:
        """True when every point of the polyline (N, 7) is free, checked at most `step` rad apart."""
        return all(self.free(q) for q in densify(path, step))

    def _free(self, data: pin.GeometryData, positions: Array) -> bool:
        touches = pin.computeCollisions(self.robot.model, self.robot.data, self._model, data, positions, True)
        return not touches and self._in_room()

    def _in_room(self) -> bool:
        """At the positions that were checked last."""
        if self._workspace is None:
            return True
        root_from_tcp = self.robot.data.oMi[self._tcp.parentJoint] * self._tcp.placement
        point = self.robot.root_from_base.actInv(root_from_tcp.translation)
        return in_workspace(point, self._workspace)

    def _carry(self, scene: CollisionScene, obstacles: list[tuple[int, str]]) -> None:
        """Adds what the fingers hold: against every obstacle, and against the links that are not beside it."""
        if scene.held is None:
            return
        robot = self.robot
        frame = self._tcp
        far = [i for i, part in enumerate(robot.geometry.geometryObjects) if part.parentJoint < NEAR_JOINT]
        for number, (centre, size) in enumerate(zip(scene.held.centres, scene.held.sizes, strict=True)):
            placement = frame.placement * pin.SE3(np.eye(3), np.asarray(centre, dtype=float))
            box = pin.GeometryObject(f"held_{number}", frame.parentJoint, placement, coal.Box(*map(float, size)))
            index = self._model.addGeometryObject(box)
            for obstacle, name in obstacles:
                self._pair(index, obstacle, HELD_OBJECT, name)
            for i in far:
                self._pair(index, i, HELD_OBJECT, robot.links_of_geometry[i])

    def _pair(self, i: int, j: int, a: str, b: str) -> None:
        self._model.addCollisionPair(pin.CollisionPair(i, j))
        self._labels.append((a, b))


def in_workspace(point: Array, workspace: tuple[Array, Array]) -> bool:
    """True for a point (3,) in the box of two corners (3,), or outside by no more than ROOM_TOLERANCE."""
    low, high = workspace
    return bool((point >= low - ROOM_TOLERANCE).all() and (point <= high + ROOM_TOLERANCE).all())


def workspace_of_plan(
    robot: RobotModel, workspace: tuple[Array, Array] | None, start: Array
) -> tuple[Array, Array] | None:
    """Of a plan from `start` (7,): the configured one, or none for an arm that has to come back to it."""
    inside = workspace is not None and in_workspace(robot.tcp_pose(start)[:3, 3], workspace)
    return workspace if inside else None


def densify(path: Array, step: float) -> Array:
    """The polyline (N, J) with points at most `step` apart (largest joint), its corners kept."""
    path = np.atleast_2d(np.asarray(path, dtype=float))
    parts = [path[:1]]
    for a, b in pairwise(path):
        count = max(1, int(np.ceil(np.max(np.abs(b - a)) / step)))
        parts.append(a + (b - a) * np.linspace(0, 1, count + 1)[1:, None])
    return np.concatenate(parts)
