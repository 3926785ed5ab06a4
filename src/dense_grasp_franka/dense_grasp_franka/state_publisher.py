"""Joint states, the robot's description and its transforms: what the rest of the graph knows of the robot."""

from __future__ import annotations

import time
from collections.abc import Sequence

from builtin_interfaces.msg import Time
from dense_grasp_core.geometry import se3
from dense_grasp_core.grippers.record import GripperRecord
from dense_grasp_ros.topic_qos import LATCHED
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from dense_grasp_franka.arm import FrankaArm
from dense_grasp_franka.arm_state import ArmState, StateUnavailable
from dense_grasp_franka.hand import FrankaHand, HandState
from dense_grasp_franka.link_transforms import LinkTransform, LinkTransforms

JOINT_STATE_RATE = 100.0  # Hz
TF_EVERY = 2
OLDEST = 0.5  # s; an older state is not published again, so that its readers see that it is old


class StatePublisher:
    """Publishes on a timer of `node`; transforms and description only when `publish_tf` is true."""

    def __init__(
        self,
        node: Node,
        arm: FrankaArm,
        hand: FrankaHand,
        arm_joints: Sequence[str],
        gripper: GripperRecord,
        urdf: str,
        publish_tf: bool,
    ) -> None:
        self._node, self._arm, self._hand = node, arm, hand
        self._arm_joints, self._gripper = list(arm_joints), gripper
        self._joints = node.create_publisher(JointState, "joint_states", 10)
        self._links = LinkTransforms(urdf) if publish_tf else None
        self._positions: dict[str, float] = {}
        self._count = 0
        self._last_hand = 0.0
        if self._links is not None:
            self._tf = node.create_publisher(TFMessage, "/tf", 100)
            self._tf_static = node.create_publisher(TFMessage, "/tf_static", LATCHED)
            self._description = node.create_publisher(String, "robot_description", LATCHED)
            self._description.publish(String(data=urdf))
            stamp = node.get_clock().now().to_msg()
            fixed = [transform_message(transform, stamp) for transform in self._links.fixed()]
            self._tf_static.publish(TFMessage(transforms=fixed))
        # of the wall's clock: a simulated clock that stands still must not silence the robot
        self._timer = node.create_timer(1.0 / JOINT_STATE_RATE, self._publish, clock=_steady())

    def _publish(self) -> None:
        stamp = self._node.get_clock().now().to_msg()
        try:
            state = self._arm.state()
        except StateUnavailable:
            return
        fresh = state.age < OLDEST
        if fresh:
            self._joints.publish(arm_message(state, self._arm_joints, stamp))
            self._positions.update(zip(self._arm_joints, state.positions.tolist()))
        hand = self._hand.state()
        if hand is not None and hand.received != self._last_hand and time.monotonic() - hand.received < OLDEST:
            self._last_hand = hand.received
            message = hand_message(hand, self._gripper, stamp)
            self._joints.publish(message)
            self._positions.update(zip(message.name, message.position))
        self._count += 1
        if self._links is not None and fresh and self._count % TF_EVERY == 0:
            moving = [transform_message(transform, stamp) for transform in self._links.moving(self._positions)]
            self._tf.publish(TFMessage(transforms=moving))


def _steady():  # type: ignore[no-untyped-def]
    from rclpy.clock import Clock, ClockType

    return Clock(clock_type=ClockType.STEADY_TIME)


def arm_message(state: ArmState, joints: Sequence[str], stamp: Time) -> JointState:
    """Joint state of the arm."""
    message = JointState(name=list(joints))
    message.header.stamp = stamp
    message.position, message.velocity = state.positions.tolist(), state.velocities.tolist()
    message.effort = state.efforts.tolist()
    return message


def hand_message(state: HandState, gripper: GripperRecord, stamp: Time) -> JointState:
    """Joint state of the fingers. The hand tells no speeds."""
    message = JointState(name=list(gripper.joints))
    message.header.stamp = stamp
    message.position = [gripper.position(state.width)] * len(message.name)
    return message


def transform_message(transform: LinkTransform, stamp: Time) -> TransformStamped:
    """The message of parent_from_child."""
    message = TransformStamped(child_frame_id=transform.child)
    message.header.stamp, message.header.frame_id = stamp, transform.parent
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = (float(value) for value in transform.matrix[:3, 3])
    r.x, r.y, r.z, r.w = (float(value) for value in se3.to_quaternion(transform.matrix))
    return message
