"""The surroundings for MoveIt: the same table, walls and cells that the embedded planner avoids, as boxes.

Boxes and not MoveIt's octomap: an octomap is one object, so the target could not be cut out of it for the fingers only.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from dense_grasp_core.motion.collision import NEAR_JOINT
from dense_grasp_core.motion.grasped_object import HeldObject
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import Cells, SceneConfig
from dense_grasp_core.motion.voxel_boxes import merge_cells

from dense_grasp.planning.moveit.interface import CollisionMatrix, PresentScene, SceneChange, SceneObject, TouchingPair
from dense_grasp.planning.moveit.workspace_walls import tool_point, walls

Array = np.ndarray
#: Before the names of our objects, so that those of others in the same MoveIt are left alone.
NAME_PREFIX = "dense_grasp_"
#: m; the table as a box: so far it goes to the sides and down.
TABLE_SIZE = (4.0, 4.0, 0.5)
HELD = f"{NAME_PREFIX}held"
#: Walls about the workspace of the tool centre point, and the point that alone may not touch them.
WORKSPACE = f"{NAME_PREFIX}workspace"
TOOL_POINT = f"{NAME_PREFIX}tool_centre_point"


def scene_objects(
    config: SceneConfig,
    cells: tuple[Cells, ...],
    robot: RobotModel,
    clearance: float,
    held: HeldObject | None = None,
    tcp_workspace: tuple[Array, Array] | None = None,
) -> tuple[SceneObject, ...]:
    """Table, walls and cells, each larger by `clearance` m on every side, what the robot carries itself, and where the
    tool centre point may be: tcp_workspace as in CollisionScene.
    """
    objects = [*_fixed(config, robot, clearance), *_seen(config, cells, robot, clearance), *carried(robot)]
    if held is not None:
        objects.append(in_hand(held, robot))
    if tcp_workspace is not None:
        links = tuple(sorted(set(robot.links_of_geometry)))
        objects += [walls(WORKSPACE, tcp_workspace, links), tool_point(TOOL_POINT, robot)]
    return tuple(objects)


def in_hand(held: HeldObject, robot: RobotModel) -> SceneObject:
    """The object between the fingers, carried by the hand; it may touch what moves with the last two joints."""
    hand = robot.gripper.hand
    frames = {frame.name: frame.placement for frame in robot.model.frames}
    hand_from_tcp = frames[hand].inverse() * frames[robot.tcp_frame]
    axes = np.round(hand_from_tcp.rotation)
    if not np.allclose(hand_from_tcp.rotation, axes, atol=1e-6):
        raise ValueError(f"{robot.tcp_frame} is turned in the frame of {hand}, expected along its axes")
    parts = zip(robot.links_of_geometry, robot.geometry.geometryObjects, strict=True)
    near = {link for link, part in parts if part.parentJoint >= NEAR_JOINT}
    centres, sizes = held.centres @ axes.T + hand_from_tcp.translation, held.sizes @ np.abs(axes).T
    return SceneObject(HELD, centres, sizes, hand, tuple(sorted(near | {hand})))


def carried(robot: RobotModel) -> tuple[SceneObject, ...]:
    """Boxes that are fixed to a link of the robot but not in its description, such as the camera."""
    objects = []
    frames = {frame.name: frame for frame in robot.model.frames}
    for index, geometry in enumerate(robot.geometry.geometryObjects):
        link = robot.links_of_geometry[index]
        if geometry.name.startswith(f"{link}_"):  # a shape of the description: MoveIt has it
            continue
        link_from_box = frames[link].placement.inverse() * geometry.placement
        if not np.allclose(link_from_box.rotation, np.eye(3), atol=1e-6):
            raise ValueError(f"box {geometry.name} is turned in the frame of {link}, expected along its axes")
        checked = {pair[0] if pair[1] == index else pair[1] for pair in robot.self_pairs if index in pair}
        touch = {name for other, name in enumerate(robot.links_of_geometry) if other not in checked}
        objects.append(
            SceneObject(
                NAME_PREFIX + geometry.name,
                np.array([link_from_box.translation]),
                np.array([2.0 * geometry.geometry.halfSide]),
                link,
                tuple(sorted(touch | {link})),
            )
        )
    return tuple(objects)


def scene_change(present: PresentScene, objects: tuple[SceneObject, ...]) -> SceneChange:
    """What makes `objects` the only ones of ours in a planner that has `present`."""
    wanted = {thing.name for thing in objects if not thing.link}
    fixed = {thing.name for thing in objects if thing.link}
    ours = [name for name in present.objects if name.startswith(NAME_PREFIX) and name not in wanted]
    release = [name for name in present.carried if name.startswith(NAME_PREFIX) and name not in fixed]
    touch = {thing.name: thing.touch for thing in objects if not thing.link}
    if TOOL_POINT in fixed:
        others = [name for name in present.carried if name not in release]
        others += [thing.name for thing in objects if thing.link]
        touch[WORKSPACE] = (*touch[WORKSPACE], *(name for name in others if name != TOOL_POINT))
        theirs = [name for name in present.objects if name not in ours]
        touch[TOOL_POINT] = tuple({*touch, *theirs, *others} - {WORKSPACE, TOOL_POINT})
    # What is carried already stays: carrying it anew would be refused by some versions. What the fingers hold differs
    # from grasp to grasp; MoveIt replaces it.
    new = tuple(thing for thing in objects if not thing.link or thing.name not in present.carried or thing.name == HELD)
    # MoveIt puts what is released into the world.
    return SceneChange(new, (*ours, *release), tuple(release), allow(present.matrix, touch))


def allow(matrix: CollisionMatrix, touch: dict[str, tuple[str, ...]]) -> CollisionMatrix:
    """The matrix with one row for each object (name: links, or other objects, that may touch it) in the place of our
    older rows.
    """
    kept = [index for index, name in enumerate(matrix.names) if not name.startswith(NAME_PREFIX)]
    names = [matrix.names[index] for index in kept]
    # A link that is in no row yet would keep its object's rule out.
    names += sorted({link for links in touch.values() for link in links} - set(names) - set(touch))
    others = len(names)
    names += sorted(touch)
    place = {name: index for index, name in enumerate(names)}
    allowed = np.zeros((len(names), len(names)), dtype=bool)
    # Without a row it was their default rule that held.
    defaults = {name: rule for name, rule in matrix.defaults if not name.startswith(NAME_PREFIX)}
    for i, j in np.ndindex(others, others):
        allowed[i, j] = i != j and _by_default(defaults, names[i], names[j])
    allowed[: len(kept), : len(kept)] = matrix.allowed[np.ix_(kept, kept)] if kept else False
    for name, links in touch.items():
        for link in links:
            allowed[place[name], place[link]] = allowed[place[link], place[name]] = True
    return CollisionMatrix(tuple(names), allowed, tuple(defaults.items()))


def guarded_pairs(present: PresentScene) -> list[TouchingPair]:
    """Pairs of which MoveIt's matrix does not say that they may touch; two objects of the world are none.

    A pair without a row follows the default rules of its names, as in MoveIt.
    """
    matrix = present.matrix
    place = {name: index for index, name in enumerate(matrix.names)}
    defaults = dict(matrix.defaults)
    world = set(present.objects)
    names = list(dict.fromkeys([*matrix.names, *present.carried, *present.objects]))
    pairs = []
    for index, a in enumerate(names):
        for b in names[index + 1 :]:
            if a in world and b in world:
                continue
            if a in place and b in place:
                allowed = bool(matrix.allowed[place[a], place[b]])
            else:
                allowed = _by_default(defaults, a, b)
            if not allowed:
                pairs.append((a, b))
    return pairs


def _by_default(defaults: Mapping[str, bool], a: str, b: str) -> bool:
    """MoveIt's rule for a pair that is in no row: allowed where each name that has a rule of its own allows it."""
    rules = [defaults[name] for name in (a, b) if name in defaults]
    return bool(rules) and all(rules)


