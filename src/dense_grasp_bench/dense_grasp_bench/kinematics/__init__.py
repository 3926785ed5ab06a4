"""Inverse kinematics compared."""
