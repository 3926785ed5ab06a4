"""The actions dense_grasp uses."""

from launch.action import Action
from launch.actions.arguments import DeclareLaunchArgument, SetLaunchConfiguration, UnsetLaunchConfiguration
from launch.actions.environment import SetEnvironmentVariable, UnsetEnvironmentVariable
from launch.actions.events import EmitEvent, RegisterEventHandler, Shutdown, UnregisterEventHandler
from launch.actions.execute_process import ExecuteProcess
from launch.actions.flow import GroupAction, LogInfo, OpaqueFunction, TimerAction
from launch.actions.include_launch_description import IncludeLaunchDescription
from launch.not_offered import not_offered

__getattr__ = not_offered(__name__)
__all__ = [
    "Action",
    "DeclareLaunchArgument",
    "EmitEvent",
    "ExecuteProcess",
    "GroupAction",
    "IncludeLaunchDescription",
    "LogInfo",
    "OpaqueFunction",
    "RegisterEventHandler",
    "SetEnvironmentVariable",
    "SetLaunchConfiguration",
    "Shutdown",
    "TimerAction",
    "UnregisterEventHandler",
    "UnsetEnvironmentVariable",
    "UnsetLaunchConfiguration",
]
