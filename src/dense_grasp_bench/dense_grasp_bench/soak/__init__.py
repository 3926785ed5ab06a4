"""Soak test: the simulated graph under random calls and random faults for as long as one likes, from a seed."""
