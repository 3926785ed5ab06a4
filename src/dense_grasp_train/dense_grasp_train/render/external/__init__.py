"""Renderers that run in a process and an environment of their own, behind one job folder; see `job`."""
