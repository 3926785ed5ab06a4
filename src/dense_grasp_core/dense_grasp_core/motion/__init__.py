"""Motion without ROS: robot model, scene, inverse kinematics, planning, timing."""
