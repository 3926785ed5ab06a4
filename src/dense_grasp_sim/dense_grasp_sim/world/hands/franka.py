"""Franka's hand: two fingers on slides, each half as far from the middle as the width."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
from dense_grasp_core.grippers.record import GripperRecord

from dense_grasp_sim.world.hands.description import COLOURS, Triple, add_inertial, add_joint, add_mesh, text

HAND_MATERIALS = {
    "hand_0": "off_white",
    "hand_1": "black",
    "hand_2": "black",
    "hand_3": "white",
    "hand_4": "off_white",
}
FINGER_MATERIALS = {"finger_0": "off_white", "finger_1": "black"}
PAD_HALF_SIZE = (0.010, 0.004, 0.0095)  # m; inner faces meet at finger position 0
PAD_CENTRE = (0.0, 0.004, 0.0445)  # m in the finger frame, the tcp lies 45 mm along its z
STEM_HALF_SIZE, STEM_CENTRE = (0.0105, 0.0065, 0.0175), (0.0, 0.0095, 0.0175)


class FrankaFingers:
    """Drives both fingers of one model by a force; the width is the sum of their positions."""

    def __init__(self, model: mujoco.MjModel, gripper: GripperRecord) -> None:
        joints = [model.joint(name) for name in gripper.joints]
        self._qpos = np.array([int(joint.qposadr[0]) for joint in joints])
        self._dofs = np.array([int(joint.dofadr[0]) for joint in joints])
        self._motors = np.array([model.actuator(name).id for name in gripper.joints])

    def width(self, data: mujoco.MjData) -> float:
        """Distance between the pads, m."""
        return float(data.qpos[self._qpos].sum())

    def opening_speed(self, data: mujoco.MjData) -> float:
        """m/s at which each pad leaves the middle."""
        return float(data.qvel[self._dofs].mean())

    def push(self, data: mujoco.MjData, force: float) -> None:
        """Force on each pad in N, positive opens."""
        data.ctrl[self._motors] = force

    def place(self, data: mujoco.MjData, width: float) -> None:
        """Put them at a width in m, at rest."""
        data.qpos[self._qpos] = 0.5 * width
        data.qvel[self._dofs] = 0.0

    def states(self, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions (2,) m, velocities (2,) m/s and forces (2,) N of the record's joints."""
        return np.array(data.qpos[self._qpos]), np.array(data.qvel[self._dofs]), np.array(data.ctrl[self._motors])


class FrankaHand:
    """Its part of the robot's description and of the physics."""

    fingers = FrankaFingers
    armature = 0.5  # kg, drive inertia seen at a finger

    def add_links(self, robot: ET.Element, models: Path, gripper: GripperRecord, flange: str) -> None:
        """Append links and joints to a URDF. Raises RobotFilesError for missing meshes."""
        visuals = models / "franka_sim" / "assets" / "franka_hand"
        collisions = models / "pyroboplan" / "models" / "panda_description" / "meshes" / "collision"
        hand = ET.SubElement(robot, "link", name=gripper.hand)
        add_inertial(hand, 0.73, "-0.01 0 0.03", (0.001, 0.0025, 0.0017))
        for mesh, material in HAND_MATERIALS.items():
            add_mesh(hand, "visual", visuals / f"{mesh}.obj", rgba=COLOURS[material])
        add_mesh(hand, "collision", collisions / "hand.stl")
        add_joint(robot, f"{gripper.hand}_joint", "fixed", flange, gripper.hand, "0 0 0", "0 0 -0.785398163397448")
        ET.SubElement(robot, "link", name=gripper.tcp)
        add_joint(robot, f"{gripper.tcp}_joint", "fixed", gripper.hand, gripper.tcp, text(gripper.tcp_xyz), "0 0 0")
        for side, (name, joint_name) in enumerate(zip(gripper.finger_links, gripper.joints, strict=True)):
            axis, rpy = ("0 -1 0", "0 0 3.141592653589793") if side else ("0 1 0", "0 0 0")
            finger = ET.SubElement(robot, "link", name=name)
            add_inertial(finger, 0.015, "0 0 0.02", (2.375e-6, 2.375e-6, 7.5e-7))
            for mesh, material in FINGER_MATERIALS.items():
                add_mesh(finger, "visual", visuals / f"{mesh}.obj", rpy=rpy, rgba=COLOURS[material])
            add_mesh(finger, "collision", collisions / "finger.stl", rpy=rpy)
            joint = add_joint(robot, joint_name, "prismatic", gripper.hand, name, "0 0 0.0584", "0 0 0")
            ET.SubElement(joint, "axis", xyz=axis)
            widest = gripper.position(gripper.greatest_width)
            ET.SubElement(joint, "limit", lower="0.0", upper=f"{widest:g}", effort="100", velocity="0.2")
            if side:
                ET.SubElement(joint, "mimic", joint=gripper.joints[0])

    def contact_boxes(self, gripper: GripperRecord, link: str) -> dict[str, tuple[Triple, Triple]] | None:
        """What of a link touches things instead of its collision geometry, name -> (half size, centre), m; None: that.

        A finger is a pad of 20 x 19 mm that does the holding, and the stem above it, 3 mm behind the pad's face.
        """
        if link not in gripper.finger_links:
            return None
        side = -1.0 if gripper.finger_links.index(link) else 1.0
        return {
            f"{link}_{part}": (size, (x, side * y, z))
            for part, size, (x, y, z) in (
                ("pad", PAD_HALF_SIZE, PAD_CENTRE),
                ("stem", STEM_HALF_SIZE, STEM_CENTRE),
            )
        }

    def pads(self, gripper: GripperRecord) -> frozenset[str]:
        """Names of the geoms of both pads."""
        return frozenset(f"{link}_pad" for link in gripper.finger_links)

    def motors(self, gripper: GripperRecord) -> tuple[str, ...]:
        """Joints with a motor."""
        return gripper.joints

    def couplings(self, gripper: GripperRecord) -> dict[str, tuple[str, float]]:
        """Joint -> (joint, factor): the first is held at the factor times the second."""
        return {gripper.joints[0]: (gripper.joints[1], 1.0)}
