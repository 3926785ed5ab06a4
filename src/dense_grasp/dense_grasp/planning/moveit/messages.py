"""moveit_msgs from and to the plain data of interface.py; the only module, beside its clients, that imports them.

Fields that one distribution has and another lacks are set where they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from dense_grasp_ros.poses import pose_message
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from moveit_msgs.msg import (
    AllowedCollisionEntry,
    AllowedCollisionMatrix,
    AttachedCollisionObject,
    CollisionObject,
    Constraints,
    JointConstraint,
    MotionPlanRequest,
    ObjectColor,
    PlanningScene,
    PositionIKRequest,
    RobotState,
)
from shape_msgs.msg import SolidPrimitive
from std_msgs.msg import ColorRGBA

from dense_grasp.planning.moveit.interface import (
    CollisionMatrix,
    PathAnswer,
    PathQuestion,
    PresentScene,
    SceneChange,
    SceneObject,
    TouchingPair,
)

Array = np.ndarray
#: rad about a joint goal.
GOAL_TOLERANCE = 1e-4


def robot_state(names: Sequence[str], positions: Sequence[float]) -> RobotState:
    """A state that says these joints only; the rest, and what is carried, stays as it is."""
    state = RobotState(is_diff=True)
    state.joint_state.name = list(names)
    state.joint_state.position = [float(value) for value in positions]
    return state


def plan_request(question: PathQuestion, group: str, names: Sequence[str], state: RobotState) -> MotionPlanRequest:
    """A joint goal. Pipeline and planner are left to MoveIt's configuration, whose names differ from one to another."""
    request = MotionPlanRequest(
        group_name=group,
        start_state=state,
        num_planning_attempts=1,
        allowed_planning_time=float(question.allowed_time),
        max_velocity_scaling_factor=float(question.velocity_scaling),
        max_acceleration_scaling_factor=float(question.acceleration_scaling),
    )
    constraints = [
        JointConstraint(
            joint_name=name,
            position=float(value),
            tolerance_above=GOAL_TOLERANCE,
            tolerance_below=GOAL_TOLERANCE,
            weight=1.0,
        )
        for name, value in zip(names, question.goal, strict=True)
    ]
    request.goal_constraints = [Constraints(joint_constraints=constraints)]
    return request


def path_answer(response: Any) -> PathAnswer:
    """A MotionPlanResponse."""
    trajectory = response.trajectory.joint_trajectory
    points, names = trajectory.points, tuple(trajectory.joint_names)
    times = [point.time_from_start.sec + 1e-9 * point.time_from_start.nanosec for point in points]
    velocities = [list(point.velocities) for point in points]
    complete = all(len(row) == len(names) for row in velocities)
    return PathAnswer(
        int(response.error_code.val),
        str(getattr(response.error_code, "message", "")),
        names,
        np.array(times),
        np.array([list(point.positions) for point in points]).reshape(len(points), -1),
        np.array(velocities if complete else []).reshape(len(points) if complete else 0, -1),
    )


def ik_request(
    group: str, link: str, base_frame: str, base_from_link: Array, state: RobotState, timeout: float
) -> PositionIKRequest:
    """The question for the joints that bring a link to a pose, whatever is in the way."""
    pose = PoseStamped(pose=pose_message(base_from_link))
    pose.header.frame_id = base_frame
    request = PositionIKRequest(
        group_name=group, robot_state=state, avoid_collisions=False, ik_link_name=link, pose_stamped=pose
    )
    request.timeout = Duration(sec=int(timeout), nanosec=int(1e9 * (timeout % 1.0)))
    return request


def joint_positions(state: RobotState, names: Sequence[str]) -> Array:
    """Positions (J,) of these joints in a state; NaN for one that is not there."""
    known = dict(zip(state.joint_state.name, state.joint_state.position, strict=False))
    return np.array([known.get(name, np.nan) for name in names])


def present_scene(scene: PlanningScene) -> PresentScene:
    """What a GetPlanningScene answered."""
    matrix = scene.allowed_collision_matrix
    names = tuple(matrix.entry_names)
    allowed = np.array([list(entry.enabled) for entry in matrix.entry_values], dtype=bool)
    return PresentScene(
        scene.robot_model_name,
        tuple(scene.robot_state.joint_state.name),
        tuple(thing.id for thing in scene.world.collision_objects),
        tuple(thing.object.id for thing in scene.robot_state.attached_collision_objects),
        CollisionMatrix(
            names,
            allowed.reshape(len(names), len(names)),
            tuple(zip(matrix.default_entry_names, (bool(v) for v in matrix.default_entry_values), strict=True)),
        ),
    )


def touching_pairs(response: Any) -> list[TouchingPair]:
    """Who touches whom in a GetStateValidity response; a state that is invalid without contacts names nobody."""
    if response.valid:
        return []
    pairs = dict.fromkeys((contact.contact_body_1, contact.contact_body_2) for contact in response.contacts)
    return list(pairs) or [("the arm", "something")]


def scene_message(change: SceneChange, base_frame: str) -> PlanningScene:
    """The difference that makes the change."""
    scene = PlanningScene(is_diff=True)
    scene.robot_state.is_diff = True
    scene.world.collision_objects = [
        *(_object(name, base_frame, CollisionObject.REMOVE) for name in change.remove),
        *(_boxes(thing, base_frame) for thing in change.objects if not thing.link),
    ]
    scene.robot_state.attached_collision_objects = [
        *(AttachedCollisionObject(object=_object(name, base_frame, CollisionObject.REMOVE)) for name in change.release),
        *(
            AttachedCollisionObject(
                link_name=thing.link, object=_boxes(thing, thing.link), touch_links=list(thing.touch)
            )
            for thing in change.objects
            if thing.link
        ),
    ]
    scene.object_colors = [
        ObjectColor(id=thing.name, color=ColorRGBA(a=0.0)) for thing in change.objects if thing.hidden
    ]
    matrix = change.matrix
    scene.allowed_collision_matrix = AllowedCollisionMatrix(
        entry_names=list(matrix.names),
        entry_values=[AllowedCollisionEntry(enabled=row.tolist()) for row in matrix.allowed],
        default_entry_names=[name for name, _ in matrix.defaults],
        default_entry_values=[value for _, value in matrix.defaults],
    )
    return scene


def _object(name: str, frame: str, operation: bytes) -> CollisionObject:
    message = CollisionObject(id=name, operation=operation)
    message.header.frame_id = frame
    message.pose.orientation.w = 1.0
    return message


def _boxes(thing: SceneObject, frame: str) -> CollisionObject:
    message = _object(thing.name, frame, CollisionObject.ADD)
    upright = Quaternion(w=1.0)
    message.primitives = [SolidPrimitive(type=SolidPrimitive.BOX, dimensions=size) for size in thing.sizes.tolist()]
    message.primitive_poses = [
        Pose(position=Point(x=x, y=y, z=z), orientation=upright) for x, y, z in thing.centres.tolist()
    ]
    return message
