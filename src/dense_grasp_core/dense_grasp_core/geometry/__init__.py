"""Rigid motions, camera, depth."""
