"""The planner over a MoveIt: goals, codes and limits are those of the embedded planner.

The MoveIt here is a port whose answers are worked out: collisions by coal of the very boxes that it was given, paths
by OMPL. What MoveIt itself does is not tested with it, but what is asked of it and what is made of its answers.
"""

from __future__ import annotations

import coal
import numpy as np
import pinocchio as pin
import pytest

pytest.importorskip("ompl")
from dense_grasp.planning.moveit.interface import CollisionMatrix, PathAnswer, PresentScene, SceneObject
from dense_grasp.planning.moveit.planner import moveit_planner
from dense_grasp.planning.moveit.planning_scene import (
    HELD,
    NAME_PREFIX,
    TOOL_POINT,
    WORKSPACE,
    scene_change,
    scene_objects,
)
from dense_grasp_core.errors import Canceled
from dense_grasp_core.motion.collision import ROOM_TOLERANCE, CollisionChecker
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.interfaces import TABLE, PickRequest, PlaceRequest, PlanError, WorldModel
from dense_grasp_core.motion.inverse_kinematics import InverseKinematics
from dense_grasp_core.motion.path_search import PathOptions, find_path
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import BoxObstacle, CollisionScene, SceneConfig, build_collision_scene
from dense_grasp_core.motion.timing import MotionLimits, time_path
from dense_grasp_core.motion.trajectory_check import MotionBounds, check_trajectory
from dense_grasp_core.result_codes import GraspCode

