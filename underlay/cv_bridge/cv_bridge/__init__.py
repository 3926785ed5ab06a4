"""The part of cv_bridge's Python interface that dense_grasp uses."""

from cv_bridge.core import CvBridge
from cv_bridge.encodings import CvBridgeError, getCvType

__all__ = ["CvBridge", "CvBridgeError", "getCvType"]
