"""Offline: data generation, training, evaluation and benchmarks of dense descriptors."""
