"""Arm, gripper and cameras, without ROS."""
