"""Faults that tests switch on while the cell runs (parameter `fault`)."""

from __future__ import annotations

FAULTS = {
    "": "none",
    "camera_unplugged": "no images and no camera_info",
    "no_depth": "the depth topic is silent",
    "zero_depth": "every depth pixel is 0",
    "nan_depth": "depth is 32FC1 in metres, every pixel NaN",
    "stamps_apart": "depth is stamped 7 ms after colour",
    "stamps_ahead": "images and camera_info are stamped 0.8 s after now, as by a camera's clock that drifted",
    "depth_in_tenths": "depth counts tenths of a millimetre",
    "wrong_encoding": "colour claims the encoding 'bogus8'",
    "wrong_size": "depth has half the width and height of colour",
    "frozen_joint_states": "/joint_states is silent",
    "zero_fingers": "/joint_states says exactly 0.0 for both fingers",
    "no_tf": "the robot's /tf is silent",
    "controller_aborts": "every trajectory is aborted 0.3 s after it began",
    "controller_lies": "every trajectory stops half-way and is reported as done",
    "gripper_refuses": "every gripper command is rejected",
    "object_drops": "the object touches the hand no more and falls out of it",
}

DROPPING = "object_drops"
