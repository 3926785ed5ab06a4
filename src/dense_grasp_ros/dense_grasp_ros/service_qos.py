"""The quality of service of calls that must not be lost."""

from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy

#: rclpy's profile for services keeps the last ten calls that wait to be read: of twenty at once ten are dropped without
#: a word, and their callers wait for ever. It matches every other reliable profile, so either side may use it alone.
EVERY_CALL = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
