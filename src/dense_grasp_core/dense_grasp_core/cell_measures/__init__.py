"""Measures of a cell by what its camera sees: height of the table, mount of the camera, points at rest."""
