"""Backgrounds, light, sensor effects, warps."""
