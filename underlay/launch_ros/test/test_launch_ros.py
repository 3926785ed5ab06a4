"""Nodes in launch files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import List  # noqa: UP035 (upstream knows this spelling only)

import pytest
from ament_index_python.packages import get_package_prefix, get_package_share_directory
from launch import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch.substitutions.substitution_failure import SubstitutionFailure
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import ExecutableInPackage, FindPackagePrefix, FindPackageShare

NODE = """#!{python}
import json, sys, rclpy
rclpy.init()
node = rclpy.create_node("default_name", allow_undeclared_parameters=True,
                         automatically_declare_parameters_from_overrides=True)
params = {{name: parameter.value for name, parameter in node.get_parameters_by_prefix("").items()}}
params = {{name: list(v) if hasattr(v, "__len__") and not isinstance(v, str) else v for name, v in params.items()}}
json.dump({{"name": node.get_fully_qualified_name(), "params": params, "topic": node.resolve_topic_name("in"),
           "argv": rclpy.utilities.remove_ros_args(sys.argv)[1:]}}, open("seen.json", "w"))
rclpy.shutdown()
"""
RUN = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import *
from launch.substitutions import *
from launch_ros.actions import *
from launch_ros.parameter_descriptions import *
service = LaunchService(noninteractive=True)
service.include_launch_description(LaunchDescription([
{body}
]))
sys.exit(service.run())
"""


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """Run a description with the node above in package my_package; return what the node saw."""
    library = tmp_path / "prefix" / "lib" / "my_package"
    library.mkdir(parents=True)
    index = tmp_path / "prefix" / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "my_package").touch()
    (tmp_path / "prefix" / "share" / "my_package").mkdir()
    (library / "see").write_text(NODE.format(python=sys.executable))
    (library / "see").chmod(0o755)
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"{tmp_path / 'prefix'}{os.pathsep}{os.environ['AMENT_PREFIX_PATH']}")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)

    def launch(body):
        command = [sys.executable, "-c", RUN.format(body=body)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        output = result.stdout + result.stderr
        assert result.returncode == 0, output
        seen = tmp_path / "seen.json"
        return (json.loads(seen.read_text()) if seen.exists() else None), output

    return launch


def test_node_alone(launch):
    seen, output = launch("""Node(package="my_package", executable="see", arguments=["one", "--two"])""")
    assert seen["name"] == "/default_name" and seen["argv"] == ["one", "--two"] and seen["topic"] == "/in"
    assert "[see-1]: process started with pid" in output


def test_names_and_remappings(launch):
    seen, _ = launch(
        """
        DeclareLaunchArgument("robot", default_value="fr3"),
        Node(package="my_package", executable="see", name="eye", namespace=LaunchConfiguration("robot"),
             remappings=[("in", ["/", LaunchConfiguration("robot"), "_image"])]),
        """
    )
    assert seen["name"] == "/fr3/eye" and seen["topic"] == "/fr3_image"


def test_parameters_of_every_kind(launch, tmp_path):
    (tmp_path / "file.yaml").write_text("/**:\n  ros__parameters:\n    a: from_file\n    b: from_file\n")
    seen, _ = launch(
        """
        DeclareLaunchArgument("number", default_value="5"),
        Node(package="my_package", executable="see", name="eye", parameters=["file.yaml", {
            "b": "from_dict", "text": "5", "number": LaunchConfiguration("number"),
            "number_as_text": ParameterValue(LaunchConfiguration("number"), value_type=str),
            "number_as_float": ParameterValue(LaunchConfiguration("number"), value_type=float),
            "truth": True, "float": 1.5, "ints": [1, 2], "floats": [1.0, 2], "texts": ["a", "b"],
            "joined": ["n", LaunchConfiguration("number")], "nested": {"deep": {"value": 3}}}]),
        """
    )
    expected = {
        "a": "from_file",
        "b": "from_dict",
        "text": "5",
        "number": 5,
        "number_as_text": "5",
        "number_as_float": 5.0,
        "truth": True,
        "float": 1.5,
        "ints": [1, 2],
        "floats": [1.0, 2.0],
        "texts": ["a", "b"],
        "joined": "n5",
        "nested.deep.value": 3,
    }
    assert {name: seen["params"][name] for name in expected} == expected
    assert type(seen["params"]["number_as_float"]) is float


def test_later_parameters_win(launch):
    seen, _ = launch(
        """Node(package="my_package", executable="see", parameters=[{"a": 1}, {"a": 2}, ParameterFile("no.yaml")])"""
    )
    assert seen["params"]["a"] == 2


def test_set_parameter_is_scoped_and_weaker(launch):
    body = """
        GroupAction([SetParameter("a", 1), SetParameter("use_sim_time", True),
                     Node(package="my_package", executable="see", parameters=[{"a": 2}])]),
    """
    seen, _ = launch(body)
    assert seen["params"]["use_sim_time"] is True and seen["params"]["a"] == 2
    seen, _ = launch("""GroupAction([SetParameter("a", 1)]), Node(package="my_package", executable="see")""")
    assert "a" not in seen["params"]


def test_pushed_namespace(launch):
    seen, _ = launch(
        """
        GroupAction([PushRosNamespace("cell"),
                     Node(package="my_package", executable="see", name="eye", namespace="left")]),
        """
    )
    assert seen["name"] == "/cell/left/eye"


def test_a_remapping_of_all_nodes_is_scoped(launch):
    seen, _ = launch("""GroupAction([SetRemap("in", "/all"), Node(package="my_package", executable="see")]),""")
    assert seen["topic"] == "/all"
    seen, _ = launch("""GroupAction([SetRemap("in", "/all")]), Node(package="my_package", executable="see")""")
    assert seen["topic"] == "/in"


def test_condition_and_exit(launch):
    seen, output = launch(
        """
        Node(package="my_package", executable="see", on_exit=[LogInfo(msg="node ended")]),
        Node(package="my_package", executable="see", exec_name="never", condition=__import__(
            "launch.conditions").conditions.IfCondition("false")),
        """
    )
    assert seen and "node ended" in output and "never" not in output


def test_places_of_packages():
    context = LaunchContext()
    assert FindPackageShare("launch_ros").perform(context) == get_package_share_directory("launch_ros")
    assert FindPackagePrefix("launch_ros").perform(context) == get_package_prefix("launch_ros")
    with pytest.raises(Exception, match="no_such_package"):
        FindPackageShare("no_such_package").perform(context)
    with pytest.raises(SubstitutionFailure, match="libexec directory"):
        ExecutableInPackage("nothing", "launch_ros").perform(context)


def test_values_have_types():
    context = LaunchContext()
    context.launch_configurations["list"] = "[1, 2]"
    value = ParameterValue(LaunchConfiguration("list"), value_type=List[int])  # noqa: UP006
    assert list(value.evaluate(context)) == [1, 2]
    with pytest.raises((ValueError, SubstitutionFailure)):
        ParameterValue(LaunchConfiguration("list"), value_type=int).evaluate(context)


def test_parameter_file_is_a_path(tmp_path):
    assert ParameterFile(tmp_path / "a.yaml").evaluate(LaunchContext()) == tmp_path / "a.yaml"
