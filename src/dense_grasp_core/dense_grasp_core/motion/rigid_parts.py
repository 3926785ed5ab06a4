"""The arm as triangles, for pictures of it: one rigid part a joint, and where each part is at given joints."""

from __future__ import annotations

import coal
import numpy as np
import pinocchio as pin
from scipy.spatial import ConvexHull

from dense_grasp_core.motion.robot import RobotModel

Array = np.ndarray
#: Points on the rim of a cylinder, and on each circle of latitude of a sphere.
AROUND = 24


def rigid_parts(robot: RobotModel) -> list[Array]:
    """Triangles (N, 3, 3), m, wound outwards, of the base and of what moves with each joint, in the frame of
    `part_poses`; none for a joint that moves nothing. They are the convex hulls that the planner keeps clear of
    everything, with the gripper and what else the robot carries.
    """
    parts: list[list[Array]] = [[] for _ in robot.model.names]
    for shape in robot.geometry.geometryObjects:
        points = corners(shape.geometry)
        rotation, shift = shape.placement.rotation, shape.placement.translation
        parts[shape.parentJoint].append(hull(points @ rotation.T + shift))
    return [np.concatenate(part) if part else np.zeros((0, 3, 3)) for part in parts]


def part_poses(robot: RobotModel, positions: Array) -> Array:
    """base_from_part (P, 4, 4) of the parts of `rigid_parts`, at `positions` (7,) rad."""
    pin.forwardKinematics(robot.model, robot.data, np.asarray(positions, dtype=float))
    base_from_root = robot.root_from_base.inverse()
    return np.stack([(base_from_root * pose).homogeneous for pose in robot.data.oMi])


def corners(geometry: coal.CollisionGeometry) -> Array:
    """Points (N, 3), m, whose hull is the shape, or is it nearly for what is round. Raises TypeError for a shape that
    no robot model has.
    """
    if isinstance(geometry, coal.ConvexBase):
        return np.array(geometry.points())
    turn = np.linspace(0.0, 2.0 * np.pi, AROUND, endpoint=False)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    if isinstance(geometry, coal.Box):
        signs = np.stack(np.meshgrid(*[[-1.0, 1.0]] * 3), axis=-1).reshape(-1, 3)
        return signs * geometry.halfSide
    if isinstance(geometry, coal.Cylinder):
        rim = geometry.radius * circle
        return np.concatenate([np.column_stack([rim, np.full(AROUND, z * geometry.halfLength)]) for z in (-1.0, 1.0)])
    if isinstance(geometry, coal.Sphere):
        latitudes = np.linspace(-np.pi / 2.0, np.pi / 2.0, AROUND // 2 + 1)
        rings = [np.column_stack([np.cos(one) * circle, np.full(AROUND, np.sin(one))]) for one in latitudes]
        return geometry.radius * np.concatenate(rings)
    raise TypeError(f"a {type(geometry).__name__} has no corners, expected a convex mesh, box, cylinder or sphere")


def hull(points: Array) -> Array:
    """Triangles (N, 3, 3) of the convex hull of points (M, 3), wound outwards."""
    found = ConvexHull(points)
    triangles = points[found.simplices]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    inwards = np.einsum("ij,ij->i", normals, found.equations[:, :3]) < 0.0
    triangles[inwards] = triangles[inwards][:, ::-1]
    return triangles