LEFT = np.array([0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
RIGHT = np.array([-0.6, 0.2, 0.0, -2.0, 0.0, 2.2, 0.785])
OBSERVE = np.array([-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108])
POST = BoxObstacle("post", (0.55, 0.0, 0.4), (0.06, 0.06, 0.8))


class BoxWorld(CollisionChecker):
    """The robot against itself and against boxes, with the pairs that the matrix allows left out."""

    def __init__(
        self,
        robot: RobotModel,
        objects: dict[str, SceneObject],
        matrix: CollisionMatrix,
        carried: dict[str, SceneObject],
    ):
        super().__init__(robot, CollisionScene((), 0.0))
        place = {name: index for index, name in enumerate(matrix.names)}

        def allowed(a: str, b: str) -> bool:
            return a in place and b in place and bool(matrix.allowed[place[a], place[b]])

        indices: list[tuple[int, str]] = []
        for name, thing in objects.items():
            for centre, size in zip(thing.centres, thing.sizes, strict=True):
                placement = robot.root_from_base * pin.SE3(np.eye(3), centre)
                index = self._model.addGeometryObject(
                    pin.GeometryObject(f"{name}_{len(self._model.geometryObjects)}", 0, placement, coal.Box(*size))
                )
                for part, link in enumerate(robot.links_of_geometry):
                    if not allowed(link, name):
                        self._pair(part, index, link, name)
                indices.append((index, name))
        for name, thing in carried.items():
            frame = robot.model.frames[robot.model.getFrameId(thing.link)]
            for centre, size in zip(thing.centres, thing.sizes, strict=True):
                placement = frame.placement * pin.SE3(np.eye(3), centre)
                index = self._model.addGeometryObject(
                    pin.GeometryObject(
                        f"{name}_{len(self._model.geometryObjects)}", frame.parentJoint, placement, coal.Box(*size)
                    )
                )
                for part, link in enumerate(robot.links_of_geometry):
                    if link not in thing.touch:
                        self._pair(index, part, name, link)
                for other, label in indices:
                    if not allowed(name, label):
                        self._pair(index, other, name, label)
        self._data = pin.GeometryData(self._model)
        self._touch_data = pin.GeometryData(self._model)


class StandIn:
    """The port. `speed`: factor by which its trajectories are faster than our limits allow; `fails`: code of plan()."""

    who = "move_group"
    group = "fr3_arm"

    def __init__(self, robot: RobotModel, limits: MotionLimits, *, joints=None, speed: float = 1.0, fails: int = 1):
        self.robot = robot
        self.limits = MotionLimits(limits.velocity * speed, limits.acceleration * speed**2)
        self.joints = robot.joint_names if joints is None else joints
        self.fails = fails
        self.ik_code = 1
        self.ik_offset = 0.0
        self.refuses = False
        self.objects: dict[str, SceneObject] = {}
        self.carried: dict[str, SceneObject] = {}
        self.matrix = CollisionMatrix(("stranger", "fr3_link0"), np.array([[False, True], [True, False]]))
        self.log: list[str] = []

    def scene(self, stop=None):
        return PresentScene("arm", tuple(self.joints), tuple(self.objects), tuple(self.carried), self.matrix)

    def change(self, change, stop=None):
        self.log.append("change")
        if self.refuses:
            return False
        for name in change.release:  # into the world, as MoveIt does
            self.objects[name] = self.carried.pop(name)
        for name in change.remove:
            del self.objects[name]
        for thing in change.objects:
            (self.carried if thing.link else self.objects)[thing.name] = thing
        self.matrix = change.matrix
        return True

    @property
    def world(self) -> BoxWorld:
        return BoxWorld(self.robot, self.objects, self.matrix, self.carried)

    def contacts(self, path, stop=None):
        self.log.append(f"contacts of {len(path)}")
        if stop is not None and stop():
            raise Canceled("the goal was canceled")
        world = self.world
        return [list(dict.fromkeys(world.contacts(q))) for q in path]

    def solve(self, link, base_from_link, seed, stop=None):
        hand = self.robot.frame_pose(seed, link)
        goal = base_from_link @ np.linalg.inv(hand) @ self.robot.tcp_pose(seed)
        goal[2, 3] += self.ik_offset
        q = InverseKinematics(self.robot).solve(goal, seed)
        return self.ik_code, q

    def plan(self, question, stop=None):
        self.log.append("plan")
        if self.fails != 1:
            return PathAnswer(self.fails, "as ordered")
        world = self.world
        for _ in range(20):  # a spline may cut a corner; MoveIt checks what it gives, too
            try:
                path = find_path(world, question.start, question.goal, PathOptions(question.allowed_time), stop)
            except PlanError as error:
                return PathAnswer(-1, str(error))
            timed = time_path(self.joints, path, self.limits, 0.1, 0.02)
            if world.untouched(timed.positions):
                break
        # MoveIt's joints come in its own order.
        return PathAnswer(1, "", self.joints[::-1], timed.times, timed.positions[:, ::-1], timed.velocities[:, ::-1])


@pytest.fixture(scope="module")
def robot():
    return RobotModel(primitive_arm_urdf(), "fr3")


@pytest.fixture(scope="module")
def limits(robot):
    acceleration = np.array([3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0])
    return MotionLimits.scaled(robot.velocity_limits, acceleration, 0.5, 0.9)


@pytest.fixture
def make(robot, limits):
    """`make(*walls, **stand-in options)` gives the planner and the port."""

    def build(*walls, allowed_time: float = 20.0, tcp_workspace=None, **options):
        port = StandIn(robot, limits, **options)
        path = PathOptions(allowed_time)
        config = PlannerConfig(limits, SceneConfig(walls=walls), path, tcp_workspace=tcp_workspace)
        return moveit_planner(robot, config, port, (0.5, 0.9)), port

    return build


def post_of_points() -> np.ndarray:
    y, x, z = np.meshgrid(np.linspace(-0.03, 0.03, 12), np.linspace(0.5, 0.58, 12), np.linspace(0.02, 0.7, 80))
    return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)


def ring(x: float, y: float) -> np.ndarray:
    angle, z = np.meshgrid(np.linspace(0, 2 * np.pi, 120), np.linspace(0.02, 0.11, 20))
    return np.stack([x + 0.09 * np.cos(angle.ravel()), y + 0.09 * np.sin(angle.ravel()), z.ravel()], axis=1)


def pinch(x: float, y: float, z: float) -> list[np.ndarray]:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [x, y, z]
    turned = pose.copy()
    turned[:2, :2] *= -1
    return [pose, turned]


def pick(planner, start=OBSERVE, contact=(0.55, 0.0, 0.11), world=None):
    x, y, z = contact
    world = world or WorldModel(ring(x - 0.09, y), np.array(contact))
    return planner.plan_pick(PickRequest(start, pinch(x, y, z - 0.015), world))


def failure(action) -> PlanError:
    with pytest.raises(PlanError) as caught:
        action()
    return caught.value


def test_a_pick_joins_and_ends_at_the_same_grasp_as_the_embedded_planners(make, robot, limits):
    planner, port = make()
    plan = pick(planner)
    embedded = pick(in_process_planner(robot, PlannerConfig(limits)))
    np.testing.assert_allclose(plan.base_from_tcp, embedded.base_from_tcp)
    np.testing.assert_array_equal(plan.to_pre_grasp.start, OBSERVE)
    np.testing.assert_allclose(plan.to_pre_grasp.end, plan.approach.start)
    np.testing.assert_allclose(plan.approach.end, plan.lift.start)
    np.testing.assert_allclose(plan.approach.end, embedded.approach.end, atol=1e-6)
    np.testing.assert_allclose(robot.tcp_pose(plan.approach.end), plan.base_from_tcp, atol=1e-4)
    assert {name.removeprefix(NAME_PREFIX) for name in port.objects} == {"table", "target"} | (
        {"seen"} if f"{NAME_PREFIX}seen" in port.objects else set()
    )


@pytest.mark.parametrize("speed", [0.5, 3.0])
def test_whatever_speed_it_answers_with_the_guard_lets_the_motion_pass(make, robot, limits, speed):
    planner, _ = make(POST, speed=speed)
    trajectory = planner.plan_joints(LEFT, RIGHT, WorldModel())
    bounds = MotionBounds(robot.lower, robot.upper, limits, np.full(3, -2.0), np.full(3, 2.0), 0.5)
    check_trajectory(trajectory, bounds, robot.tcp_pose, LEFT)
    assert trajectory.joint_names == robot.joint_names


@pytest.mark.parametrize("as_points", [False, True])
def test_it_goes_around_a_post(make, robot, as_points):
    world = WorldModel(post_of_points()) if as_points else WorldModel()
    planner, _ = make(*(() if as_points else (POST,)))
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, world, robot))
    assert not checker.untouched(np.stack([LEFT, RIGHT]))
    for _ in range(3):
        trajectory = planner.plan_joints(LEFT, RIGHT, world)
        assert checker.untouched(trajectory.positions, 0.01)


