"""The parameters of a MoveIt that only plans, built by hand for each robot_type.

MoveItConfigsBuilder fits Franka's packages in no part: no .setup_assistant, the SRDF in another package, controllers
under another key. The URDF is no parameter: MoveIt takes it from /robot_description, as everybody else does.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grippers.record import GripperRecord, gripper_record

from dense_grasp.planning.moveit.installed import FRANKA, PANDA

#: Package name to its share folder; raises LookupError (ament's PackageNotFoundError is one) when it is not installed.
Share = Callable[[str], str]
#: Joint space between two checks of a path, as a share of its extent: about 0.05 rad.
SEGMENT = 0.0015


class MoveItConfigError(DenseGraspError):
    """A part of MoveIt, or of a robot's configuration for it, is not installed or not what it must be."""


def moveit_parameters(
    robot_type: str,
    prefix: str,
    acceleration_limits: Sequence[float],
    share: Share,
    group: str = "",
    gripper: str = "franka",
) -> dict[str, Any]:
    """Parameters for a planning scene, kinematics and OMPL's RRTConnect, without execution. Raises MoveItConfigError.

    acceleration_limits: (7,) rad/s^2; velocity limits are the robot description's. gripper: name or path of its record.
    """
    name = f"{prefix}{robot_type}"
    arm = group or f"{name}_arm"
    limits = {
        f"{name}_joint{i + 1}": {"has_acceleration_limits": True, "max_acceleration": float(value)}
        for i, value in enumerate(acceleration_limits)
    }
    return {
        "robot_description_semantic": with_gripper(
            semantic_description(robot_type, prefix, share), gripper_record(gripper, robot_type, prefix), name
        ),
        "robot_description_kinematics": {arm: dict(_kinematics(share))},
        "robot_description_planning": {"joint_limits": limits},
        "ompl": {
            **_pipeline(share),
            "planner_configs": {"RRTConnect": {"type": "geometric::RRTConnect", "range": 0.0}},
            arm: {
                "default_planner_config": "RRTConnect",
                "planner_configs": ["RRTConnect"],
                "longest_valid_segment_fraction": SEGMENT,
            },
        },
        "publish_robot_description_semantic": True,
        # Motions go through our own guarded client of the controller; nobody else is to move the arm.
        "moveit_manage_controllers": False,
        "allow_trajectory_execution": False,
    }


def move_group_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As move_group reads them."""
    return {
        **parameters,
        "planning_pipelines": ["ompl"],
        "default_planning_pipeline": "ompl",
        "publish_planning_scene": True,
        "publish_geometry_updates": True,
        "publish_state_updates": True,
        "publish_transforms_updates": True,
    }


def moveit_py_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """As MoveItPy reads them. Each request brings its own time, factors and pipeline."""
    return {
        **parameters,
        "planning_pipelines": {"pipeline_names": ["ompl"]},
        "planning_scene_monitor_options": {
            "name": "planning_scene_monitor",
            "robot_description": "robot_description",
            # Every question says its own start; the first must not wait for the arm.
            "wait_for_initial_state_timeout": 0.0,
        },
        # Each request sets these itself; MoveItPy warns at every one when they are not there.
        "plan_request_params": {
            "planning_pipeline": "ompl",
            "planner_id": "",
            "planning_attempts": 1,
            "planning_time": 2.0,
            "max_velocity_scaling_factor": 1.0,
            "max_acceleration_scaling_factor": 1.0,
        },
    }


def semantic_description(robot_type: str, prefix: str, share: Share) -> str:
    """The SRDF: Franka's own where franka_description is installed, else the Panda's with our names.

    The Panda's serves the whole family: what may touch what is the same. Raises MoveItConfigError.
    """
    if robot_type != "panda":
        try:
            path = Path(share(FRANKA)) / "robots" / robot_type / f"{robot_type}.srdf.xacro"
        except LookupError:
            path = Path()
        if path.is_file():
            return renamed(rooted(_expanded(path)), robot_type, f"{prefix}{robot_type}")
    try:
        path = Path(share(PANDA)) / "config" / "panda.srdf"
    except LookupError as error:
        needs = PANDA if robot_type == "panda" else f"{FRANKA} or {PANDA}"
        raise MoveItConfigError(f"MoveIt for robot_type {robot_type!r} needs the package {needs}") from error
    return renamed(rooted(_read(path)), "panda", f"{prefix}{robot_type}")


def with_gripper(srdf: str, gripper: GripperRecord, arm: str) -> str:
    """The SRDF with a gripper that it does not know: its links touch each other, and the flange that they are fixed to.

    arm: prefix and type, the first part of the names of the arm's links.
    """
    if f'"{gripper.hand}"' in srdf:
        return srdf
    root = ElementTree.fromstring(srdf)
    links = [f"{arm}_link7", f"{arm}_link8", *gripper.links, *gripper.finger_links]
    for index, first in enumerate(links):
        for second in links[index + 1 :]:
            ElementTree.SubElement(root, "disable_collisions", link1=first, link2=second, reason="Adjacent")
    return ElementTree.tostring(root, encoding="unicode")


def rooted(srdf: str) -> str:
    """The SRDF without virtual joints, so that the robot's base frame is MoveIt's planning frame.

    With one, MoveIt plans in its parent frame, and nothing works until somebody publishes a transform from there.
    """
    try:
        root = ElementTree.fromstring(srdf)
    except ElementTree.ParseError as error:
        raise MoveItConfigError(f"semantic description is no XML ({error}), expected an SRDF") from error
    for joint in root.findall("virtual_joint"):
        root.remove(joint)
    return ElementTree.tostring(root, encoding="unicode")


def renamed(srdf: str, old: str, new: str) -> str:
    """The SRDF of the robot `old` with `new` in its place, alone and before an underscore."""
    return re.sub(rf'="{re.escape(old)}(["_])', rf'="{new}\1', srdf)


def _kinematics(share: Share) -> Mapping[str, Any]:
    try:
        share("moveit_kinematics")
    except LookupError as error:
        raise MoveItConfigError("MoveIt is not installed completely: there is no package moveit_kinematics") from error
    return {
        "kinematics_solver": "kdl_kinematics_plugin/KDLKinematicsPlugin",
        "kinematics_solver_search_resolution": 0.005,
        "kinematics_solver_timeout": 0.05,
    }


def _pipeline(share: Share) -> Mapping[str, Any]:
    """Plugin and adapters of OMPL, as the installed MoveIt names them: they changed from Humble to Jazzy."""
    try:
        path = Path(share("moveit_configs_utils")) / "default_configs" / "ompl_planning.yaml"
    except LookupError as error:
        raise MoveItConfigError("MoveIt's configuration needs the package moveit_configs_utils") from error
    content = yaml.safe_load(_read(path))
    if not isinstance(content, dict) or not {"planning_plugins", "planning_plugin"} & set(content):
        raise MoveItConfigError(f"{path} names no planning plugin, expected MoveIt's default pipeline of OMPL")
    return content


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise MoveItConfigError(f"MoveIt's configuration {path} cannot be read: {error}") from error


def _expanded(path: Path) -> str:
    try:
        import xacro
    except ImportError as error:
        raise MoveItConfigError(f"{path} needs xacro, which is not installed") from error
    return str(xacro.process_file(str(path), mappings={"hand": "true"}).toxml())
