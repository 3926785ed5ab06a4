"""A gripper with the kinematics of Robotiq's 2F-85, made of boxes: parallelograms keep the finger tips upright.

Lengths are those of robotiq_description (robotiq_2f_85_macro.urdf.xacro). The inner links of the parallelograms are
left out: the finger tips' joints mimic the knuckle, as they do there.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from math import atan2, cos, hypot, pi, sin
from pathlib import Path

import mujoco
import numpy as np
from dense_grasp_core.grippers.record import GripperRecord

from dense_grasp_sim.world.hands.description import Triple, add_box, add_inertial, add_joint, text

KNUCKLE = (0.03060114, 0.05490452)  # m, x and z of its joint in the base link
FINGER = (0.03152616, -0.00376347)  # m, of the finger in the knuckle
TIP = (0.00563134, 0.04718515)  # m, of the tip's joint in the finger
CLOSED = 0.8  # rad, where the pads meet
RADIUS = hypot(FINGER[0] + TIP[0], FINGER[1] + TIP[1])
PHASE = atan2(FINGER[1] + TIP[1], FINGER[0] + TIP[0])
PAD_FACE = KNUCKLE[0] + RADIUS * cos(PHASE + CLOSED)  # m, from the tip's joint to the pad's face
PAD_HALF_SIZE = (0.004, 0.011, 0.01875)
PAD_HEIGHT = 0.03225  # m, of its centre over the tip's joint; the tip ends 51 mm over it
GREY, BLACK = "0.35 0.36 0.38 1", "0.15 0.15 0.16 1"
SIDES = {"left": 1.0, "right": -1.0}


def half_width(angle: float) -> float:
    """m from the middle to a pad's face, with its knuckle turned inwards by the angle, rad."""
    return KNUCKLE[0] + RADIUS * cos(PHASE + angle) - PAD_FACE


def lever(angle: float) -> float:
    """m by which the pad moves outwards for each radian."""
    return -RADIUS * sin(PHASE + angle)


def angle_of(half: float) -> float:
    """The inverse of half_width, rad."""
    return float(np.arccos((half + PAD_FACE - KNUCKLE[0]) / RADIUS) - PHASE)


def named(gripper: GripperRecord, part: str) -> str:
    """Full name of a link or joint, such as left_knuckle_joint."""
    return gripper.hand.removesuffix("base_link") + part


