"""A Franka arm and hand over their own control interface, without franka_ros2."""
