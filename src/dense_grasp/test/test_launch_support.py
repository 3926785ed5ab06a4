"""Arguments, configuration files and paths of the launch files."""

from __future__ import annotations

import pytest
from dense_grasp.bringup import launch_support
from dense_grasp.bringup.launch_support import (
    SHIPPED_MODEL,
    LaunchArgumentError,
    camera_make,
    check_configuration,
    chosen_make,
    config_file,
    flag,
    full_namespace,
    given,
    is_configuration_error,
    model_path,
    read_parameter,
    share_directory,
    store_url,
)
from dense_grasp_ros.node_runner import CONFIGURATION_ERROR


@pytest.fixture
def share(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/robot.yaml").write_text("/**:\n  ros__parameters:\n    robot_type: panda\n")
    (tmp_path / "config/broken.yaml").write_text("robot_type: panda\n")
    return tmp_path


def test_an_empty_argument_leaves_the_file_alone():
    assert given({"robot_type": "", "planner": "ompl"}) == {"planner": "ompl"}


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_flags(text, value):
    assert flag("sim", text) is value


@pytest.mark.parametrize("text", ["", "yes", "tru"])
def test_a_flag_that_is_none_names_argument_and_value(text):
    with pytest.raises(LaunchArgumentError, match=f"sim is '{text}', expected true or false"):
        flag("sim", text)


def test_a_configuration_file_is_found_or_named(share):
    assert config_file("robot.yaml", share) == str(share / "config/robot.yaml")
    with pytest.raises(LaunchArgumentError, match=r"gone\.yaml does not exist"):
        config_file("gone.yaml", share)


def test_one_value_of_a_parameter_file(share):
    path = str(share / "config/robot.yaml")
    assert read_parameter(path, "robot_type") == "panda"
    assert read_parameter(path, "prefix", "left_") == "left_"
    with pytest.raises(LaunchArgumentError, match="robot_type has no ros__parameters"):
        read_parameter(str(share / "config/broken.yaml"), "robot_type")


def test_the_model_is_the_shipped_one_or_an_absolute_path(share, tmp_path, monkeypatch):
    assert model_path("", share) == str(share / "models" / SHIPPED_MODEL)
    monkeypatch.chdir(tmp_path)
    assert model_path("mine.safetensors", share) == str(tmp_path / "mine.safetensors")


def test_the_store_lies_in_the_ros_home_unless_given(tmp_path):
    assert store_url("postgresql://db/caps") == "postgresql://db/caps"
    ros_home = {"ROS_HOME": str(tmp_path / "ros")}
    assert store_url("", environ=ros_home) == f"sqlite:///{tmp_path}/ros/dense_grasp.db"
    assert (tmp_path / "ros").is_dir()
    assert store_url("", environ={"HOME": str(tmp_path)}) == f"sqlite:///{tmp_path}/.ros/dense_grasp.db"
    assert store_url("", "/hall/left", ros_home) == f"sqlite:///{tmp_path}/ros/hall/left/dense_grasp.db"
    assert (tmp_path / "ros/hall/left").is_dir()


@pytest.mark.parametrize(
    ("pushed", "name", "namespace"),
    [
        ("", "", ""),
        ("", "left", "/left"),
        ("hall", "left", "/hall/left"),
        ("/hall", "", "/hall"),
        ("/hall", "/left", "/left"),
        ("/left", "left", "/left"),
    ],
)
def test_a_namespace_lies_below_what_other_launch_files_have_pushed(pushed, name, namespace):
    assert full_namespace(pushed, name) == namespace


def test_the_argument_camera_names_a_make_or_leaves_it_to_the_file():
    assert camera_make("orbbec_gemini_330") == {"camera": "orbbec_gemini_330"}
    assert [camera_make(value) for value in ("", "replay", "none")] == [{}, {}, {}]
    assert (chosen_make("orbbec_gemini_330"), chosen_make("")) == ("orbbec_gemini_330", "realsense")
    with pytest.raises(LaunchArgumentError, match=r"camera is 'kinect', expected one of orbbec_.*, replay or none$"):
        camera_make("kinect")


def test_the_shipped_configuration_is_sound():
    check_configuration(share_directory())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("velocity_scalling: 0.1", "velocity_scalling is no parameter of any node, did you mean velocity_scaling?"),
        ("clearance: .nan", "parameter clearance is nan, expected a number from 0 to 0.2 m"),
        ("walls: []", "walls is an empty list"),
        ("xyz: [0.065, 0, 0.035]", "write [0.065, 0.0, 0.035]"),
        ("transform: {translation: {x: 0.1}}", "translation.x is no parameter of any node: write the transform"),
    ],
)
def test_a_wrong_setting_is_named_with_its_file_and_what_to_write(share, line, words):
    (share / "config/broken.yaml").write_text(f"/**:\n  ros__parameters:\n    {line}\n")
    with pytest.raises(LaunchArgumentError) as caught:
        check_configuration(share)
    assert str(caught.value).startswith(str(share / "config/broken.yaml")) and words in str(caught.value)


def test_a_section_for_a_node_that_we_do_not_have_is_named(share):
    (share / "config/broken.yaml").write_text("/query_nod:\n  ros__parameters:\n    watch: cap\n")
    with pytest.raises(LaunchArgumentError, match=r"there is no node /query_nod, did you mean query_node"):
        check_configuration(share)


@pytest.mark.parametrize("returncode", [0, 1, 2, -9, -11])
def test_only_its_own_exit_code_says_that_the_configuration_is_wrong(returncode):
    assert is_configuration_error(CONFIGURATION_ERROR)
    assert not is_configuration_error(returncode)


def test_a_workspace_that_was_built_before_is_to_be_built_again(monkeypatch):
    monkeypatch.setattr(launch_support, "known_nodes", dict)
    with pytest.raises(LaunchArgumentError, match="build the workspace again"):
        check_configuration()
