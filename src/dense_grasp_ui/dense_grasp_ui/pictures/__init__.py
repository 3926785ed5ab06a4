"""Camera images on their way to a browser: encoded once, only while somebody looks. No ROS."""
