"""Descriptors of the camera's images and the search for taught points: descriptor_node and query_node."""

from dense_grasp.launch_support import (
    RESPAWN_DELAY_S,
    config_file,
    flag,
    given,
    model_path,
    store_url,
    transport_environment,
)
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = {
    "model": ("", "network file; empty: the shipped one"),
    "store": ("", "database URL of the taught points; empty: a file in the ROS home folder"),
    "robot_type": ("", "first part of the robot's frame names; empty: as in config/robot.yaml"),
    "prefix": ("", "before the robot type in frame names; empty: as in config/robot.yaml"),
    "use_sim_time": ("false", "take the time from /clock"),
}


def start(context):
    """The two nodes, with the arguments laid over the configuration files."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    shared = {
        "model": model_path(values["model"]),
        "store": store_url(values["store"]),
        "use_sim_time": flag("use_sim_time", values["use_sim_time"]),
        **given({name: values[name] for name in ("robot_type", "prefix")}),
    }
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "perception.yaml")]
    return [
        Node(
            package="dense_grasp",
            executable=name,
            name=name,
            parameters=[*files, shared],
            output="screen",
            respawn=True,
            respawn_delay=RESPAWN_DELAY_S,
        )
        for name in ("descriptor_node", "query_node")
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    transport = [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
    return LaunchDescription([*declared, *transport, OpaqueFunction(function=start)])
