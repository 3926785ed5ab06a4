"""The `ros2` command with the verbs that dense_grasp uses."""
