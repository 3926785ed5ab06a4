"""Demos and benchmarks of the whole graph: on top of everything, nothing imports it."""