def _fixed(config: SceneConfig, robot: RobotModel, clearance: float) -> list[SceneObject]:
    base = _base_links(robot)
    objects = []
    if config.table_height is not None:
        centre = [0.0, 0.0, config.table_height + clearance - TABLE_SIZE[2] / 2]
        objects.append(SceneObject(f"{NAME_PREFIX}table", np.array([centre]), np.array([TABLE_SIZE]), touch=base))
    for wall in config.walls:
        size = np.array([wall.size]) + 2 * clearance
        objects.append(SceneObject(NAME_PREFIX + wall.name, np.array([wall.centre], dtype=float), size, touch=base))
    return objects


def _seen(config: SceneConfig, cells: tuple[Cells, ...], robot: RobotModel, clearance: float) -> list[SceneObject]:
    base, fingers = _base_links(robot), _finger_links(robot)
    objects = []
    for part in cells:
        centres, sizes = merge_cells(part.centres, config.voxel)
        touch = base if part.fingers else tuple(sorted({*base, *fingers}))
        objects.append(SceneObject(NAME_PREFIX + part.name, centres, sizes + 2 * clearance, touch=touch))
    return objects


def _base_links(robot: RobotModel) -> tuple[str, ...]:
    """Base and shoulder: they stand on the table and are where they are, as for the embedded planner."""
    objects = robot.geometry.geometryObjects
    return tuple(sorted({link for link, part in zip(robot.links_of_geometry, objects) if part.parentJoint <= 1}))


def _finger_links(robot: RobotModel) -> tuple[str, ...]:
    links = robot.links_of_geometry
    return tuple(sorted({link for index, link in enumerate(links) if robot.is_finger(index)}))
