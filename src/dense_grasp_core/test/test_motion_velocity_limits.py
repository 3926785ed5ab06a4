"""FR3's velocity limits near the ends of its joints: the published formula, kept by plans, refused by the guard.

`python -m test_motion_velocity_limits` here counts plans beyond the limits: 250 joint moves and 120 picks at full
speed, planned with constant limits and with these.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("ompl")
from dense_grasp_core.motion.in_process_planner import in_process_planner
from dense_grasp_core.motion.interfaces import PickRequest, PlanError, Trajectory, WorldModel
from dense_grasp_core.motion.pick_planner import PickPlanner
from dense_grasp_core.motion.planner_config import PlannerConfig
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import RobotModel
from dense_grasp_core.motion.scene import SceneConfig
from dense_grasp_core.motion.timing import MotionLimits, time_path
from dense_grasp_core.motion.trajectory_check import MotionBounds, check_trajectory
from dense_grasp_core.motion.urdf import RobotModelError, joint_limits
from dense_grasp_core.motion.velocity_limits import PositionBasedVelocityLimits, near_ends
from dense_grasp_core.result_codes import GraspCode

ACCELERATION = np.array([3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0])
OBSERVE = np.array([-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108])
NAMES = tuple(f"fr3_joint{i}" for i in range(1, 8))
MOVES, PICKS = 250, 120


@pytest.fixture(scope="module")
def fast() -> PickPlanner:
    """The planner of an FR3 at full speed."""
    return full_speed()


def full_speed(constant: bool = False) -> PickPlanner:
    robot = RobotModel(primitive_arm_urdf(), "fr3")
    if constant:
        robot.near_ends = None
        robot.lower, robot.upper, _ = joint_limits(primitive_arm_urdf(), NAMES)
    limits = MotionLimits.scaled(robot.velocity_limits, ACCELERATION, 1.0, 1.0)
    wide = PlannerConfig(limits, SceneConfig(), tcp_speed=3.0, approach_speed=3.0, lift_speed=3.0)
    return in_process_planner(robot, wide)


def moves(robot: RobotModel, count: int = MOVES):
    """From anywhere to where one joint is within 30 mrad of the last position that it can be sent to, (7,) each."""
    generator = np.random.default_rng(19)
    for _ in range(count):
        start, goal = generator.uniform(robot.lower, robot.upper), generator.uniform(robot.lower, robot.upper)
        joint, left = generator.integers(7), generator.uniform(0.0, 0.03)
        goal[joint] = robot.upper[joint] - left if generator.random() < 0.5 else robot.lower[joint] + left
        yield start, goal


def pick(planner: PickPlanner, number: int) -> PickRequest:
    """A pinch from above anywhere about the arm, in any direction, from any posture over the table."""
    generator = np.random.default_rng(number)
    while True:
        lower, upper, _ = joint_limits(primitive_arm_urdf(), NAMES)
        start = 0.02 * OBSERVE + 0.98 * generator.uniform(lower, upper)
        if (
            planner.tcp_pose(start)[2, 3] > 0.25
            and planner.parts.checkers.without_world(None).free(start)
            and over_the_table(planner, start)
        ):
            break
    radius, angle, turn = generator.uniform([0.3, -2.6, -np.pi], [0.75, 2.6, np.pi])
    candidates = []
    for yaw in (turn, turn + np.pi):
        pose = np.eye(4)
        pose[:3, :3] = [[np.cos(yaw), np.sin(yaw), 0], [np.sin(yaw), -np.cos(yaw), 0], [0, 0, -1]]
        pose[:3, 3] = (radius * np.cos(angle), radius * np.sin(angle), 0.1)
        candidates.append(pose)
    return PickRequest(start, candidates, WorldModel())


def over_the_table(planner: PickPlanner, start: np.ndarray) -> bool:
    try:
        planner.parts.checkers.in_world(WorldModel(), start, None)
    except PlanError:
        return False
    return True


def beyond(ends: PositionBasedVelocityLimits, trajectory: Trajectory) -> bool:
    """Judged as the robot does, a millisecond at a time."""
    steps = max(2, int(np.ceil(1000 * np.max(np.diff(trajectory.times)))))
    _, positions, velocities = trajectory.between(steps)
    over = np.maximum(velocities - ends.highest(positions), ends.lowest(positions) - velocities)
    return bool(np.max(over) > 1e-6)


def parts_of(plan) -> list[Trajectory]:
    """All that is driven of a pick, with the ways back of an object that is put back."""
    back = [
        Trajectory(p.joint_names, p.duration - p.times[::-1], p.positions[::-1], -p.velocities[::-1])
        for p in (plan.lift, plan.approach)
    ]
    return [plan.to_pre_grasp, plan.approach, plan.lift, *back]


def guard(planner: PickPlanner, trajectory: Trajectory) -> None:
    lower, upper, _ = joint_limits(primitive_arm_urdf(), NAMES)
    far = np.full(3, 9.0)
    bounds = MotionBounds(lower, upper, planner.parts.config.limits, -far, far, 20.0)
    # Where the tool goes is not asked here, and would take the most time.
    check_trajectory(trajectory, bounds, lambda q: np.eye(4), trajectory.start)


def described(count: int = 7, **changed: str) -> str:
    """The arm's description with the element for the first `count` joints."""
    values = {"velocity_offset": "0.25", "deceleration_limit": "5.0", **changed}
    attributes = " ".join(f'{key}="{value}"' for key, value in values.items())
    urdf = primitive_arm_urdf()
    for i in range(1, count + 1):
        start = urdf.index(f'<joint name="fr3_joint{i}"')
        end = urdf.index("</joint>", start)
        urdf = f"{urdf[:end]}<position_based_velocity_limits {attributes}/>{urdf[end:]}"
    return urdf


