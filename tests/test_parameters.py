"""Every parameter of every node, and every key of every shipped file, taken from what is declared and shipped."""

from __future__ import annotations

import math
import random
import re
from pathlib import Path

import pytest

rclpy = pytest.importorskip("rclpy", reason="the workspace is not sourced")
pytest.importorskip("dense_grasp", reason="the workspace is not sourced")

from dense_grasp.bringup.launch_support import LaunchArgumentError, check_configuration  # noqa: E402
from dense_grasp_core.parameters import ParameterError, ParameterSpec  # noqa: E402
from dense_grasp_ros.known_parameters import check_arguments, check_override, known_nodes  # noqa: E402
from dense_grasp_ros.parameter_files import (  # noqa: E402
    Override,
    ParameterFileError,
    is_rclpys,
    read_parameter_file,
)
from dense_grasp_ros.parameters import declare  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

CONFIG = Path(__file__).resolve().parents[1] / "config"
NODES = [
    "check_cell",
    "descriptor_node",
    "franka_bridge",
    "franka_cell",
    "grasp_executor",
    "hand_eye_publisher",
    "motion_watchdog",
    "moveit_py_planner",
    "operators_page",
    "query_node",
    "replay_camera",
    "sim_cell",
]
SPECS = [(node, spec) for node, specs in known_nodes().items() for spec in specs.values()]
SHIPPED = [(path.name, setting.name) for path in sorted(CONFIG.glob("*.yaml")) for setting in read_parameter_file(path)]
NAN, INFINITY = math.nan, math.inf


def label(value) -> str:
    return value.name if isinstance(value, ParameterSpec) else str(value)


def nonsense(spec: ParameterSpec) -> list[object]:
    """Values of the wrong type, and of the right one where they cannot be meant, as ROS may hand them over."""
    wrong = {
        bool: [1, "true", [True], 0.0],
        int: [1.5, "1", True, [1], NAN, spec.low - 1 if spec.low is not None else None, 2**62],
        float: ["fast", True, [1.0], INFINITY, -INFINITY, -1e9, 1e12],
        str: [1, 0.5, True, ["a"], "a\0b", "x\x07"],
        list: [1.0, "1.0", True, [], ["a"], [INFINITY], [-INFINITY] * (spec.count or spec.multiple_of), [True]],
    }[spec.kind]
    if spec.kind is float and not spec.nan:
        wrong.append(NAN)
    if spec.kind is list:
        count = spec.count or spec.multiple_of
        wrong += [[NAN] * count, [1e12] * count]
        wrong += [[0.0] * (count + 1)] if count > 1 else []
    if spec.kind is str and spec.text in ("name", "frame", "prefix"):
        wrong += ["two words", "a\nb", "/"]
    if spec.kind is str and spec.options:
        wrong.append("no such option")
    return wrong


def test_every_node_of_ours_says_what_its_parameters_are():
    assert sorted(known_nodes()) == NODES


def test_the_same_parameter_of_two_nodes_is_one_declaration():
    """Names that several nodes have may differ in default, text and whether they may change, not in what they take."""
    differing = {
        "model": "check_cell takes the shipped one",
        "store": "check_cell takes the shipped one",
        "gripper_namespace": "a device's own",
    }
    seen: dict[str, ParameterSpec] = {}
    for node, spec in SPECS:
        first = seen.setdefault(spec.name, spec)
        same = (spec.kind, spec.unit, spec.low, spec.high, spec.low_open, spec.options, spec.count, spec.text)
        assert same == (
            first.kind,
            first.unit,
            first.low,
            first.high,
            first.low_open,
            first.options,
            first.count,
            first.text,
        ), (node, spec.name)
        if spec.name not in differing:
            assert spec.default == first.default or spec.default != spec.default, (node, spec.name)


@pytest.mark.parametrize(("node", "spec"), SPECS, ids=label)
def test_nonsense_is_refused_by_name_and_the_default_is_taken(node, spec):
    for value in nonsense(spec):
        with pytest.raises(ParameterError) as caught:
            spec.check(value)
        sentence = str(caught.value)
        assert sentence.startswith(f"parameter {spec.name} is ") and ", expected " in sentence and "\n" not in sentence
    if not spec.required:
        assert spec.check(spec.value) == spec.value or (spec.nan and math.isnan(spec.value))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SPECS),
    st.one_of(
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.text(max_size=40),
        st.lists(st.floats(), max_size=15),
        st.lists(st.integers(-9, 9), max_size=15),
        st.none(),
    ),
)
def test_any_value_is_taken_as_finite_and_in_range_or_refused_by_name(pair, value):
    _, spec = pair
    try:
        taken = spec.check(value)
    except ParameterError as error:
        assert spec.name in str(error) and len(str(error)) < 1000
        return
    numbers = taken if isinstance(taken, list) else [taken] if isinstance(taken, float) else []
    for number in numbers:
        assert spec.low <= number <= spec.high or number == 0 or (spec.nan and math.isnan(number))


@pytest.fixture(scope="module")
def context():
    own = rclpy.Context()
    rclpy.init(context=own)
    yield own
    own.try_shutdown()


def sent(value: object) -> bool:
    """Whether ROS can carry the value at all."""
    if isinstance(value, str):
        return "\0" not in value
    return value != [] and value is not None


