"""Example programs: `ros2 run dense_grasp_client NAME --help`."""
