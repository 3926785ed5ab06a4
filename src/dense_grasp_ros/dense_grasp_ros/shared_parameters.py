"""Parameters that nodes of several packages have: one specification each.

A node that needs another default takes `dataclasses.replace(SPEC, default=...)`. Names of topics, services and actions
are relative: `parameters.declare` puts them into the node's namespace. Frames are not in a namespace, since every cell
of a domain shares /tf: they carry the prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dense_grasp_core.cameras.record import (
    LARGEST_TOLERANCE,
    LENS_MODELS,
    CameraRecord,
    camera_record,
    shipped_cameras,
)
from dense_grasp_core.grippers.record import GripperRecord, gripper_record, shipped_grippers
from dense_grasp_core.parameters import ParameterSpec

ARM_JOINTS = 7
FARTHEST_MOUNT = 1.0  # m of the camera from the hand
LARGEST_ANGLE = 6.3  # rad of a joint

ROBOT_TYPE = ParameterSpec(
    "robot_type", "fr3", "fr3, panda, fer, fp3 or fr3v2: the first part of every link's and joint's name", text="prefix"
)
PREFIX = ParameterSpec("prefix", "", "before the robot type in names when there is more than one arm", text="prefix")

CAMERA = ParameterSpec(
    "camera",
    "realsense",
    f"which make of camera: {', '.join(shipped_cameras())}, or the path of a record of your own (.yaml)",
)
#: What an empty value, or .nan, of a parameter below stands for.
THE_CAMERAS = "as the camera's record says"
COLOR_TOPIC = ParameterSpec(
    "color_topic", "", f"colour images: 8 or 16 bit RGB, mono, YUV or Bayer; empty: {THE_CAMERAS}", text="name"
)
DEPTH_TOPIC = ParameterSpec(
    "depth_topic",
    "",
    f"depth aligned to the colour image, 16UC1 in mm or 32FC1 in m; empty: {THE_CAMERAS}",
    text="name",
)
CAMERA_INFO_TOPIC = ParameterSpec(
    "camera_info_topic", "", f"camera_info of the colour image; empty: {THE_CAMERAS}", text="name"
)
LENS_MODEL = ParameterSpec(
    "lens_model",
    "",
    "whose camera_info it is: realsense (its plumb_bob means the inverse model); rectified (topics image_rect, the "
    f"intrinsics of P hold); camera_info (what it says holds); empty: {THE_CAMERAS}",
    options=(*LENS_MODELS, ""),
)
SYNC_TOLERANCE = ParameterSpec(
    "sync_tolerance",
    float("nan"),
    "between the stamps of a colour and a depth image that are taken as one; at 0 they are equal",
    "s",
    low=0.0,
    high=LARGEST_TOLERANCE,
    nan=THE_CAMERAS,
)
CAMERA_TOPICS = (COLOR_TOPIC, DEPTH_TOPIC, CAMERA_INFO_TOPIC)

PARENT = ParameterSpec(
    "parent", "", "frame the camera is fixed to; empty: the gripper's, such as fr3_hand", text="frame"
)
CHILD = ParameterSpec(
    "child", "", f"root frame of the camera driver, such as camera_link; empty: {THE_CAMERAS}", text="frame"
)
OPTICAL_FRAME = ParameterSpec(
    "optical_frame", "", f"frame of the images, such as camera_color_optical_frame; empty: {THE_CAMERAS}", text="frame"
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
ROBOT_DESCRIPTION_TOPIC = ParameterSpec(
    "robot_description_topic", "robot_description", "the URDF of arm and hand, latched", text="name"
)
POINTS_TOPIC = ParameterSpec(
    "points_topic", "dense_grasp/points", "what the camera sees, as coloured points", text="name"
)
HAND_EYE = (GRIPPER, CAMERA, PARENT, CHILD, XYZ, QUATERNION)

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


def chosen_camera(values: Mapping[str, Any]) -> CameraRecord:
    """The camera of this cell, from the values of CAMERA and PREFIX where there is one. Raises CameraRecordError."""
    return camera_record(values["camera"], values.get("prefix", ""))


def camera_link(values: Mapping[str, Any]) -> str:
    """The camera driver's root frame, from the values of CHILD, CAMERA and PREFIX. Raises as chosen_camera."""
    return values["child"] or chosen_camera(values).link


def optical_frame(values: Mapping[str, Any]) -> str:
    """The images' frame, from the values of OPTICAL_FRAME, CAMERA and PREFIX. Raises as chosen_camera."""
    return values["optical_frame"] or chosen_camera(values).optical_frame
