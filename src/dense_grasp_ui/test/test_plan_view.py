"""A plan as the page shows it: the robot along its trajectories, in files that a browser reads."""

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from dense_grasp_core.motion.primitive_arm import primitive_arm_urdf
from dense_grasp_core.motion.robot import READY, RobotModel
from dense_grasp_ui.graph_robot import legs_of
from dense_grasp_ui.pictures.encoding import PictureError
from dense_grasp_ui.planned.plan_view import PlanViews
from dense_grasp_ui.planned.planned_path import MOST_ROWS, Leg, PathError, planned_path
from dense_grasp_ui.planned.robot_drawing import RobotDrawing
from dense_grasp_ui.planned.robot_mesh import stl
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

TURN, DOWN = np.eye(7)[0], np.eye(7)[1]
NAMES = tuple(f"fr3_joint{i + 1}" for i in range(7))


@pytest.fixture(scope="module")
def robot():
    return RobotModel(primitive_arm_urdf(), "fr3")


@pytest.fixture(scope="module")
def drawing(robot):
    return RobotDrawing(robot)


def leg(start, end, seconds, names=NAMES):
    return Leg(tuple(names), np.array([0.0, seconds]), np.array([start, end], float))


def legs():
    """To a place, down, and up again: 2 s, 1 s and 1 s."""
    above, below = READY + 0.4 * TURN, READY + 0.4 * TURN + 0.1 * DOWN
    return [leg(READY, above, 2.0), leg(above, below, 1.0), leg(below, above, 1.0)]


def test_legs_follow_each_other_and_the_fingers_close_after_the_second(robot, drawing):
    path = planned_path(drawing, legs())
    assert path.seconds == 4.0 and path.times[path.pinch] == 3.0
    for row, positions in ((0, READY), (path.pinch, legs()[1].positions[1]), (-1, legs()[0].positions[1])):
        np.testing.assert_allclose(path.tcp[row], robot.tcp_pose(positions), atol=1e-9)
    middle = READY + 0.2 * TURN
    np.testing.assert_allclose(path.tcp[path.row_at(1.0)], robot.tcp_pose(middle), atol=1e-9)
    assert path.row_at(-1.0) == 0 and path.row_at(99.0) == len(path.times) - 1


def test_joints_are_told_by_their_names(drawing):
    order = [3, 0, 6, 1, 2, 5, 4]
    mixed = [
        leg(one.positions[0][order], one.positions[1][order], one.times[1], np.array(NAMES)[order]) for one in legs()
    ]
    np.testing.assert_allclose(planned_path(drawing, mixed).poses, planned_path(drawing, legs()).poses)


def test_a_long_motion_has_so_many_rows_at_most(drawing):
    path = planned_path(drawing, [leg(READY, READY + 0.1, 600.0)])
    assert len(path.times) <= MOST_ROWS + 3 and path.pinch == len(path.times) - 1


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([], "no trajectory"),
        ([leg(READY, READY, 1.0, [f"left_{name}" for name in NAMES])], "trajectory 1 .* lacks fr3_joint1"),
        ([legs()[0], Leg(NAMES, np.zeros(0), np.zeros((0, 7)))], "trajectory 2 .* no rising, finite times"),
        ([Leg(NAMES, np.array([0.0, 0.0]), np.zeros((2, 7)))], "no rising"),
        ([leg(READY, READY * np.nan, 1.0)], "finite"),
    ],
)
def test_what_is_no_path_is_said(drawing, wrong, told):
    with pytest.raises(PathError, match=told):
        planned_path(drawing, wrong)


def test_trajectory_messages_are_read():
    points = [
        JointTrajectoryPoint(positions=list(READY), time_from_start=Duration()),
        JointTrajectoryPoint(positions=list(READY + 0.1), time_from_start=Duration(sec=1, nanosec=500_000_000)),
    ]
    (read,) = legs_of([JointTrajectory(joint_names=list(NAMES), points=points)])
    assert read.joints == NAMES and read.times.tolist() == [0.0, 1.5]
    np.testing.assert_allclose(read.positions, [READY, READY + 0.1])
    (empty,) = legs_of([JointTrajectory(joint_names=list(NAMES))])
    assert empty.positions.shape == (0, 7)


def read_stl(file):
    """Corners (N, 3, 3) and normals (N, 3)."""
    rows = np.frombuffer(file[84:], [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
    assert len(rows) == int.from_bytes(file[80:84], "little") and not any(file[:80])
    return rows["corners"], rows["normal"]


def test_an_stl_file_holds_the_triangles():
    triangle = np.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    corners, normals = read_stl(stl(triangle))
    np.testing.assert_array_equal(corners, triangle)
    np.testing.assert_array_equal(normals, [[0.0, 0.0, 1.0]])


def test_the_newest_plan_alone_has_files(drawing):
    plans = PlanViews()
    with pytest.raises(PictureError, match="plan again"):
        plans.file(1, 0)
    plans.show("mug", drawing, legs(), None, "no cloud came")
    plans.show("cap", drawing, legs(), None)
    view = plans.newest
    assert (view.number, view.object_id, view.why_unseen) == (2, "cap", "")
    parts = [read_stl(plans.file(2, part))[0] for part in range(8)]
    resting, _ = read_stl(plans.file(2, -1))
    assert len(resting) == sum(map(len, parts))
    moved = parts[-1] @ view.path.poses[0, -1, :3, :3].T + view.path.poses[0, -1, :3, 3]
    np.testing.assert_allclose(resting[-len(moved) :], moved, atol=1e-6)
    away = np.linalg.norm(resting.reshape(-1, 3) - view.centre, axis=1)
    assert away.max() < view.radius < 2.0 * away.max()  # the whole robot is in the picture
    for number, part in ((1, 0), (2, 8), (2, -2)):
        with pytest.raises(PictureError):
            plans.file(number, part)
    plans.clear("The plan is not shown: no robot.")
    assert plans.newest is None and plans.why.endswith("no robot.")
