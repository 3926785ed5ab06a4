"""The nodes of dense_grasp: descriptors, queries, grasps."""
