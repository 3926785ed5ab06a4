"""The bridge against a server of Franka's protocol that refuses what the robot refuses."""

from __future__ import annotations

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from dense_grasp_bench.graph_client import stamp_seconds
from dense_grasp_client.connection import wait_for
from franka_msgs.action import ErrorRecovery, Grasp, Homing, Move
from std_srvs.srv import Trigger

from tests.franka.franka_graph import ARM_ACTION, OBSERVE, PATIENCE, trajectory_goal

Result = FollowJointTrajectory.Result
AWAY = OBSERVE + np.array([0.3, -0.1, 0.2, -0.2, 0.2, 0.1, -0.3])
STILL = 0.01  # rad/s


def cancel_and_time(graph, handle) -> tuple[float, object]:
    """Seconds of the robot's clock from the request to joint speeds below STILL, and the answer."""
    began = stamp_seconds(graph.client.now())
    handle.cancel_goal_async()
    wait_for(lambda: graph.speed() < STILL, PATIENCE, "the arm at rest", period=0.002)
    took = stamp_seconds(graph.client.now()) - began
    return took, graph.client.result(handle.get_result_async(), PATIENCE, "result of the cancelled goal")


def test_arm_arrives(graph):
    for goal in (AWAY, OBSERVE):
        answer = graph.move_to(goal)
        assert answer.status == GoalStatus.STATUS_SUCCEEDED, answer.result.error_string
        assert np.abs(graph.positions() - goal).max() < 2e-3


def test_many_points_with_steps_of_acceleration(graph):
    middle = 0.5 * (OBSERVE + AWAY)
    goal = trajectory_goal((1.0, middle), (1.5, OBSERVE), (2.5, AWAY), (4.0, OBSERVE))
    answer = graph.run(FollowJointTrajectory, ARM_ACTION, goal)
    assert answer.result.error_code == Result.SUCCESSFUL, answer.result.error_string


def test_cancel_brings_the_arm_to_rest_without_a_reflex(graph):
    times = []
    for attempt, moved in enumerate((0.02, 0.05, 0.1, 0.15, 0.2)):
        start, goal = (OBSERVE, AWAY) if attempt % 2 == 0 else (AWAY, OBSERVE)
        graph.move_to(start)
        handle = graph.send(FollowJointTrajectory, ARM_ACTION, trajectory_goal((1.6, goal)))
        graph.client.wait(lambda s=start, m=moved: np.abs(graph.positions() - s).max() > m, PATIENCE, "the arm moving")
        took, answer = cancel_and_time(graph, handle)
        assert answer.status == GoalStatus.STATUS_CANCELED, answer.result.error_string
        assert np.abs(graph.positions() - goal).max() > 0.01
        times.append(took)
    graph.move_to(OBSERVE)
    print(f"\ncancel -> rest by its clock: median {np.median(times):.2f} s, longest {max(times):.2f} of {len(times)}")


def test_a_new_trajectory_takes_the_place_of_the_running_one(graph):
    first = graph.send(FollowJointTrajectory, ARM_ACTION, trajectory_goal((4.0, AWAY)))
    graph.client.wait(lambda: np.abs(graph.positions() - OBSERVE).max() > 0.02, PATIENCE, "the arm moving")
    assert graph.move_to(OBSERVE, 2.0).result.error_code == Result.SUCCESSFUL
    answer = graph.client.result(first.get_result_async(), PATIENCE, "result of the first trajectory")
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert "new trajectory" in answer.result.error_string


def test_what_the_robot_would_refuse_is_refused_before_it_moves(graph):
    before = graph.positions()
    answer = graph.move_to(AWAY, 0.2)
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert "the robot would refuse the trajectory" in answer.result.error_string
    far = OBSERVE.copy()
    far[0] = 4.0
    assert not graph.send(FollowJointTrajectory, ARM_ACTION, trajectory_goal((5.0, far))).accepted
    assert np.abs(graph.positions() - before).max() < 1e-3


def test_error_recovery_answers(graph):
    assert graph.run(ErrorRecovery, "/action_server/error_recovery", ErrorRecovery.Goal()).status == 4


def test_hand_needs_homing_then_moves_grasps_and_stops(graph):
    assert graph.run(Homing, "/franka_gripper/homing", Homing.Goal()).result.success
    assert graph.run(Move, "/franka_gripper/move", Move.Goal(width=0.03, speed=0.1)).result.success
    graph.client.wait(lambda: abs(graph.width() - 0.03) < 0.002, PATIENCE, "the width in the joint states")
    answer = graph.run(Move, "/franka_gripper/move", Move.Goal(width=0.5, speed=0.1))
    assert not answer.result.success and answer.result.error

    handle = graph.send(Move, "/franka_gripper/move", Move.Goal(width=0.08, speed=0.01))
    graph.client.wait(lambda: graph.width() > 0.033, PATIENCE, "the fingers moving")
    handle.cancel_goal_async()
    answer = graph.client.result(handle.get_result_async(), PATIENCE, "result of the cancelled move")
    assert answer.status == GoalStatus.STATUS_CANCELED
    assert graph.width() < 0.07

    nothing = Grasp.Goal(width=0.03, speed=0.05, force=20.0)
    nothing.epsilon.inner = nothing.epsilon.outer = 0.005
    answer = graph.run(Grasp, "/franka_gripper/grasp", nothing)
    assert not answer.result.success and "0.00" in answer.result.error


def test_stop_service_ends_a_move(graph):
    stop = graph.client.node.create_client(Trigger, "/franka_gripper/stop")
    graph.client.wait(stop.service_is_ready, PATIENCE, "service /franka_gripper/stop")
    handle = graph.send(Move, "/franka_gripper/move", Move.Goal(width=0.08, speed=0.01))
    graph.client.wait(lambda: graph.width() > 0.005, PATIENCE, "the fingers moving")
    assert graph.client.result(stop.call_async(Trigger.Request()), PATIENCE, "answer of stop").success
    answer = graph.client.result(handle.get_result_async(), PATIENCE, "result of the stopped move")
    assert answer.status == GoalStatus.STATUS_ABORTED
    assert graph.width() < 0.07
    assert graph.run(Move, "/franka_gripper/move", Move.Goal(width=0.08, speed=0.1)).result.success


@pytest.fixture(autouse=True)
def no_reflex(graph):
    """No test leaves the robot in an error, or elsewhere than it was."""
    yield
    assert "reflex" not in graph.log.read_text()