class RobotiqFingers:
    """Drives both knuckles of one model by torques, as if a force acted on the pads."""

    def __init__(self, model: mujoco.MjModel, gripper: GripperRecord) -> None:
        names = [named(gripper, f"{side}_knuckle_joint") for side in SIDES]
        tips = [named(gripper, f"{side}_finger_tip_joint") for side in SIDES]
        self._signs = np.array(list(SIDES.values()))
        self._qpos, self._tips = (
            np.array([int(model.joint(name).qposadr[0]) for name in joints]) for joints in (names, tips)
        )
        self._dofs, self._tip_dofs = (
            np.array([int(model.joint(name).dofadr[0]) for name in joints]) for joints in (names, tips)
        )
        self._motors = np.array([model.actuator(name).id for name in names])

    def _angles(self, data: mujoco.MjData) -> np.ndarray:
        return self._signs * data.qpos[self._qpos]

    def width(self, data: mujoco.MjData) -> float:
        """Distance between the pads, m."""
        return sum(half_width(angle) for angle in self._angles(data))

    def opening_speed(self, data: mujoco.MjData) -> float:
        """m/s at which each pad leaves the middle."""
        speeds = self._signs * data.qvel[self._dofs]
        return float(np.mean([lever(angle) * speed for angle, speed in zip(self._angles(data), speeds, strict=True)]))

    def push(self, data: mujoco.MjData, force: float) -> None:
        """Force on each pad in N, positive opens."""
        data.ctrl[self._motors] = self._signs * [lever(angle) * force for angle in self._angles(data)]

    def place(self, data: mujoco.MjData, width: float) -> None:
        """Put them at a width in m, at rest."""
        angle = float(np.clip(angle_of(0.5 * width), 0.0, CLOSED))
        data.qpos[self._qpos], data.qpos[self._tips] = self._signs * angle, -self._signs * angle
        data.qvel[self._dofs] = data.qvel[self._tip_dofs] = 0.0

    def states(self, data: mujoco.MjData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Position (1,) rad, velocity (1,) rad/s and torque (1,) Nm of the record's joint, the left knuckle."""
        qpos, dof, motor = self._qpos[:1], self._dofs[:1], self._motors[:1]
        return np.array(data.qpos[qpos]), np.array(data.qvel[dof]), np.array(data.ctrl[motor])


class RobotiqHand:
    """Its part of the robot's description and of the physics."""

    fingers = RobotiqFingers
    armature = 0.002  # kg m2, drive inertia seen at a joint

    def add_links(self, robot: ET.Element, models: Path, gripper: GripperRecord, flange: str) -> None:
        """Append links and joints to a URDF; without a link for the tool centre point, as the original."""
        base = gripper.hand
        body = ET.SubElement(robot, "link", name=base)
        add_inertial(body, 0.66, "0 0 0.032", (5.2e-4, 5.9e-4, 4.0e-4))
        add_box(body, f"{base}_body", (0.0, 0.0, 0.031), (0.0375, 0.0375, 0.031), BLACK)
        # So that the closing axis is where that of Franka's hand is.
        add_joint(robot, named(gripper, "base_joint"), "fixed", flange, base, "0 0 0", text((0.0, 0.0, pi / 4)))
        for side, sign in SIDES.items():
            knuckle, finger, tip = (
                named(gripper, f"{side}_{part}_link") for part in ("knuckle", "finger", "finger_tip")
            )
            link = ET.SubElement(robot, "link", name=knuckle)
            add_inertial(link, 0.014, text((sign * 0.012, 0.0, 0.0)), (3.5e-7, 2.3e-6, 2.2e-6))
            add_box(link, f"{knuckle}_body", (sign * 0.0158, 0.0, -0.0019), (0.018, 0.008, 0.006), GREY)
            self._turn(robot, gripper, f"{side}_knuckle", base, knuckle, (sign * KNUCKLE[0], 0.0, KNUCKLE[1]), sign)
            link = ET.SubElement(robot, "link", name=finger)
            add_inertial(link, 0.043, text((sign * 0.0035, 0.0, 0.019)), (1.4e-5, 1.2e-5, 5.2e-6))
            add_box(link, f"{finger}_body", (sign * 0.0028, 0.0, 0.0236), (0.007, 0.010, 0.024), BLACK)
            at = text((sign * FINGER[0], 0.0, FINGER[1]))
            add_joint(robot, named(gripper, f"{side}_finger_joint"), "fixed", knuckle, finger, at, "0 0 0")
            link = ET.SubElement(robot, "link", name=tip)
            add_inertial(link, 0.043, text((-sign * 0.0146, 0.0, 0.0165)), (1.0e-5, 1.2e-5, 4.2e-6))
            pad_at = (-sign * (PAD_FACE - PAD_HALF_SIZE[0]), 0.0, PAD_HEIGHT)
            add_box(link, f"{tip}_pad", pad_at, PAD_HALF_SIZE, GREY)
            add_box(link, f"{tip}_body", (-sign * 0.0065, 0.0, 0.004), (0.0108, 0.010, 0.010), BLACK)
            self._turn(robot, gripper, f"{side}_finger_tip", finger, tip, (sign * TIP[0], 0.0, TIP[1]), -sign)

    @staticmethod
    def _turn(
        robot: ET.Element, gripper: GripperRecord, part: str, parent: str, child: str, xyz: Triple, sign: float
    ) -> None:
        joint = add_joint(robot, named(gripper, f"{part}_joint"), "revolute", parent, child, text(xyz), "0 0 0")
        ET.SubElement(joint, "axis", xyz="0 -1 0")
        lower, upper = sorted((0.0, sign * CLOSED))
        ET.SubElement(joint, "limit", lower=f"{lower}", upper=f"{upper}", effort="50", velocity="0.5")
        driven = gripper.joints[0]
        if joint.get("name") != driven:
            ET.SubElement(joint, "mimic", joint=driven, multiplier=f"{sign:g}")

    def contact_boxes(self, gripper: GripperRecord, link: str) -> dict[str, tuple[Triple, Triple]] | None:
        """Its boxes themselves touch things."""
        return None

    def pads(self, gripper: GripperRecord) -> frozenset[str]:
        """Names of the geoms of both pads."""
        return frozenset(named(gripper, f"{side}_finger_tip_link_pad") for side in SIDES)

    def motors(self, gripper: GripperRecord) -> tuple[str, ...]:
        """Joints with a motor."""
        return tuple(named(gripper, f"{side}_knuckle_joint") for side in SIDES)

    def couplings(self, gripper: GripperRecord) -> dict[str, tuple[str, float]]:
        """Joint -> (joint, factor): the first is held at the factor times the second."""
        driven = gripper.joints[0]
        return {
            named(gripper, "right_knuckle_joint"): (driven, -1.0),
            named(gripper, "left_finger_tip_joint"): (driven, -1.0),
            named(gripper, "right_finger_tip_joint"): (driven, 1.0),
        }
