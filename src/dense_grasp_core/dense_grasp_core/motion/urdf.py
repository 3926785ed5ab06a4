"""Reads collision geometry out of a URDF string into coal shapes."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

import coal
import numpy as np
import pinocchio as pin

from dense_grasp_core.errors import DenseGraspError

PackageResolver = Callable[[str], str]
_LIMIT_KEYS = ("lower", "upper", "velocity")


class RobotModelError(DenseGraspError):
    """A robot description that cannot be planned with; the message names the link, joint or file."""


@dataclass(frozen=True)
class CollisionShape:
    """One collision element: `link_from_shape` places the coal geometry in the link's frame."""

    link: str
    link_from_shape: pin.SE3
    geometry: coal.CollisionGeometry


def parse_urdf(urdf: str) -> ElementTree.Element:
    """The root element. Raises RobotModelError when the text is no URDF."""
    try:
        root = ElementTree.fromstring(urdf)
    except ElementTree.ParseError as error:
        raise RobotModelError(f"robot description is no XML ({error}), expected a URDF") from error
    if root.tag != "robot":
        raise RobotModelError(f"robot description has the root element <{root.tag}>, expected <robot>")
    return root


def collision_shapes(urdf: str, resolve_package: PackageResolver | None = None) -> Iterator[CollisionShape]:
    """Every collision element of every link; meshes become their convex hulls.

    resolve_package: package name to its share directory, for `package://` paths.
    Raises RobotModelError for a mesh that is not there and for an unknown shape.
    """
    for link in parse_urdf(urdf).iter("link"):
        name = link.get("name", "")
        for collision in link.findall("collision"):
            shape = next(iter(collision.findall("geometry/*")), None)
            if shape is None:
                raise RobotModelError(f"link {name} has a <collision> without geometry")
            yield CollisionShape(name, _origin(collision), _geometry(name, shape, resolve_package))


def mimic_joints(urdf: str) -> dict[str, tuple[str, float, float]]:
    """Joint -> (joint that it follows, multiplier, offset), of a URDF's <mimic> elements. Raises RobotModelError."""
    found = {}
    for joint in parse_urdf(urdf).iter("joint"):
        mimic = joint.find("mimic")
        if mimic is not None:
            name, source = joint.get("name", ""), mimic.get("joint", "")
            try:
                numbers = float(mimic.get("multiplier", "1")), float(mimic.get("offset", "0"))
            except ValueError as error:
                raise RobotModelError(f"joint {name} mimics {source} by what is no number ({error})") from error
            found[name] = (source, *numbers)
    return found


def disabled_pairs(srdf: str) -> set[frozenset[str]]:
    """Link pairs that an SRDF excludes from collision checking."""
    try:
        root = ElementTree.fromstring(srdf)
    except ElementTree.ParseError as error:
        raise RobotModelError(f"semantic description is no XML ({error}), expected an SRDF") from error
    return {frozenset((e.get("link1", ""), e.get("link2", ""))) for e in root.iter("disable_collisions")}


def mesh_path(uri: str, resolve_package: PackageResolver | None = None) -> Path:
    """File of a mesh URI: file://, package:// or a plain path. Raises RobotModelError when it is not there."""
    parsed = urlparse(uri)
    if parsed.scheme == "package":
        if resolve_package is None:
            raise RobotModelError(f"mesh {uri} needs a package resolver, none was given")
        try:
            share = resolve_package(parsed.netloc)
        except Exception as error:
            raise RobotModelError(f"mesh {uri}: package {parsed.netloc} was not found ({error})") from error
        path = Path(share) / unquote(parsed.path).lstrip("/")
    elif parsed.scheme in ("file", ""):
        path = Path(unquote(parsed.path))
    else:
        raise RobotModelError(f"mesh {uri} has the scheme {parsed.scheme}, expected file or package")
    if not path.is_file():
        raise RobotModelError(f"mesh {uri} resolves to {path}, which is no file")
    return path


def _geometry(link: str, shape: ElementTree.Element, resolve: PackageResolver | None) -> coal.CollisionGeometry:
    if shape.tag == "mesh":
        scale = _numbers(shape.get("scale", "1 1 1"), 3, f"scale of the mesh of {link}")
        return convex_hull(mesh_path(shape.get("filename", ""), resolve), scale)
    if shape.tag == "box":
        return coal.Box(*_numbers(shape.get("size", ""), 3, f"box size of {link}"))
    if shape.tag == "sphere":
        return coal.Sphere(*_numbers(shape.get("radius", ""), 1, f"sphere radius of {link}"))
    if shape.tag == "cylinder":
        radius = _numbers(shape.get("radius", ""), 1, f"cylinder radius of {link}")[0]
        return coal.Cylinder(radius, _numbers(shape.get("length", ""), 1, f"cylinder length of {link}")[0])
    raise RobotModelError(f"link {link} has the shape <{shape.tag}>, expected mesh, box, sphere or cylinder")


def convex_hull(path: Path, scale: Sequence[float] = (1.0, 1.0, 1.0)) -> coal.ConvexBase:
    """Convex hull of a mesh file that assimp reads (STL, DAE, OBJ)."""
    try:
        mesh = coal.MeshLoader().load(str(path), np.asarray(scale, dtype=float))
        mesh.buildConvexHull(True, "Qt")
    except Exception as error:
        raise RobotModelError(f"mesh {path} could not be read ({error})") from error
    return mesh.convex


def _origin(element: ElementTree.Element) -> pin.SE3:
    origin = element.find("origin")
    if origin is None:
        return pin.SE3.Identity()
    xyz = _numbers(origin.get("xyz", "0 0 0"), 3, "collision origin xyz")
    rpy = _numbers(origin.get("rpy", "0 0 0"), 3, "collision origin rpy")
    return pin.SE3(pin.rpy.rpyToMatrix(*rpy), np.array(xyz))


def _numbers(text: str, count: int, what: str) -> list[float]:
    try:
        values = [float(part) for part in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise RobotModelError(f"{what} is {text!r}, expected {count} numbers")
    return values


def joint_limits(urdf: str, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lower and upper position (J,) rad and velocity (J,) rad/s limits of the joints.

    Raises RobotModelError for a joint that is not there or has no limits.
    """
    joints = {joint.get("name"): joint for joint in parse_urdf(urdf).findall("joint")}
    rows = []
    for name in names:
        limit = None if name not in joints else joints[name].find("limit")
        if limit is None:
            raise RobotModelError(f"robot description has no joint {name} with a <limit>")
        rows.append([_numbers(limit.get(key, ""), 1, f"{key} limit of {name}")[0] for key in _LIMIT_KEYS])
    lower, upper, velocity = np.array(rows).T
    return lower, upper, velocity
