"""The robot's surroundings as coal shapes in the base frame: table, walls, what the depth camera saw."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import coal
import numpy as np
import pinocchio as pin

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.motion.grasped_object import HeldObject, down_to, held_object, inside_held, split_object
from dense_grasp_core.motion.interfaces import SEEN, SUPPORT, TABLE, TARGET, WorldModel
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.voxel_boxes import thin

Array = np.ndarray
#: m around what is held in which points that were seen with it in the hand are its own.
HELD_MARGIN = 0.02
#: m from the point that something is put on to a point of what it is put on: else that is the table.
SUPPORT_NEAR = 0.03


class SceneError(DenseGraspError):
    """A part of the scene's configuration that is not what it must be."""


@dataclass(frozen=True)
class BoxObstacle:
    """A fixed box: `centre` and `size` (3,) m in the base frame, edges along its axes."""

    name: str
    centre: tuple[float, float, float]
    size: tuple[float, float, float]

    def __post_init__(self) -> None:
        values = np.array([*self.centre, *self.size], dtype=float)
        if values.shape != (6,) or not np.isfinite(values).all() or min(self.size) <= 0:
            raise SceneError(f"box {self.name} is {self.centre}, {self.size}, expected 3 + 3 finite numbers, sizes > 0")


@dataclass(frozen=True)
class SceneConfig:
    """What does not change: the table's height (None: no table), walls, and how points become obstacles (m)."""

    table_height: float | None = 0.0
    walls: tuple[BoxObstacle, ...] = ()
    voxel: float = 0.01
    table_margin: float = 0.012
    self_margin: float = 0.03
    clearance: float = 0.005
    bounds: tuple[Array, Array] = field(
        default_factory=lambda: (np.array([-0.2, -0.9, -0.05]), np.array([1.0, 0.9, 1.0]))
    )


@dataclass(frozen=True)
class Obstacle:
    """A shape in the base frame; `fingers` says whether the fingers must avoid it, too."""

    name: str
    base_from_shape: pin.SE3
    geometry: coal.CollisionGeometry
    fingers: bool = True


@dataclass(frozen=True)
class CollisionScene:
    """Obstacles to plan around, the clearance (m) that all of them ask for, and what the fingers hold.

    tcp_workspace: lowest and highest corner (3,) m, base frame, of the box that the tool centre point stays in; None:
    anywhere.
    """

    obstacles: tuple[Obstacle, ...]
    clearance: float
    held: HeldObject | None = None
    tcp_workspace: tuple[Array, Array] | None = None


@dataclass(frozen=True)
class Cells:
    """Occupied cells of one part of what was seen: `centres` (N, 3) m; `fingers` as in Obstacle."""

    name: str
    centres: Array
    fingers: bool


def build_collision_scene(
    config: SceneConfig, world: WorldModel, robot: RobotModel, seen_from: Array | None = None
) -> CollisionScene:
    """The scene for one plan. `seen_from` (7,): the arm's positions when `world` was seen, for the self-filter."""
    return scene_of(config, *seen_cells(config, world, robot, seen_from))


def scene_of(config: SceneConfig, cells: tuple[Cells, ...], held: HeldObject | None) -> CollisionScene:
    """The scene of what seen_cells gave."""
    obstacles = list(_fixed(config))
    for part in cells:
        octree = coal.makeOctree(np.ascontiguousarray(part.centres), config.voxel)
        obstacles.append(Obstacle(part.name, pin.SE3.Identity(), octree, part.fingers))
    return CollisionScene(tuple(obstacles), config.clearance, held)


def seen_cells(
    config: SceneConfig, world: WorldModel, robot: RobotModel, seen_from: Array | None = None
) -> tuple[tuple[Cells, ...], HeldObject | None]:
    """What the camera saw as cells of `config.voxel` m, free of table and robot: SEEN, TARGET about the grasp, SUPPORT.

    An object that is held is no cell, but the second value. The same for every planner. A part without cells is left
    out.
    """
    seen_from = seen_from if world.seen_from is None else world.seen_from
    points = np.concatenate(
        [
            _free_of_robot(config, world.points_base, robot, seen_from),
            *(_free_of_robot(config, seen.points_base, robot, seen.seen_from) for seen in world.earlier),
        ]
    )
    held = None
    if world.held_at is not None and world.target_point is not None:
        own, points = split_object(points, np.asarray(world.target_point, dtype=float))
        held = held_object(own if world.stood_at is None else down_to(own, world.stood_at), world.held_at)
        points = np.concatenate([points, _newer(config, world, robot, held)])
        held, world = held if world.in_hand else None, replace(world, target_point=world.put_on)
    parts = (Cells(name, thin(part, config.voxel), fingers) for name, part, fingers in _split_target(points, world))
    return tuple(part for part in parts if len(part.centres)), held


