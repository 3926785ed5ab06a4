"""The mathematics of dense_grasp: network, matching, geometry, store, motion planning. No ROS import."""