def test_the_published_formula():
    """Values of libfranka's computeUpperLimitsJointVelocity and computeLowerLimitsJointVelocity without tolerance."""
    ends = near_ends(primitive_arm_urdf(), NAMES, "fr3")
    q = np.array([2.70, 1.75, 2.85, -0.20, 2.78, 4.45, 3.00])
    upper = np.sqrt(
        [
            12.0 * (2.7501 - 2.70),
            5.17 * (1.7918 - 1.75),
            7.0 * (2.9065 - 2.85),
            8.0 * (-0.1458 + 0.20),
            34.0 * (2.8101 - 2.78),
            11.0 * (4.5205 - 4.45),
            34.0 * (3.0196 - 3.00),
        ]
    ) - [0.3, 0.2, 0.2, 0.3, 0.35, 0.35, 0.35]
    np.testing.assert_allclose(ends.highest(q), upper)
    low = np.array([-2.70, -1.75, -2.85, -3.00, -2.78, 0.60, -3.00])
    left = low - [-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196]
    lower = [0.3, 0.2, 0.2, 0.3, 0.35, 0.35, 0.35] - np.sqrt([12.0, 5.17, 7.0, 8.0, 34.0, 11.0, 34.0] * left)
    np.testing.assert_allclose(ends.lowest(low), lower)
    np.testing.assert_array_equal(ends.highest(np.array([2.745, 1.79, 2.905, -0.15, 2.809, 4.515, 3.018])), np.zeros(7))


def test_the_description_counts_before_the_table():
    ends = near_ends(described(), NAMES, "fr3")
    np.testing.assert_array_equal(ends.offset, np.full(7, 0.25))
    np.testing.assert_array_equal(ends.deceleration, np.full(7, 5.0))
    np.testing.assert_array_equal(ends.upper, joint_limits(primitive_arm_urdf(), NAMES)[1])
    assert near_ends(described(), NAMES, "panda") is not None


def test_a_panda_has_constant_limits():
    assert near_ends(primitive_arm_urdf("panda"), tuple(f"panda_joint{i}" for i in range(1, 8)), "panda") is None


@pytest.mark.parametrize(
    ("urdf", "words"),
    [
        (described(6), "for some joints but none for fr3_joint7"),
        (described(velocity_offset="fast"), "velocity_offset of fr3_joint1 is 'fast', expected a number of at least 0"),
        (described(deceleration_limit="0"), "deceleration_limit of fr3_joint1 is '0', expected a number of at least"),
        (described(velocity_offset="nan"), "velocity_offset of fr3_joint1 is 'nan'"),
    ],
)
def test_a_description_with_half_of_it_is_refused(urdf, words):
    with pytest.raises(RobotModelError, match=words):
        near_ends(urdf, NAMES, "fr3")


