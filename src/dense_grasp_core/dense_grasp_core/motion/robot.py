"""Kinematics and collision geometry of one seven-joint arm with a two-finger gripper, from a URDF string."""

from __future__ import annotations

from dataclasses import dataclass

import coal
import numpy as np
import pinocchio as pin

from dense_grasp_core.grippers.record import GripperRecord, gripper_record
from dense_grasp_core.motion.urdf import (
    PackageResolver,
    RobotModelError,
    collision_shapes,
    disabled_pairs,
    mimic_joints,
)
from dense_grasp_core.motion.velocity_limits import near_ends

Array = np.ndarray
ARM_JOINTS = 7
#: A posture that every arm of the family can rest in; pairs that touch here do so by the coarseness of their hulls.
READY = np.array([0.0, -np.pi / 4, 0.0, -3 * np.pi / 4, 0.0, np.pi / 2, np.pi / 4])


@dataclass(frozen=True)
class AttachedBox:
    """A box fixed to a link: `link_from_box` (4, 4), `size` (3,) m edge lengths."""

    name: str
    link: str
    link_from_box: Array
    size: tuple[float, float, float]


class RobotModel:
    """One arm in the base frame `{prefix}{robot_type}_link0`; positions are (7,) rad. For one thread at a time.

    Fingers are locked at `finger_width` (None: as wide as they go), with the joints that mimic them; any other joint of
    the description at its neutral position. gripper: named for this arm; None: Franka's hand.
    Raises RobotModelError when a joint, frame or mesh is missing.
    """

    def __init__(
        self,
        urdf: str,
        robot_type: str,
        prefix: str = "",
        *,
        gripper: GripperRecord | None = None,
        finger_width: float | None = None,
        resolve_package: PackageResolver | None = None,
        srdf: str | None = None,
        attached: tuple[AttachedBox, ...] = (),
    ):
        mimicked = mimic_joints(urdf)
        self.name = f"{prefix}{robot_type}"
        self.joint_names = tuple(f"{self.name}_joint{i + 1}" for i in range(ARM_JOINTS))
        self.gripper = gripper or gripper_record("franka", robot_type, prefix)
        try:
            full = pin.buildModelFromXML(urdf)
        except Exception as error:
            raise RobotModelError(f"robot description could not be built ({error})") from error
        for joint in self.joint_names:
            if not full.existJointName(joint):
                has = ", ".join(n for n in full.names if n != "universe")
                raise RobotModelError(
                    f"robot description has no joint {joint} (it has: {has}); check robot_type, prefix"
                )
        width = self.gripper.greatest_width if finger_width is None else finger_width
        fingers = dict.fromkeys(self.gripper.joints, self.gripper.position(width))
        for joint, (source, multiplier, offset) in mimicked.items():
            if source in self.gripper.joints:
                fingers[joint] = multiplier * fingers[source] + offset
        self.model = self._reduce(full, fingers)
        self.data = self.model.createData()
        self.near_ends = near_ends(urdf, self.joint_names, robot_type)
        self.lower, self.upper = self._reachable()
        self.velocity_limits = np.array(self.model.velocityLimit)
        self.base_frame = f"{self.name}_link0"
        base = self.model.frames[self._frame(self.base_frame)]
        if base.parentJoint != 0:
            raise RobotModelError(
                f"frame {self.base_frame} moves with {self.model.names[base.parentJoint]}, expected fixed"
            )
        self.root_from_base = pin.SE3(base.placement)
        self._base_from_root = self.root_from_base.inverse()
        self.tcp_frame, self._tcp = self._add_tcp()
        self.geometry = pin.GeometryModel()
        self.links_of_geometry: list[str] = []
        for shape in collision_shapes(urdf, resolve_package):
            self._add_geometry(shape.link, shape.link_from_shape, shape.geometry)
        for box in attached:
            self._add_geometry(box.link, pin.SE3(np.asarray(box.link_from_box)), coal.Box(*box.size), box.name)
        if not self.links_of_geometry:
            raise RobotModelError("robot description has no collision geometry: nothing could be avoided")
        self.self_pairs = self._allowed_pairs(disabled_pairs(srdf) if srdf else set())

    def _reachable(self) -> tuple[Array, Array]:
        """Between which positions (7,) the joints may be sent: where they end, or may move outwards no more."""
        lower, upper = np.array(self.model.lowerPositionLimit), np.array(self.model.upperPositionLimit)
        if self.near_ends is None:
            return lower, upper
        low, high = self.near_ends.reachable()
        return np.maximum(lower, low), np.minimum(upper, high)

    def tcp_pose(self, positions: Array) -> Array:
        """base_from_tcp (4, 4) at `positions` (7,)."""
        return self.frame_pose(positions, self.tcp_frame)

    def frame_pose(self, positions: Array, frame: str) -> Array:
        """base_from_frame (4, 4) at `positions` (7,)."""
        index = self._frame(frame)
        pin.forwardKinematics(self.model, self.data, np.asarray(positions, dtype=float))
        pin.updateFramePlacement(self.model, self.data, index)
        return np.array((self._base_from_root * self.data.oMf[index]).homogeneous)

    def error_and_jacobian(self, positions: Array, root_from_goal: pin.SE3) -> tuple[Array, Array]:
        """Twist (6,) from the tool centre point to the goal in its own frame, and the Jacobian (6, 7) there."""
        pin.computeJointJacobians(self.model, self.data, positions)
        placement = pin.updateFramePlacement(self.model, self.data, self._tcp)
        error = pin.log6(placement.actInv(root_from_goal)).vector
        return error, pin.getFrameJacobian(self.model, self.data, self._tcp, pin.ReferenceFrame.LOCAL)

    def root_pose(self, base_from_tcp: Array) -> pin.SE3:
        """A pose (4, 4) of the base frame as pinocchio's, in the root of the description."""
        return self.root_from_base * pin.SE3(np.asarray(base_from_tcp, dtype=float))

    def within_limits(self, positions: Array, margin: float = 0.0) -> bool:
        """True when every joint keeps `margin` rad from its limits."""
        return bool(np.all(positions >= self.lower + margin) and np.all(positions <= self.upper - margin))

    def is_finger(self, geometry: int) -> bool:
        """True for the collision geometries that a grasp brings to the object."""
        return self.links_of_geometry[geometry] in self.gripper.finger_links

    def moves(self, geometry: int) -> bool:
        """True when the geometry moves with some joint."""
        return self.geometry.geometryObjects[geometry].parentJoint != 0

    def _reduce(self, full: pin.Model, fingers: dict[str, float]) -> pin.Model:
        reference = pin.neutral(full)
        lock = []
        for name in full.names:
            if name == "universe" or name in self.joint_names:
                continue
            joint = full.getJointId(name)
            lock.append(joint)
            if name in fingers:
                reference[full.joints[joint].idx_q] = fingers[name]
        return pin.buildReducedModel(full, lock, reference)

    def _frame(self, name: str) -> int:
        if not self.model.existFrame(name):
            raise RobotModelError(f"robot description has no frame {name}; check robot_type and prefix")
        return int(self.model.getFrameId(name))

    def _add_tcp(self) -> tuple[str, int]:
        name = self.gripper.tcp
        if not self.model.existFrame(name):
            hand = self._frame(self.gripper.hand)
            frame = self.model.frames[hand]
            placement = frame.placement * pin.SE3(self.gripper.hand_from_tcp)
            self.model.addFrame(pin.Frame(name, frame.parentJoint, hand, placement, pin.FrameType.OP_FRAME))
            self.data = self.model.createData()
        return name, self._frame(name)

    def _add_geometry(self, link: str, link_from_shape: pin.SE3, shape: object, name: str | None = None) -> None:
        frame = self.model.frames[self._frame(link)]
        label = name or f"{link}_{len(self.links_of_geometry)}"
        self.geometry.addGeometryObject(
            pin.GeometryObject(label, frame.parentJoint, frame.placement * link_from_shape, shape)
        )
        self.links_of_geometry.append(link)

    def _allowed_pairs(self, disabled: set[frozenset[str]]) -> list[tuple[int, int]]:
        """Pairs worth checking: not of one joint or of neighbours, not excluded, not touching by their hulls alone."""
        objects = self.geometry.geometryObjects
        pairs = []
        for i in range(len(objects)):
            for j in range(i + 1, len(objects)):
                a, b = objects[i].parentJoint, objects[j].parentJoint
                near = a == b or self.model.parents[a] == b or self.model.parents[b] == a
                if not near and frozenset((self.links_of_geometry[i], self.links_of_geometry[j])) not in disabled:
                    pairs.append((i, j))
        model = self.geometry.copy()
        for i, j in pairs:
            model.addCollisionPair(pin.CollisionPair(i, j))
        data = pin.GeometryData(model)
        samples = np.random.default_rng(0).uniform(self.lower, self.upper, (200, ARM_JOINTS))
        hits = np.zeros(len(pairs))
        for q in samples:
            pin.computeCollisions(self.model, self.data, model, data, q, False)
            hits += [r.isCollision() for r in data.collisionResults]
        pin.computeCollisions(self.model, self.data, model, data, np.clip(READY, self.lower, self.upper), False)
        at_rest = [r.isCollision() for r in data.collisionResults]
        return [p for p, h, rest in zip(pairs, hits, at_rest, strict=True) if not rest and h < 0.95 * len(samples)]