@pytest.mark.parametrize("node_name", NODES)
def test_a_node_that_is_given_nonsense_says_so_at_its_start(context, node_name):
    draw = random.Random(node_name)
    specs = known_nodes()[node_name]
    for name in draw.sample(sorted(specs), min(12, len(specs))):
        value = draw.choice([value for value in nonsense(specs[name]) if sent(value)])
        given = [Parameter(name, value=value)]
        node = rclpy.create_node(node_name, context=context, parameter_overrides=given, start_parameter_services=False)
        # What is required has no default to start with.
        ordered = [specs[name], *(spec for spec in specs.values() if spec.name != name)]
        with pytest.raises(ParameterError, match=f"parameter {name} is "):
            declare(node, ordered)
        node.destroy_node()


@pytest.mark.parametrize("node_name", NODES)
def test_a_description_says_unit_range_and_whether_it_may_change(context, node_name):
    specs = known_nodes()[node_name]
    given = [Parameter(spec.name, value="x") for spec in specs.values() if spec.required]
    node = rclpy.create_node(node_name, context=context, parameter_overrides=given, start_parameter_services=False)
    declare(node, tuple(specs.values()))
    for spec in specs.values():
        told = node.describe_parameter(spec.name)
        assert len(told.description) > 5 and told.description.endswith(spec.unit), spec.name
        assert re.search("read at the start only$|may change while the node runs$", told.additional_constraints)
        assert not spec.unit or spec.unit in told.additional_constraints
        if spec.kind in (int, float) and not spec.nan:
            (limits,) = told.integer_range or told.floating_point_range
            assert limits.from_value <= spec.default <= limits.to_value
        if spec.low is not None:
            assert f"{spec.low:g}" in told.additional_constraints and f"{spec.high:g}" in told.additional_constraints
    node.destroy_node()


@pytest.mark.parametrize(("file", "key"), SHIPPED)
def test_a_shipped_key_with_a_letter_missing_is_refused_and_the_right_one_suggested(file, key):
    names = {spec.name for _, spec in SPECS}
    for i in range(len(key)):
        mistyped = key[:i] + key[i + 1 :]
        if mistyped in names or not mistyped:
            continue
        with pytest.raises(ParameterFileError) as caught:
            check_override(Override(file, "/**", mistyped, 1), known_nodes())
        suggested = re.fullmatch(
            rf"{file}: {mistyped} is no parameter of any node, did you mean (\w+)\?", str(caught.value)
        )
        assert suggested and (suggested[1] == key or is_as_near(suggested[1], mistyped)), caught.value


def is_as_near(name: str, mistyped: str) -> bool:
    """Whether the mistyped key may as well have been meant for another one: that with a letter missing, too."""
    return any(name[:i] + name[i + 1 :] == mistyped for i in range(len(name)))


@pytest.mark.parametrize("path", sorted(CONFIG.glob("*.yaml")), ids=lambda path: path.name)
def test_launch_and_nodes_refuse_a_file_with_a_mistyped_key(tmp_path, path):
    (tmp_path / "config").mkdir()
    copy = tmp_path / "config" / path.name
    draw = random.Random(path.name)
    for setting in read_parameter_file(str(path)):
        i = draw.randrange(1, len(setting.name))
        mistyped = setting.name[:i] + setting.name[i + 1 :]
        copy.write_text(re.sub(rf"(?m)^(\s+){setting.name}:", rf"\1{mistyped}:", path.read_text()))
        with pytest.raises(LaunchArgumentError, match=f"{copy}: {mistyped} is no parameter of any node"):
            check_configuration(tmp_path)
        with pytest.raises(ParameterFileError, match=f"{mistyped} is no parameter of any node"):
            check_arguments(draw.choice(NODES), ["--ros-args", "--params-file", str(copy)])


def own_parameters(node) -> set[str]:
    return {name for name in node._parameters if not is_rclpys(name)}


@pytest.mark.parametrize(
    ("node_name", "module", "kind", "overrides"),
    [
        ("hand_eye_publisher", "dense_grasp.nodes.hand_eye_publisher", "HandEyePublisher", {}),
        ("motion_watchdog", "dense_grasp.nodes.motion_watchdog", "MotionWatchdog", {}),
        (
            "query_node",
            "dense_grasp.nodes.query_node",
            "QueryNode",
            {"store": "sqlite:///{folder}/store.db", "model": "{model}"},
        ),
        ("descriptor_node", "dense_grasp.nodes.descriptor_node", "DescriptorNode", {"model": "{model}"}),
        ("grasp_executor", "dense_grasp.nodes.grasp_executor", "GraspExecutor", {}),
        ("replay_camera", "dense_grasp_sim.ros.replay_camera", "ReplayCamera", {}),
        ("check_cell", "dense_grasp.cell.observer", "CellObserver", {}),
    ],
)
def test_a_real_node_has_the_parameters_that_its_package_says(
    context, test_model, tmp_path, node_name, module, kind, overrides
):
    import importlib

    given = [
        Parameter(name, value=value.format(folder=tmp_path, model=test_model)) for name, value in overrides.items()
    ]
    node = getattr(importlib.import_module(module), kind)(context=context, parameter_overrides=given)
    try:
        assert own_parameters(node) == set(known_nodes()[node_name])
        for name, spec in known_nodes()[node_name].items():
            if not spec.changeable:
                (result,) = node.set_parameters([Parameter(name, value=node.get_parameter(name).value)])
                assert not result.successful and f"{name} is read at the start only" in result.reason
    finally:
        node.destroy_node()
