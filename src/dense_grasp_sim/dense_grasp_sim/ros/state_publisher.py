"""Publishes clock, joint states and transforms of the robot."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import numpy as np
from dense_grasp_core.geometry import se3
from dense_grasp_ros.topic_qos import LATCHED
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from dense_grasp_sim.physics.simulator import Simulator
from dense_grasp_sim.ros.messages import LinkTransforms, to_time, to_transform
from dense_grasp_sim.world.cell_model import LINK_FROM_OPTICAL

TF_EVERY = 2  # of the 100 Hz of joint states
GRIPPER_EVERY = 3


class StatePublisher:
    """Called by the physics thread after every 10 ms of simulated time."""

    def __init__(
        self, node: Node, simulator: Simulator, camera_frames: tuple[str, str], gripper_namespace: str
    ) -> None:
        names = simulator.cell.names
        self._gripper = names.record
        links = [link.get("name", "") for link in ElementTree.fromstring(simulator.cell.urdf).iter("link")]
        self._links = LinkTransforms(simulator.model, links)
        self._names = names
        self._simulator = simulator
        self._clock = node.create_publisher(Clock, "/clock", 10)
        self._joints = node.create_publisher(JointState, "joint_states", 10)
        own = self._gripper.joint_states
        self._fingers = node.create_publisher(JointState, f"{gripper_namespace}/{own}", 10) if own else None
        self._tf = node.create_publisher(TFMessage, "/tf", 100)
        self._tf_static = node.create_publisher(TFMessage, "/tf_static", LATCHED)
        self._description = node.create_publisher(String, "robot_description", LATCHED)
        self._description.publish(String(data=simulator.cell.urdf))
        self._publish_static(*camera_frames)
        self._count = 0

    def _publish_static(self, camera_link: str, optical_frame: str) -> None:
        stamp = to_time(self._simulator.time)
        x, y, z, w = se3.to_quaternion(LINK_FROM_OPTICAL)
        camera = to_transform(LINK_FROM_OPTICAL[:3, 3], (w, x, y, z), camera_link, optical_frame, stamp)
        self._tf_static.publish(TFMessage(transforms=[*self._links.fixed(stamp), camera]))

    def publish(self, fault: str) -> None:
        """Publish the present state."""
        simulator = self._simulator
        with simulator.lock:
            seconds = simulator.time
            qpos = simulator.data.qpos.copy()
            arm, data = simulator.arm, simulator.data
            arms = arm.positions(data), arm.velocities(data), arm.efforts(data)
            fingers = simulator.gripper.states(data)
        stamp = to_time(seconds)
        self._clock.publish(Clock(clock=stamp))
        if fault != "frozen_joint_states":
            names = [*self._names.arm_joints, *self._gripper.joints]
            positions, velocities, efforts = (np.concatenate(both) for both in zip(arms, fingers, strict=True))
            if fault == "zero_fingers":
                positions[len(self._names.arm_joints) :] = 0.0
            self._joints.publish(_joint_state(stamp, names, positions, velocities, efforts))
        if self._count % TF_EVERY == 0 and fault != "no_tf":
            self._tf.publish(TFMessage(transforms=self._links.moving(qpos, stamp)))
        if self._fingers is not None and self._count % GRIPPER_EVERY == 0:
            self._fingers.publish(_joint_state(stamp, self._gripper.joints, *fingers))
        self._count += 1


def _joint_state(
    stamp: object, names: Sequence[str], positions: np.ndarray, velocities: np.ndarray, efforts: np.ndarray
) -> JointState:
    message = JointState(name=list(names))
    message.header.stamp = stamp
    message.position, message.velocity, message.effort = positions.tolist(), velocities.tolist(), efforts.tolist()
    return message
