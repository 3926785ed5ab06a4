"""Tests of the stand-ins; they pass on ROS's own packages, too."""

import os

# Tests of two checkouts on one machine must not hear each other.
os.environ.setdefault("ROS_DOMAIN_ID", str(60 + os.getpid() % 40))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
