"""The actions dense_grasp uses."""

from launch.not_offered import not_offered
from launch_ros.actions.node import Node
from launch_ros.actions.settings import PushRosNamespace, SetParameter, SetRemap, SetUseSimTime

__getattr__ = not_offered(__name__)
__all__ = ["Node", "PushRosNamespace", "SetParameter", "SetRemap", "SetUseSimTime"]
