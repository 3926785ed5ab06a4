"""Launch arguments: unknown and wrong ones are refused by name."""

from __future__ import annotations

import pytest
from dense_grasp.bringup.launch_arguments import ARGUMENTS, check_names, launch_arguments
from dense_grasp.bringup.launch_support import LaunchArgumentError

OURS = ("ros2", "launch", "dense_grasp", "bringup.launch.py")
ANOTHERS = ("ros2", "launch", "my_cell", "cell.launch.py")
KNOWN = launch_arguments("sim", "model", "planner")


@pytest.mark.parametrize("command", [OURS, ("pytest",), ("/opt/ros/bin/ros2", "launch", "launch/bringup.launch.py")])
def test_an_unknown_argument_is_refused_with_the_nearest(command):
    with pytest.raises(LaunchArgumentError, match=r"bringup.launch.py has no launch argument simm, did you mean sim\?"):
        check_names(["model", "simm"], KNOWN, "/x/bringup.launch.py", command)
    with pytest.raises(LaunchArgumentError, match="no launch argument zebra, expected some of sim, model, planner"):
        check_names(["zebra"], KNOWN, "/x/bringup.launch.py", command)


def test_what_another_launch_file_has_for_itself_is_left_alone():
    check_names(["workspace_file", "ros_namespace", "anonx"], KNOWN, "/x/bringup.launch.py", ANOTHERS)
    with pytest.raises(LaunchArgumentError, match="simm, did you mean sim"):
        check_names(["simm"], KNOWN, "/x/bringup.launch.py", ANOTHERS)


def test_what_launch_reads_itself_is_known():
    check_names(["sim", "sigterm_timeout", "launch-prefix"], KNOWN, "/x/bringup.launch.py", OURS)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sim", "maybe", "sim is 'maybe', expected true or false"),
        ("planner", "chomp", "planner is 'chomp', expected one of "),
        ("heartbeat_timeout", "abc", "heartbeat_timeout is 'abc', expected a number from 0.02 to 10 s"),
        ("heartbeat_timeout", ".inf", "heartbeat_timeout is '.inf'"),
        ("heartbeat_timeout", "-1", "heartbeat_timeout is '-1'"),
        ("robot_type", "fr3 ", "robot_type is 'fr3 ', expected letters"),
        ("prefix", "left/", "prefix is 'left/'"),
    ],
)
def test_a_wrong_value_is_refused(name, value, words):
    with pytest.raises(LaunchArgumentError) as caught:
        ARGUMENTS[name].check(name, value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("sim", "1"), ("heartbeat_timeout", "2"), ("heartbeat_timeout", ""), ("planner", "")]
)
def test_a_right_value_is_taken(name, value):
    ARGUMENTS[name].check(name, value)
