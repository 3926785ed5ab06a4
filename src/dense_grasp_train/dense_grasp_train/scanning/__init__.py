"""A scan on disk from pictures: posed ones with depth, or colour pictures alone."""
