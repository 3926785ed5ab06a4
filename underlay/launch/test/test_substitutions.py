"""Substitutions and conditions against the documentation of launch."""

from __future__ import annotations

import os

import pytest
from launch import LaunchContext
from launch.conditions import IfCondition, LaunchConfigurationEquals, UnlessCondition
from launch.substitutions import (
    AndSubstitution,
    Command,
    EnvironmentVariable,
    EqualsSubstitution,
    FindExecutable,
    IfElseSubstitution,
    LaunchConfiguration,
    NotSubstitution,
    OrSubstitution,
    PathJoinSubstitution,
    PythonExpression,
    TextSubstitution,
)
from launch.substitutions.substitution_failure import SubstitutionFailure
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions


@pytest.fixture
def context():
    context = LaunchContext()
    context.launch_configurations.update(sim="true", robot="fr3", rate="5")
    return context


@pytest.mark.parametrize(
    ("substitution", "text"),
    [
        (TextSubstitution(text="a"), "a"),
        (LaunchConfiguration("robot"), "fr3"),
        (LaunchConfiguration("nothing", default="x"), "x"),
        (LaunchConfiguration(["ro", "bot"]), "fr3"),
        (PathJoinSubstitution(["a", LaunchConfiguration("robot"), "b.yaml"]), os.path.join("a", "fr3", "b.yaml")),
        (PythonExpression(["'", LaunchConfiguration("robot"), "' == 'fr3'"]), "True"),
        (PythonExpression([LaunchConfiguration("rate"), " * 2"]), "10"),
        (PythonExpression("sqrt(16.0)"), "4.0"),
        (EnvironmentVariable("NO_SUCH_VARIABLE", default_value="d"), "d"),
        (Command(["echo ", LaunchConfiguration("robot")]), "fr3\n"),
        (EqualsSubstitution(LaunchConfiguration("robot"), "fr3"), "true"),
        (EqualsSubstitution("1", "true"), "true"),
        (NotSubstitution(LaunchConfiguration("sim")), "false"),
        (AndSubstitution("true", "false"), "false"),
        (OrSubstitution("true", "false"), "true"),
        (IfElseSubstitution(LaunchConfiguration("sim"), "a", "b"), "a"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value.strip() or "-",
)
def test_text(context, substitution, text):
    assert context.perform_substitution(substitution) == text


@pytest.mark.parametrize(
    "substitution",
    [
        LaunchConfiguration("nothing"),
        EnvironmentVariable("NO_SUCH_VARIABLE"),
        FindExecutable(name="no-such-program"),
        Command("false"),
        Command("no-such-program"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_failure_is_told(context, substitution):
    with pytest.raises(SubstitutionFailure):
        context.perform_substitution(substitution)


def test_find_executable(context):
    assert os.path.basename(context.perform_substitution(FindExecutable(name="sh"))) == "sh"


def test_lists_are_joined(context):
    parts = ["a-", LaunchConfiguration("robot")]
    assert perform_substitutions(context, normalize_to_list_of_substitutions(parts)) == "a-fr3"
    for wrong in ([1], [["a"], "b"]):
        with pytest.raises(TypeError):
            normalize_to_list_of_substitutions(wrong)


@pytest.mark.parametrize(
    ("text", "holds"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_conditions(context, text, holds):
    assert IfCondition(text).evaluate(context) is holds
    assert UnlessCondition(text).evaluate(context) is not holds


def test_condition_must_be_a_truth_value(context):
    with pytest.raises(ValueError, match="maybe"):
        IfCondition("maybe").evaluate(context)


@pytest.mark.filterwarnings("ignore:The 'LaunchConfigurationEquals'")
def test_configuration_equals(context):
    assert LaunchConfigurationEquals("robot", "fr3").evaluate(context)
    assert not LaunchConfigurationEquals("robot", "panda").evaluate(context)
    assert LaunchConfigurationEquals("nothing", None).evaluate(context)
