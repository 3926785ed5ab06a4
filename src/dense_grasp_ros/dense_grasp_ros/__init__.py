"""What every node of dense_grasp needs of rclpy: a process' life, parameters, actions, long callbacks."""
