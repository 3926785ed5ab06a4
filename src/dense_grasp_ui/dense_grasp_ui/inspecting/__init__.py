"""The paper's hover window (section 4.1, Fig. 4) on pictures of a disk, with any network. No ROS."""
