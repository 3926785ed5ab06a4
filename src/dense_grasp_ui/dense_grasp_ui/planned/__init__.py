"""A planned motion in 3-D: the robot, its path, and what the camera sees. No ROS."""