def workspace_about(robot, *positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    points = np.array([robot.tcp_pose(q)[:3, 3] for q in positions])
    return points.min(axis=0) - 0.03, points.max(axis=0) + 0.03


def test_the_tool_stays_in_its_workspace(make, robot):
    """Straight in joint space the tool swings out of the box about the two ends, and MoveIt knows of no such box."""
    low, high = workspace_about(robot, LEFT, RIGHT)
    planner, _ = make(tcp_workspace=(low, high))
    assert not CollisionChecker(robot, CollisionScene((), 0.0, None, (low, high))).untouched(np.stack([LEFT, RIGHT]))
    for _ in range(3):
        trajectory = planner.plan_joints(LEFT, RIGHT, WorldModel())
        points = np.array([robot.tcp_pose(q)[:3, 3] for q in trajectory.positions])
        assert np.max(np.maximum(low - points, points - high)) < 1e-3


def test_an_arm_outside_its_workspace_comes_back_and_no_wall_stays(make, robot):
    planner, port = make(tcp_workspace=workspace_about(robot, LEFT))
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.GOAL_IN_COLLISION
    assert "tool centre point touches the end of its workspace" in str(error)
    assert TOOL_POINT in port.carried and WORKSPACE in port.objects
    np.testing.assert_allclose(planner.plan_joints(RIGHT, LEFT, WorldModel()).end, LEFT, atol=1e-6)
    assert TOOL_POINT not in {*port.carried, *port.objects} and WORKSPACE not in port.objects


@pytest.mark.parametrize("beyond", [-2e-4, 2e-4])
def test_where_the_workspace_ends_both_checkers_agree(make, robot, beyond):
    tilted = LEFT.copy()
    tilted[4:6] += 0.4, 0.2
    tip = robot.tcp_pose(tilted)[:3, 3]
    for axis in range(3):
        for side in (-1.0, 1.0):
            low, high = tip - 0.1, tip + 0.1
            (low if side < 0.0 else high)[axis] = tip[axis] - side * (ROOM_TOLERANCE + beyond)
            _, port = make()
            ours = CollisionChecker(robot, CollisionScene((), 0.0, None, (low, high))).free(tilted)
            port.change(scene_change(port.scene(), scene_objects(SceneConfig(), (), robot, 0.0, None, (low, high))))
            assert ours == (beyond < 0.0)
            assert (not port.contacts([tilted])[0]) == ours


def test_it_stands_where_the_embedded_planner_stands_and_goes_there(make, robot, limits):
    planner, _ = make()
    places = [[robot.tcp_pose(LEFT)], [robot.tcp_pose(RIGHT)]]
    found = planner.find_joint_positions(places, OBSERVE, WorldModel())
    embedded = in_process_planner(robot, PlannerConfig(limits)).find_joint_positions(places, OBSERVE, WorldModel())
    np.testing.assert_allclose(found, embedded)
    assert np.allclose(planner.plan_joints(OBSERVE, found[1], WorldModel()).end, found[1], atol=1e-6)


def test_the_scene_of_the_goal_before_is_gone(make):
    planner, port = make()
    planner.plan_joints(LEFT, RIGHT, WorldModel(post_of_points()))
    assert f"{NAME_PREFIX}seen" in port.objects
    planner.plan_joints(LEFT, RIGHT, WorldModel())
    assert set(port.objects) == {f"{NAME_PREFIX}table"}
    planner.plan_line(LEFT, planner.tcp_pose(LEFT))
    assert port.objects == {}
    assert "stranger" in port.matrix.names


def test_a_held_object_is_carried_as_the_embedded_planner_carries_it(make, robot):
    pose = robot.tcp_pose(LEFT)
    x, y = np.meshgrid(np.linspace(-0.15, 0.15, 40), np.linspace(-0.15, 0.15, 40))
    plate = pose[:3, 3] + np.stack([x.ravel(), y.ravel(), np.full(x.size, -0.05)], axis=1)
    low = robot.tcp_pose(0.5 * (LEFT + RIGHT))[:3, 3] - [0.0, 0.0, 0.08]
    shelf = BoxObstacle("shelf", tuple(low), (0.1, 0.04, 0.04))
    planner, port = make(shelf)
    world = WorldModel(plate, pose[:3, 3], held_at=pose, seen_from=OBSERVE)
    trajectory = planner.plan_joints(LEFT, RIGHT, world)
    assert set(port.carried) == {HELD} and set(port.objects) == {f"{NAME_PREFIX}table", f"{NAME_PREFIX}shelf"}
    checker = CollisionChecker(robot, build_collision_scene(planner.parts.config.scene, world, robot))
    assert not checker.untouched(np.stack([LEFT, RIGHT]))
    assert checker.untouched(trajectory.positions, 0.02)
    planner.plan_joints(RIGHT, LEFT, WorldModel())
    assert port.carried == {} and HELD not in port.objects


def test_a_place_carries_the_object_down_and_leaves_without_it(make, robot):
    grasp = robot.tcp_pose(LEFT)
    grasp[:3, :3], grasp[2, 3] = np.diag([1.0, -1.0, -1.0]), 0.08
    x, y = np.meshgrid(np.linspace(-0.05, 0.05, 12), np.linspace(-0.05, 0.05, 12))
    top = grasp[:3, 3] + np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    planner, port = make()
    world = WorldModel(top, grasp[:3, 3], held_at=grasp, seen_from=OBSERVE, stood_at=0.0)
    there = grasp.copy()
    there[:2, 3] = 0.5, -0.1
    plan = planner.plan_place(PlaceRequest(OBSERVE, [there], world, touches=frozenset({TABLE})))
    assert port.carried == {} and set(port.objects) == {f"{NAME_PREFIX}table"}
    np.testing.assert_allclose(robot.tcp_pose(plan.lower.end), there, atol=2e-3)
    np.testing.assert_allclose(plan.lower.end, plan.retreat.start)
    np.testing.assert_allclose(plan.to_above.end, plan.lower.start)
    error = failure(lambda: planner.plan_place(PlaceRequest(OBSERVE, [there], world)))
    assert error.code == GraspCode.GOAL_IN_COLLISION and "held object touches table" in str(error)


def test_start_and_goal_in_collision_have_their_codes(make, robot):
    inside = BoxObstacle("crate", tuple(robot.tcp_pose(LEFT)[:3, 3]), (0.1, 0.1, 0.1))
    planner, _ = make(inside)
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.START_IN_COLLISION and "touches crate" in str(error)
    error = failure(lambda: planner.plan_joints(RIGHT, LEFT, WorldModel()))
    assert error.code == GraspCode.GOAL_IN_COLLISION and "touches crate" in str(error)


def test_less_clearance_at_the_start_is_not_a_collision(make, robot):
    low = robot.tcp_pose(LEFT)[:3, 3] - [0, 0, 0.0133]
    shelf = BoxObstacle("shelf", tuple(low - [0, 0, 0.05]), (0.2, 0.2, 0.1 + 2 * 0.001))
    planner, port = make(shelf)
    planner.plan_joints(LEFT, RIGHT, WorldModel())
    assert port.objects[f"{NAME_PREFIX}shelf"].sizes[0, 0] == pytest.approx(0.2)


def test_a_grasp_inside_something_is_in_collision_and_one_far_away_unreachable(make):
    planner, _ = make(BoxObstacle("crate", (0.55, 0.0, 0.2), (0.3, 0.3, 0.06)))
    error = failure(lambda: pick(planner))
    assert error.code == GraspCode.GOAL_IN_COLLISION and "crate" in str(error)
    planner, _ = make()
    error = failure(lambda: pick(planner, contact=(1.4, 0.0, 0.1), world=WorldModel()))
    assert error.code == GraspCode.UNREACHABLE


def test_a_failed_plan_says_what_moveit_said(make):
    planner, _ = make(fails=-6)
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNING_FAILED
    assert "move_group answered TIMED_OUT (-6)" in str(error) and "as ordered" in str(error)
    assert failure(lambda: pick(planner)).code == GraspCode.PLANNING_FAILED


@pytest.mark.parametrize("what", ["pick", "place"])
def test_a_moveit_that_does_not_answer_is_asked_once_and_said(make, robot, what):
    """It works off what it was asked before; each candidate that is asked about anew waits longer for it."""
    planner, port = make()
    asked = []

    def silent(question, stop=None):
        asked.append(question)
        raise PlanError(GraspCode.PLANNER_UNAVAILABLE, "move_group did not answer within 7.0 s")

    port.plan = silent
    if what == "pick":
        # The other candidate is refused for another reason: that must not hide it.
        poses = [*pinch(0.55, 0.0, 0.095), *pinch(0.55, 0.0, -0.05)]
        request = PickRequest(OBSERVE, poses, WorldModel(ring(0.46, 0.0), np.array([0.55, 0.0, 0.11])))
        error = failure(lambda: planner.plan_pick(request))
    else:
        low = robot.tcp_pose(LEFT)
        low[:3, :3], low[2, 3] = np.diag([1.0, -1.0, -1.0]), 0.08
        beside = low.copy()
        beside[1, 3] -= 0.1
        world = WorldModel(low[:3, 3][None], low[:3, 3], held_at=low, seen_from=OBSERVE, stood_at=0.0)
        request = PlaceRequest(OBSERVE, [low, beside], world, touches=frozenset({TABLE}))
        error = failure(lambda: planner.plan_place(request))
    assert error.code == GraspCode.PLANNER_UNAVAILABLE and "did not answer" in str(error)
    assert len(asked) == 1


def test_a_moveit_for_another_robot_is_told_apart(make):
    planner, _ = make(joints=tuple(f"panda_joint{i + 1}" for i in range(7)))
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNER_UNAVAILABLE
    assert "no joint fr3_joint1" in str(error) and "panda_joint1" in str(error)


def test_a_moveit_whose_arm_stands_elsewhere_is_told_apart(make):
    planner, port = make()
    port.ik_offset = 0.05
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNER_UNAVAILABLE and "50 mm" in str(error)


def test_a_group_that_it_does_not_know_is_said(make):
    planner, port = make()
    port.ik_code = -15
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNER_UNAVAILABLE and "fr3_arm" in str(error)


@pytest.mark.parametrize("code", [-31, -21])
def test_a_moveit_without_kinematics_or_transforms_serves_as_well(make, code):
    planner, port = make()
    port.ik_code = code
    assert pick(planner).lift.duration > 0


def test_a_refused_scene_is_an_error(make):
    planner, port = make()
    port.refuses = True
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNER_UNAVAILABLE and "fr3_link0" in str(error)


def test_a_path_through_an_obstacle_is_not_believed(make):
    planner, port = make(POST)
    blind = StandIn(port.robot, port.limits)
    port.plan = lambda question, stop=None: blind.plan(question, stop)
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.PLANNING_FAILED
    assert "on the path that move_group gave" in str(error) and "touches post" in str(error)


def test_a_stop_ends_the_questions(make):
    planner, port = make()
    with pytest.raises(Canceled):
        planner.plan_joints(LEFT, RIGHT, WorldModel(), lambda: True)
    assert "plan" not in port.log


def test_a_line_is_asked_about_in_one_go(make):
    planner, port = make()
    pose = planner.tcp_pose(LEFT)
    pose[2, 3] += 0.1
    planner.plan_line(LEFT, pose)
    assert [entry for entry in port.log if entry.startswith("contacts")] == ["contacts of 6"]


def test_what_moveit_alone_knows_of_is_avoided(make, robot):
    planner, port = make()
    place = robot.tcp_pose(RIGHT)[:3, 3]
    port.objects["crate of somebody else"] = SceneObject("crate", place[None], np.full((1, 3), 0.1))
    error = failure(lambda: planner.plan_joints(LEFT, RIGHT, WorldModel()))
    assert error.code == GraspCode.GOAL_IN_COLLISION and "crate of somebody else" in str(error)
    up = robot.tcp_pose(RIGHT)
    above = up + np.array([[0, 0, 0, 0], [0] * 4, [0, 0, 0, 0.2], [0] * 4])
    start = next(planner.parts.kinematics.solutions(above, RIGHT))
    error = failure(lambda: planner.plan_line(start, up))
    assert error.code == GraspCode.GOAL_IN_COLLISION and "crate of somebody else" in str(error)


def test_a_pick_takes_few_questions(make):
    planner, port = make()
    pick(planner)
    asked = [int(entry.split()[-1]) for entry in port.log if entry.startswith("contacts")]
    assert sum(asked) < 25, port.log
