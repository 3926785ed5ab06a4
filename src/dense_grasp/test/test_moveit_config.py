"""MoveIt's parameters for each robot, from packages as they are laid out upstream."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from dense_grasp.planning.moveit.config import (
    PANDA,
    MoveItConfigError,
    move_group_parameters,
    moveit_parameters,
    moveit_py_parameters,
    semantic_description,
)
from dense_grasp_core.grippers.record import gripper_record

SRDF = """<robot name="panda">
  <group name="panda_arm"><chain base_link="panda_link0" tip_link="panda_link8"/></group>
  <virtual_joint child_link="panda_link0" name="virtual_joint" parent_frame="world" type="floating"/>
  <disable_collisions link1="panda_link0" link2="panda_link1" reason="Adjacent"/>
</robot>"""
PIPELINE = "planning_plugins: [ompl_interface/OMPLPlanner]\nrequest_adapters: [a/A]\nresponse_adapters: [b/B]\n"
LIMITS = [3.75, 1.875, 2.5, 3.125, 3.75, 5.0, 5.0]


@pytest.fixture
def share(tmp_path):
    """`share(name)` of a machine with MoveIt and the Panda's configuration; `share.add(name, path, text)`."""

    def find(name: str) -> str:
        if not (tmp_path / name).is_dir():
            raise LookupError(f"package {name!r} not found")
        return str(tmp_path / name)

    def add(name: str, path: str, text: str) -> None:
        file = tmp_path / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    find.add = add
    add(PANDA, "config/panda.srdf", SRDF)
    add("moveit_configs_utils", "default_configs/ompl_planning.yaml", PIPELINE)
    add("moveit_kinematics", "package.xml", "")
    return find


@pytest.mark.parametrize(("robot_type", "prefix"), [("panda", ""), ("fr3", ""), ("panda", "left_"), ("fr3", "left_")])
def test_names_follow_robot_type_and_prefix(share, robot_type, prefix):
    name = prefix + robot_type
    parameters = moveit_parameters(robot_type, prefix, LIMITS, share)
    root = ElementTree.fromstring(parameters["robot_description_semantic"])
    assert root.get("name") == name
    assert root.find("group").get("name") == f"{name}_arm"
    assert root.find("group/chain").get("tip_link") == f"{name}_link8"
    assert root.find("disable_collisions").get("link2") == f"{name}_link1"
    assert list(parameters["robot_description_kinematics"]) == [f"{name}_arm"]
    limits = parameters["robot_description_planning"]["joint_limits"]
    assert limits[f"{name}_joint2"] == {"has_acceleration_limits": True, "max_acceleration": 1.875}
    assert f"{name}_arm" in parameters["ompl"]


def test_a_gripper_that_the_description_does_not_know_may_touch_its_flange_and_itself(share):
    gripper = gripper_record("robotiq", "fr3", "left_")
    root = ElementTree.fromstring(
        moveit_parameters("fr3", "left_", LIMITS, share, gripper="robotiq")["robot_description_semantic"]
    )
    pairs = {frozenset((pair.get("link1"), pair.get("link2"))) for pair in root.findall("disable_collisions")}
    for link in (*gripper.links[1:], *gripper.finger_links):
        assert frozenset((gripper.hand, link)) in pairs and frozenset(("left_fr3_link8", link)) in pairs
    assert not any("left_fr3_link6" in pair for pair in pairs)


def test_the_base_is_the_planning_frame(share):
    assert "virtual_joint" not in semantic_description("panda", "", share)


def test_frankas_own_description_goes_before_the_pandas(share):
    pytest.importorskip("xacro", reason="needs xacro")
    share.add("franka_description", "robots/fr3/fr3.srdf.xacro", SRDF.replace("panda", "fr3").replace("arm", "own"))
    assert "fr3_own" in semantic_description("fr3", "", share)


def test_what_move_group_reads(share):
    parameters = moveit_parameters("panda", "", LIMITS, share)
    group = move_group_parameters(parameters)
    assert group["planning_pipelines"] == ["ompl"] and group["ompl"]["request_adapters"] == ["a/A"]
    assert group["allow_trajectory_execution"] is False and "robot_description" not in group


def test_what_moveit_py_reads(share):
    parameters = moveit_parameters("panda", "", LIMITS, share)
    python = moveit_py_parameters(parameters)
    assert python["planning_pipelines"] == {"pipeline_names": ["ompl"]} and python["ompl"] == parameters["ompl"]
    assert python["plan_request_params"]["planning_pipeline"] in python["planning_pipelines"]["pipeline_names"]
    assert python["planning_scene_monitor_options"]["wait_for_initial_state_timeout"] == 0.0
    assert python["allow_trajectory_execution"] is False and "robot_description" not in python


@pytest.mark.parametrize(
    ("package", "robot_type", "word"),
    [
        (PANDA, "panda", PANDA),
        (PANDA, "fr3", "franka_description or moveit_resources"),
        ("moveit_configs_utils", "fr3", "moveit_configs_utils"),
        ("moveit_kinematics", "fr3", "moveit_kinematics"),
    ],
)
def test_a_package_that_is_missing_is_named(share, package, robot_type, word):
    def without(name: str) -> str:
        if name == package:
            raise LookupError(name)
        return share(name)

    with pytest.raises(MoveItConfigError, match=word):
        moveit_parameters(robot_type, "", LIMITS, without)


def test_files_that_are_not_what_they_must_be_are_named(share):
    share.add(PANDA, "config/panda.srdf", "<robot")
    with pytest.raises(MoveItConfigError, match="SRDF"):
        moveit_parameters("panda", "", LIMITS, share)
    share.add(PANDA, "config/panda.srdf", SRDF)
    share.add("moveit_configs_utils", "default_configs/ompl_planning.yaml", "nothing: here")
    with pytest.raises(MoveItConfigError, match="no planning plugin"):
        moveit_parameters("panda", "", LIMITS, share)
