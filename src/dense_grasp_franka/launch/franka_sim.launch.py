"""The whole cell with the arm behind Franka's network protocol: franka-sim on 127.0.0.1, driven by the bridge.

Perception and grasping are those of bringup.launch.py.
"""

from dense_grasp.launch_support import config_file, transport_environment
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ADDRESS = "127.0.0.1"
ARGUMENTS = {
    "model": ("", "network file; empty: the shipped one"),
    "store": ("", "database URL of the taught points; empty: a file in the ROS home folder"),
    "real_time_factor": ("1.0", "s of the cell's clock per second, at most 1; less for a machine with few processors"),
    "heartbeat_timeout": ("", "s of silence that stops a motion; empty: that of a simulation"),
}


def part(package, name, **arguments):
    """A launch file of a package."""
    path = PathJoinSubstitution([FindPackageShare(package), "launch", f"{name}.launch.py"])
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))


def start(context):
    """Cell, bridge, perception and grasping, all by the clock of the cell."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "hand_eye.yaml", "grasp.yaml", "sim.yaml")]
    own = {"use_sim_time": False, "host": ADDRESS, "real_time_factor": float(values["real_time_factor"])}
    cell = Node(
        package="dense_grasp_sim",
        executable="franka_cell",
        name="franka_cell",
        parameters=[*files, own],
        output="screen",
    )
    return [
        cell,
        part("dense_grasp_franka", "bridge", robot_ip=ADDRESS, realtime="ignore", use_sim_time="true"),
        part("dense_grasp", "perception", model=values["model"], store=values["store"], use_sim_time="true"),
        part("dense_grasp", "grasp", heartbeat_timeout=values["heartbeat_timeout"], use_sim_time="true"),
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    transport = [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
    return LaunchDescription([*declared, *transport, OpaqueFunction(function=start)])
