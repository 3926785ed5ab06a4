"""Stepping the world, and judging what happens in it."""
