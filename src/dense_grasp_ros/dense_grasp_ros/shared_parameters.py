"""Parameters that nodes of several packages have: one specification each.

A node that needs another default takes `dataclasses.replace(SPEC, default=...)`. Names of topics, services and actions
are relative: `parameters.declare` puts them into the node's namespace. Frames are not in a namespace, since every cell
of a domain shares /tf: they carry the prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_grasp_core.grippers.record import GripperRecord, gripper_record, shipped_grippers
from dense_grasp_core.parameters import ParameterSpec

ARM_JOINTS = 7
FARTHEST_MOUNT = 1.0  # m of the camera from the hand
LARGEST_ANGLE = 6.3  # rad of a joint

ROBOT_TYPE = ParameterSpec(
    "robot_type", "fr3", "fr3, panda, fer, fp3 or fr3v2: the first part of every link's and joint's name", text="prefix"
)
PREFIX = ParameterSpec("prefix", "", "before the robot type in names when there is more than one arm", text="prefix")

COLOR_TOPIC = ParameterSpec(
    "color_topic",
    "camera/camera/color/image_raw",
    "colour images: 8 or 16 bit RGB, mono, YUV or Bayer",
    text="name",
)
DEPTH_TOPIC = ParameterSpec(
    "depth_topic",
    "camera/camera/aligned_depth_to_color/image_raw",
    "depth aligned to the colour image, 16UC1 in mm or 32FC1 in m",
    text="name",
)
CAMERA_INFO_TOPIC = ParameterSpec(
    "camera_info_topic", "camera/camera/color/camera_info", "camera_info of the colour image", text="name"
)
AS_CAMERA_INFO_SAYS, REALSENSE, RECTIFIED = "camera_info", "realsense", "rectified"
LENS_MODEL = ParameterSpec(
    "lens_model",
    REALSENSE,
    "whose camera_info it is: realsense (its plumb_bob means the inverse model); rectified (topics image_rect, the "
    "intrinsics of P hold); camera_info (another make, what it says holds)",
    options=(REALSENSE, RECTIFIED, AS_CAMERA_INFO_SAYS),
)
SYNC_TOLERANCE = ParameterSpec(
    "sync_tolerance",
    0.0,
    "between the stamps of a colour and a depth image that are taken as one; at 0 they are equal",
    "s",
    low=0.0,
    high=0.015,
)
CAMERA_TOPICS = (COLOR_TOPIC, DEPTH_TOPIC, CAMERA_INFO_TOPIC)

PARENT = ParameterSpec(
    "parent", "", "frame the camera is fixed to; empty: the gripper's, such as fr3_hand", text="frame"
)
CHILD = ParameterSpec("child", "", "root frame of the camera driver; empty: <prefix>camera_link", text="frame")
OPTICAL_FRAME = ParameterSpec(
    "optical_frame", "", "frame of the images; empty: <prefix>camera_color_optical_frame", text="frame"
)
XYZ = ParameterSpec(
    "xyz",
    (0.065, -0.0175, 0.035),
    "origin of child in parent",
    "m",
    low=-FARTHEST_MOUNT,
    high=FARTHEST_MOUNT,
    count=3,
)
QUATERNION = ParameterSpec(
    "quaternion",
    (0.7071067811865476, 0.0, 0.7071067811865476, 0.0),
    "x, y, z, w of parent_from_child, of length 1",
    low=-1.001,
    high=1.001,
    count=4,
)
GRIPPER = ParameterSpec(
    "gripper",
    "franka",
    f"which gripper: {', '.join(shipped_grippers())}, or the path of a record of your own (.yaml)",
)
HAND_EYE = (GRIPPER, PARENT, CHILD, XYZ, QUATERNION)

OBSERVE_JOINTS = ParameterSpec(
    "observe_joints",
    (-0.0746, -0.3491, 0.0, -1.8640, 0.0, 1.5149, 0.7108),
    "where the arm looks from, joint 1 to 7",
    "rad",
    low=-LARGEST_ANGLE,
    high=LARGEST_ANGLE,
    count=ARM_JOINTS,
)
ARM_ACTION = ParameterSpec(
    "arm_action",
    "",
    "action of the arm's controller; empty: <prefix><robot_type>_arm_controller/follow_joint_trajectory",
    text="name",
)
ERROR_RECOVERY_ACTION = ParameterSpec(
    "error_recovery_action",
    "",
    "action that clears the arm's error; empty: action_server/error_recovery, below the prefix as franka_ros2 has it",
    text="name",
)
GRIPPER_NAMESPACE = ParameterSpec(
    "gripper_namespace",
    "",
    "namespace of the gripper's actions; empty: where its driver puts them, such as franka_gripper",
    text="name",
)


def recovery_action(namespace: str, prefix: str) -> str:
    """Where franka_ros2 offers error recovery, as an absolute name: node `action_server` in the namespace that the
    driver is started in, else in one named by the prefix (franka_hardware/src/franka_action_server.cpp).
    """
    place = namespace.strip("/") or prefix.removesuffix("_")
    return f"/{place}/action_server/error_recovery" if place else "/action_server/error_recovery"


def camera_parent(values: Mapping[str, Any]) -> str:
    """The frame that the camera is fixed to, from the values of PARENT, GRIPPER, ROBOT_TYPE and PREFIX.

    Raises as chosen_gripper.
    """
    return str(values["parent"] or chosen_gripper(values).hand)


def chosen_gripper(values: Mapping[str, Any]) -> GripperRecord:
    """The gripper on this arm, from the values of GRIPPER, ROBOT_TYPE and PREFIX. Raises GripperRecordError."""
    return gripper_record(values["gripper"], values["robot_type"], values["prefix"])


def camera_link(values: Mapping[str, Any]) -> str:
    """The camera driver's root frame, from the values of CHILD and PREFIX."""
    return values["child"] or f"{values['prefix']}camera_link"


def optical_frame(values: Mapping[str, Any]) -> str:
    """The images' frame, from the values of OPTICAL_FRAME and PREFIX."""
    return values["optical_frame"] or f"{values['prefix']}camera_color_optical_frame"
