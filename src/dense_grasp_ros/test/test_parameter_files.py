"""Parameter files and ROS arguments: read as ROS reads them, and every mistake said with its place."""

from __future__ import annotations

import math

import pytest
from dense_grasp_core.parameters import ParameterError, ParameterSpec, by_name
from dense_grasp_ros.known_parameters import check_arguments, explained
from dense_grasp_ros.parameter_files import ParameterFileError, node_name, overrides_of, read_parameter_file

from dense_grasp_ros import known_parameters

KNOWN = {
    "mover": by_name(
        (
            ParameterSpec("velocity_scaling", 0.5, "of limits", low=0.0, high=1.0),
            ParameterSpec("xyz", (0.0, 0.0, 0.0), "of the camera", low=-1.0, high=1.0, count=3),
        )
    ),
    "query_node": by_name((ParameterSpec("store", "sqlite:///", "where"),)),
}


@pytest.fixture
def arguments(tmp_path, monkeypatch):
    """`arguments(text, *more)` are those of a process that reads a file with this text."""
    monkeypatch.setattr(known_parameters, "known_nodes", lambda: KNOWN)

    def write(text, *more):
        path = tmp_path / "robot.yaml"
        path.write_text(text)
        return ["mover", "--ros-args", "--params-file", str(path), *more]

    return write


def everybody(line):
    return f"/**:\n  ros__parameters:\n    {line}\n"


def test_values_are_those_that_ros_reads(tmp_path):
    path = tmp_path / "values.yaml"
    path.write_text(
        "/**:\n  ros__parameters:\n    a: 1e-3\n    b: .nan\n    c: -.inf\n    d: yes\n    e: 12:30\n"
        "    f: 2024-01-01\n"
        "    g: 0x10\n    h: {i: [1.0, 2.0]}\n/cell/mover:\n  ros__parameters:\n    j: '5'\n"
        "left:\n  query_node:\n    ros__parameters: {k: 5.}\n"
    )
    found = {(o.section, o.name): o.value for o in read_parameter_file(str(path))}
    assert math.isnan(found.pop(("/**", "b")))
    assert found == {
        ("/**", "a"): 1e-3,
        ("/**", "c"): -math.inf,
        ("/**", "d"): True,
        ("/**", "e"): "12:30",
        ("/**", "f"): "2024-01-01",
        ("/**", "g"): 16,
        ("/**", "h.i"): [1.0, 2.0],
        ("/cell/mover", "j"): "5",
        ("left/query_node", "k"): 5.0,
    }


def test_the_command_line_counts_between_its_marks():
    given = [
        "x",
        "-p",
        "a:=1",
        "--ros-args",
        "-p",
        "b:=2.5",
        "-r",
        "__node:=left",
        "-p",
        "n:c:=[1, 2]",
        "--",
        "-p",
        "d:=3",
    ]
    assert [(o.section, o.name, o.value) for o in overrides_of(given)] == [("/**", "b", 2.5), ("n", "c", [1, 2])]
    assert node_name(given, "mover") == "left"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            everybody("velocity_scalling: 0.1"),
            "velocity_scalling is no parameter of any node, did you mean velocity_scaling?",
        ),
        (everybody("zebra: 1"), "zebra is no parameter of any node"),
        (
            everybody("xyz: [0.065, 0, 0.035]"),
            r"xyz is .*whole and other numbers in one list; write \[0.065, 0.0, 0.035\]",
        ),
        (everybody("xyz: []"), "xyz is an empty list"),
        (everybody("xyz:"), "xyz is empty, expected a value"),
        (everybody("xyz: [1.0, a, 2.0]"), "xyz is .*elements of one type"),
        (
            everybody("transform: {translation: {x: 0.1}}"),
            r"transform.translation.x is no .*xyz: \[x, y, z\].*quaternion",
        ),
        ("/query_nod:\n  ros__parameters: {store: a}\n", "there is no node /query_nod, did you mean query_node?"),
        ("/query_node:\n  ros__parameters: {xyz: [0.0, 0.0, 0.0]}\n", "xyz is no parameter of query_node"),
        ("/**:\n  velocity_scaling: 0.1\n", "ros__parameters"),
        ("velocity_scaling: 0.1\n", "ros__parameters"),
        ("/**:\n  ros__parameters: 5\n", "ros__parameters of /.* is 5"),
        ("a: [1,\n", "line 2 is no YAML"),
        ("", "is no ROS parameter file"),
    ],
)
def test_a_mistake_is_named_with_the_file(arguments, text, words):
    given = arguments(text)
    with pytest.raises(ParameterFileError, match=words) as caught:
        check_arguments("mover", given)
    assert given[3] in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        everybody("velocity_scaling: 0.1"),
        everybody("use_sim_time: true"),
        everybody("store: x"),
        "/mover:\n  ros__parameters: {xyz: [1, 0, 0]}\n",
        "/left/mover:\n  ros__parameters: {xyz: [1, 0, 0]}\n",
        "/camera/camera:\n  ros__parameters: {enable_sync: true}\n",
        "/**:\n  ros__parameters:\n",
    ],
)
def test_what_somebody_reads_is_left_alone(arguments, text):
    check_arguments("mover", arguments(text))


def test_a_file_that_is_not_there_is_named(arguments):
    with pytest.raises(ParameterFileError, match=r"parameter file /nowhere\.yaml cannot be read: No such file"):
        check_arguments("mover", ["--ros-args", "--params-file", "/nowhere.yaml"])


def test_a_key_of_the_command_line_is_checked_too(arguments):
    with pytest.raises(ParameterFileError, match="the command line: velocity_scalling is no parameter"):
        check_arguments("mover", ["--ros-args", "-p", "velocity_scalling:=0.1"])


def test_a_node_of_another_name_is_known_by_it(arguments):
    check_arguments(
        "mover", arguments("/query_mode:\n  ros__parameters: {xyz: [1, 0, 0]}\n", "-r", "__node:=query_mode")
    )


def test_a_refused_value_is_said_with_the_place_that_counts(arguments, tmp_path):
    later = tmp_path / "later.yaml"
    later.write_text(everybody("velocity_scaling: .nan"))
    error = ParameterError("velocity_scaling", math.nan, "a number")
    given = arguments(everybody("velocity_scaling: 0.1"), "--params-file", str(later))
    assert explained(error, "mover", given) == f"{later}: parameter velocity_scaling is nan, expected a number"
    assert explained(error, "mover", ["mover"]) == str(error)


def test_where_no_package_names_its_parameters_none_is_refused(monkeypatch):
    monkeypatch.setattr(known_parameters, "GROUP", "dense_grasp.no_such_group")
    monkeypatch.setattr(known_parameters, "known_nodes", known_parameters.known_nodes.__wrapped__)
    check_arguments("mover", ["--ros-args", "-p", "velocity_scalling:=0.1"])