def crop(points: Array, bounds: tuple[Array, Array]) -> Array:
    """The finite points (N, 3) inside the box of two corners (3,)."""
    points = np.asarray(points, dtype=float).reshape(-1, 3)
    return points[np.all((points >= bounds[0]) & (points <= bounds[1]), axis=1)]


def free_of_table(points: Array, config: SceneConfig) -> Array:
    """Points above the table by more than its margin: the table itself is a half-space already."""
    if config.table_height is None:
        return points
    return points[points[:, 2] > config.table_height + config.table_margin]


def inside_robot(points: Array, robot: RobotModel, positions: Array, margin: float) -> Array:
    """(N,) True for points within `margin` m of the box around some moving part of the robot at `positions` (7,)."""
    data = pin.GeometryData(robot.geometry)
    pin.updateGeometryPlacements(robot.model, robot.data, robot.geometry, data, np.asarray(positions, dtype=float))
    root = robot.root_from_base
    points_root = points @ root.rotation.T + root.translation
    inside = np.zeros(len(points), dtype=bool)
    for geometry, placement in zip(robot.geometry.geometryObjects, data.oMg, strict=True):
        shape = geometry.geometry
        shape.computeLocalAABB()
        local = (points_root - placement.translation) @ placement.rotation
        low, high = np.array(shape.aabb_local.min_), np.array(shape.aabb_local.max_)
        inside |= np.all((local > low - margin) & (local < high + margin), axis=1)
    return inside


def _fixed(config: SceneConfig) -> list[Obstacle]:
    obstacles = []
    if config.table_height is not None:
        half_space = coal.Halfspace(np.array([0.0, 0.0, 1.0]), float(config.table_height))
        obstacles.append(Obstacle(TABLE, pin.SE3.Identity(), half_space))
    for wall in config.walls:
        placement = pin.SE3(np.eye(3), np.asarray(wall.centre, dtype=float))
        obstacles.append(Obstacle(wall.name, placement, coal.Box(*wall.size)))
    return obstacles


def _split_target(points: Array, world: WorldModel) -> list[tuple[str, Array, bool]]:
    if world.target_point is None:
        return [(SEEN, points, True)]
    point = np.asarray(world.target_point, dtype=float)
    near = np.linalg.norm(points - point, axis=1) < world.target_radius
    target, points = points[near], points[~near]
    if world.put_on is None:
        return [(SEEN, points, True), (TARGET, target, False)]
    both = np.concatenate([target, points])
    if not len(target) or np.linalg.norm(target - point, axis=1).min() > SUPPORT_NEAR:
        return [(SEEN, both, True)]  # the point is on the table
    support, others = split_object(both, point)
    near = np.linalg.norm(support - point, axis=1) < world.target_radius
    return [(SEEN, others, True), (TARGET, support[near], False), (SUPPORT, support[~near], True)]


def _free_of_robot(config: SceneConfig, points: Array, robot: RobotModel, seen_from: Array | None) -> Array:
    """The points (N, 3) that are neither the table's nor those of the robot, which was at `seen_from` (7,)."""
    points = free_of_table(crop(points, config.bounds), config)
    if not len(points) or seen_from is None:
        return points
    return points[~inside_robot(points, robot, seen_from, config.self_margin)]


def _newer(config: SceneConfig, world: WorldModel, robot: RobotModel, held: HeldObject | None) -> Array:
    """What was seen later, with the object in the hand, but the robot and the object."""
    points = _free_of_robot(config, world.newer_points, robot, world.newer_from)
    if not len(points) or world.newer_from is None or held is None:
        return points
    return points[~inside_held(points, held, robot.tcp_pose(world.newer_from), HELD_MARGIN)]
