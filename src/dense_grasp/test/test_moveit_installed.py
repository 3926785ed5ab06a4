"""What of MoveIt is installed, by a made-up ament index, and which planner `auto` is then."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest
from dense_grasp.planning.moveit.installed import PANDA, choose_planner, install_line, is_installed, lacking
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR

ALL = (
    *("moveit_msgs", "shape_msgs", "moveit_configs_utils", "moveit_kinematics", "moveit_planners_ompl"),
    *("moveit_py", "moveit_ros_move_group", PANDA),
)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """`index(*packages)`: these are what the ament index knows from now on."""
    markers = tmp_path / "share/ament_index/resource_index/packages"

    def install(*packages: str) -> None:
        markers.mkdir(parents=True, exist_ok=True)
        for package in packages:
            (markers / package).touch()

    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    monkeypatch.setenv("ROS_DISTRO", "jazzy")
    return install


def nothing_runs(planner: str) -> bool:
    return False


def never_asked(planner: str) -> bool:
    raise AssertionError("the graph is asked only if its answer counts")


def without(*absent: str) -> tuple[str, ...]:
    return tuple(package for package in ALL if package not in absent)


def test_a_complete_moveit_is_the_planner_where_it_can_be_started(index):
    index(*without("moveit_ros_move_group"))
    choice = choose_planner("auto", "fr3", can_start=True, runs=never_asked)
    assert choice.sentence == "planner moveit_py: MoveIt is installed"


@pytest.mark.parametrize("absent", [("moveit_planners_ompl",), ("moveit_py",), ("moveit_kinematics", PANDA)])
def test_what_is_missing_is_named_at_once_with_one_command(index, absent):
    index(*without(*absent))
    choice = choose_planner("auto", "fr3", can_start=True, runs=nothing_runs)
    assert choice.planner == "ompl" and "\n" not in choice.sentence
    assert all(package in choice.why for package in absent)
    assert choice.why.count("sudo apt install") == 1 and install_line(absent) in choice.why


def test_without_any_of_moveit_the_graph_is_not_asked(index):
    index("rclpy")
    choice = choose_planner("auto", "fr3", can_start=True, runs=never_asked)
    assert choice.planner == "ompl"
    assert all(f"ros-jazzy-{name.replace('_', '-')}" in choice.why for name in without("moveit_ros_move_group"))


@pytest.mark.parametrize("running", ["moveit_py", "move_group"])
@pytest.mark.parametrize("can_start", [False, True])
def test_a_server_that_runs_is_taken_where_none_can_be_started(index, running, can_start):
    index("moveit_msgs", "shape_msgs")
    choice = choose_planner("auto", "fr3", can_start=can_start, runs=lambda planner: planner == running)
    assert choice.sentence == f"planner {running}: a {running} runs"


def test_a_complete_moveit_that_nobody_started_is_no_planner(index):
    index(*ALL)
    choice = choose_planner("auto", "fr3", can_start=False, runs=nothing_runs)
    assert choice.planner == "ompl" and "neither moveit_py nor move_group runs" in choice.why


def test_a_planner_that_is_asked_for_is_not_judged(index):
    assert choose_planner("move_group", "fr3", can_start=True, runs=never_asked).planner == "move_group"


def test_the_semantic_description_is_frankas_with_xacro_or_the_pandas(index):
    index(*without(PANDA))
    assert lacking("move_group", "fr3") == (PANDA,)
    index("franka_description")
    assert lacking("move_group", "fr3") == ("xacro",)
    assert lacking("move_group", "panda") == (PANDA,)


def test_the_index_is_that_of_the_environment(index):
    index("moveit_msgs")
    assert is_installed("moveit_msgs") and not is_installed("moveit_py")
    assert install_line(["moveit_py"], "kilted") == "sudo apt install ros-kilted-moveit-py"


@pytest.mark.skipif(find_spec("moveit") is not None, reason="moveit_py is installed here")
def test_moveit_py_that_this_machine_lacks_is_said_and_not_tried_again():
    process = subprocess.run(
        [sys.executable, "-m", "dense_grasp.nodes.moveit_py_planner"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == CONFIGURATION_ERROR
    assert "there is no moveit_py" in process.stderr and "Traceback" not in process.stderr
