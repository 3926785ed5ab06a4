"""Solids for the simulated cell, of anyone's meshes."""
