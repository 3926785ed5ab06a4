"""Solids that a hand of 80 mm pinches: boxes and cans, printed and plain, a mug, a hammer."""
