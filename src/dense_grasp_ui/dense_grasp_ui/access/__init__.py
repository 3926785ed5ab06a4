"""Who may reach the page, how much a browser may send, and which browser holds control. No ROS."""
