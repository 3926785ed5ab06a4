"""Elements of a URDF that every hand is put together from."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from dense_grasp_core.errors import DenseGraspError

Triple = tuple[float, float, float]
#: Franka's materials, on arm and hand.
COLOURS = {"off_white": "0.90 0.92 0.93 1", "white": "0.94 0.94 0.94 1", "black": "0.2 0.2 0.2 1"}


class RobotFilesError(DenseGraspError):
    """The robot's description cannot be built: unknown type, or files of the set-up are missing."""


def text(values: Triple | tuple[float, ...]) -> str:
    """Numbers as an attribute."""
    return " ".join(f"{value:.12g}" for value in values)


def add_mesh(link: ET.Element, tag: str, path: Path, rpy: str = "0 0 0", rgba: str | None = None) -> None:
    """A <visual> or <collision> of a mesh file. Raises RobotFilesError when there is none."""
    if not path.is_file():
        raise RobotFilesError(f"robot mesh {path} is missing: run the set-up again")
    element = ET.SubElement(link, tag)
    ET.SubElement(element, "origin", xyz="0 0 0", rpy=rpy)
    ET.SubElement(ET.SubElement(element, "geometry"), "mesh", filename=path.resolve().as_uri())
    if rgba is not None:
        _add_colour(element, rgba)


def add_box(link: ET.Element, name: str, centre: Triple, half_size: Triple, rgba: str) -> None:
    """A box, m, as <visual> and as <collision> of that name."""
    for tag in ("visual", "collision"):
        element = ET.SubElement(link, tag, name=name)
        ET.SubElement(element, "origin", xyz=text(centre), rpy="0 0 0")
        size = text(tuple(2.0 * half for half in half_size))
        ET.SubElement(ET.SubElement(element, "geometry"), "box", size=size)
        if tag == "visual":
            _add_colour(element, rgba)


def add_inertial(link: ET.Element, mass: float, xyz: str, diagonal: Triple) -> None:
    """Mass in kg, its centre in m, and the inertia's diagonal in kg m2."""
    inertial = ET.SubElement(link, "inertial")
    ET.SubElement(inertial, "origin", xyz=xyz, rpy="0 0 0")
    ET.SubElement(inertial, "mass", value=str(mass))
    ixx, iyy, izz = (str(value) for value in diagonal)
    ET.SubElement(inertial, "inertia", ixx=ixx, iyy=iyy, izz=izz, ixy="0", ixz="0", iyz="0")


def add_joint(robot: ET.Element, name: str, kind: str, parent: str, child: str, xyz: str, rpy: str) -> ET.Element:
    """A joint, to which axis and limits are added where it moves."""
    joint = ET.SubElement(robot, "joint", name=name, type=kind)
    ET.SubElement(joint, "parent", link=parent)
    ET.SubElement(joint, "child", link=child)
    ET.SubElement(joint, "origin", xyz=xyz, rpy=rpy)
    return joint


def _add_colour(element: ET.Element, rgba: str) -> None:
    material = ET.SubElement(element, "material", name="rgba_" + rgba.replace(" ", "_"))
    ET.SubElement(material, "color", rgba=rgba)
