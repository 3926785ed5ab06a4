"""The whole graph with MoveIt as its planner. Runs where MoveIt is installed: the image of docker/Dockerfile has it."""

from __future__ import annotations

import importlib.util

import pytest
from dense_grasp_bench.taught_clicks import CAP
from dense_grasp_core.result_codes import GraspCode

from dense_grasp_interfaces.action import GraspObject

pytestmark = pytest.mark.graph


def lacking(planner: str) -> str:
    """What a planner lacks here, "" when it can be started."""
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    package = {"move_group": "moveit_ros_move_group", "moveit_py": "moveit_py"}[planner]
    if importlib.util.find_spec("moveit_msgs") is None:
        return "moveit_msgs"
    try:
        for name in (package, "moveit_planners_ompl", "moveit_kinematics", "moveit_configs_utils"):
            get_package_prefix(name)
    except PackageNotFoundError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module", params=["move_group", "moveit_py"])
def moveit_cell(request, cells):
    reason = lacking(request.param)
    if reason:
        pytest.skip(f"needs MoveIt: {reason}")
    running = cells.running(f"planner:={request.param}")
    running.planner = request.param
    return running


def test_whole_grasp(moveit_cell):
    moveit_cell.session.set_cap(0)
    trial = moveit_cell.session.grasp_trial(0)
    assert trial.code == GraspCode.SUCCESS, trial.why_not()
    assert trial.lifted, trial.why_not()
    log = moveit_cell.log.read_text()
    assert f"with planner {moveit_cell.planner}" in log
    assert "Traceback" not in log


def test_goes_around_a_post(moveit_cell):
    # Taught anew behind the post, where the clicks are seen: the network of the tests knows a pixel in its own image.
    for pose_seed in range(3, 30):
        moveit_cell.session.set_cap(0, pose_seed=pose_seed, scene="cap_behind_post")
        if all(moveit_cell.session.truth(list(CAP.clicks.values())).visible):
            break
    moveit_cell.session.teach()
    trial = moveit_cell.session.grasp_trial(0)
    assert trial.code == GraspCode.SUCCESS, trial.why_not()
    assert not trial.touched, trial.touched


def test_what_touches_is_named(moveit_cell):
    """Of an arm that lies on the table, which a plan has put into MoveIt's scene before."""
    from moveit_msgs.srv import GetStateValidity

    moveit_cell.teach_again()
    assert moveit_cell.client.grasp(GraspObject.Goal(object_id="cap", plan_only=True), 90.0).code == GraspCode.SUCCESS
    namespace = {"move_group": "", "moveit_py": "/fr3_moveit_py"}[moveit_cell.planner]
    client = moveit_cell.client.node.create_client(GetStateValidity, f"{namespace}/check_state_validity")
    moveit_cell.client.wait(client.service_is_ready, 120.0, client.srv_name)

    def answer(*positions: float):
        request = GetStateValidity.Request(group_name="fr3_arm")
        request.robot_state.is_diff = True
        request.robot_state.joint_state.name = [f"fr3_joint{i}" for i in range(1, 8)]
        request.robot_state.joint_state.position = list(positions)
        return moveit_cell.client.result(client.call_async(request), 10.0, client.srv_name)

    assert answer(0.0, -0.785, 0.0, -2.356, 0.0, 1.571, 0.785).valid
    lying = answer(0.0, 1.7, 0.0, -0.6, 0.0, 2.0, 0.785)
    assert not lying.valid
    touching = {frozenset((contact.contact_body_1, contact.contact_body_2)) for contact in lying.contacts}
    assert frozenset(("fr3_hand", "dense_grasp_table")) in touching, touching


def test_a_moveit_that_died_is_named_and_comes_back(moveit_cell):
    executable = {"move_group": "move_group", "moveit_py": "moveit_py_planner"}[moveit_cell.planner]
    moveit_cell.teach_again()
    goal = GraspObject.Goal(object_id="cap", plan_only=True)
    moveit_cell.kill(executable)
    result = moveit_cell.client.grasp(goal, 90.0)
    if result.code != GraspCode.SUCCESS:  # launch may have started it again before it was asked
        assert result.code == GraspCode.PLANNER_UNAVAILABLE, result.message
        assert moveit_cell.planner in result.message

    def planned() -> bool:
        return moveit_cell.client.grasp(goal, 90.0).code == GraspCode.SUCCESS

    moveit_cell.eventually(planned, 120.0, "a plan after the restart")