def test_joint_moves_near_an_end_are_slower_there_and_pass_the_guard(fast):
    ends, limits = fast.robot.near_ends, fast.parts.config.limits
    constant = replace(limits, near_ends=None)
    before = after = 0
    for start, goal in moves(fast.robot):
        path = np.stack([start, goal])
        before += beyond(ends, time_path(NAMES, path, constant))
        trajectory = time_path(NAMES, path, limits)
        after += beyond(ends, trajectory)
        guard(fast, trajectory)
    assert before > 10
    assert after == 0


@pytest.mark.parametrize("number", [5, 40, 44, 100])  # those of 120 that were beyond with constant limits
def test_picks_at_full_speed_keep_the_limits_there_and_back(fast, number):
    plan = fast.plan_pick(pick(fast, number))
    for part in parts_of(plan):
        assert not beyond(fast.robot.near_ends, part)
        guard(fast, part)


def test_the_guard_refuses_what_the_robot_would_stop(fast):
    ends = fast.robot.near_ends
    goal = OBSERVE.copy()
    goal[0] = fast.robot.upper[0]
    constant = replace(fast.parts.config.limits, near_ends=None)
    trajectory = time_path(NAMES, np.stack([OBSERVE, goal]), constant)
    assert beyond(ends, trajectory)
    with pytest.raises(PlanError, match=r"velocity of fr3_joint1 is .* before the end of the joint, where the robot"):
        guard(fast, trajectory)


def test_an_arm_in_the_last_milliradians_comes_back_at_once(fast):
    start = OBSERVE.copy()
    start[0] = 2.7495
    trajectory = fast.plan_joints(start, OBSERVE, WorldModel())
    assert not beyond(fast.robot.near_ends, trajectory)
    guard(fast, trajectory)
    free = time_path(NAMES, np.stack([start, OBSERVE]), replace(fast.parts.config.limits, near_ends=None))
    assert trajectory.duration < 1.02 * free.duration


def test_a_goal_where_the_joint_may_not_move_is_refused_with_the_joint(fast):
    goal = OBSERVE.copy()
    goal[0] = 2.7490
    with pytest.raises(PlanError, match=r"fr3_joint1 at 2.7490 rad, expected -2.7416 to 2.7416") as failure:
        fast.plan_joints(OBSERVE, goal, WorldModel())
    assert failure.value.code == GraspCode.UNREACHABLE


def test_what_is_reversible_keeps_the_limits_backwards(fast):
    start = OBSERVE.copy()
    start[3] = fast.robot.upper[3]
    path = np.stack([start, OBSERVE])
    there = time_path(NAMES, path, fast.parts.config.limits)
    both = time_path(NAMES, path, fast.parts.config.limits, reversible=True)

    def back(t: Trajectory) -> Trajectory:
        return Trajectory(t.joint_names, t.duration - t.times[::-1], t.positions[::-1], -t.velocities[::-1])

    assert beyond(fast.robot.near_ends, back(there))
    assert not beyond(fast.robot.near_ends, both)
    assert not beyond(fast.robot.near_ends, back(both))


def _count() -> None:
    robot = full_speed().robot
    ends = near_ends(primitive_arm_urdf(), NAMES, "fr3")
    for constant in (True, False):
        planner = full_speed(constant)
        found = [time_path(NAMES, np.stack(pair), planner.parts.config.limits) for pair in moves(robot)]
        refused, plans = 0, []
        for number in range(PICKS):
            try:
                plans.append(planner.plan_pick(pick(planner, number)))
            except PlanError:
                refused += 1
        driven = [parts_of(plan)[:3] for plan in plans]
        over = sum(beyond(ends, t) for t in found), sum(any(beyond(ends, p) for p in parts) for parts in driven)
        seconds = sum(part.duration for parts in driven for part in parts) / len(plans)
        print(
            f"{'constant limits' if constant else 'limits near ends'}: {over[0]} of {MOVES} joint moves and "
            f"{over[1]} of {PICKS} picks beyond, {refused} picks without a plan; a pick takes {seconds:.2f} s, "
            f"planned in {1000 * np.median([plan.planning_time for plan in plans]):.0f} ms (median)"
        )


if __name__ == "__main__":
    _count()
