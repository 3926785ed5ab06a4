"""The whole cell with the arm behind Franka's network protocol: franka-sim on 127.0.0.1, driven by the bridge.

Perception and grasping are those of bringup.launch.py.
"""

from dense_grasp.bringup.lasting_node import launch_file, transport_actions
from dense_grasp.bringup.launch_arguments import LaunchArgument, launch_arguments
from dense_grasp.bringup.launch_support import config_file, given
from dense_grasp_core.parameters import ParameterSpec
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

ADDRESS = "127.0.0.1"
#: s of the cell's clock per second; less for a machine with few processors.
REAL_TIME_FACTOR = ParameterSpec("real_time_factor", 1.0, "of the cell's clock per second", low=0.01, high=1.0)
ARGUMENTS = {
    **launch_arguments("model", "store", "heartbeat_timeout", "prefix", "namespace"),
    "robot_ip": LaunchArgument(ADDRESS, "address of this machine; a second cell needs another one, such as 127.0.0.2"),
    "real_time_factor": LaunchArgument(
        "1.0",
        "s of the cell's clock per second, at most 1; less for a machine with few processors",
        spec=REAL_TIME_FACTOR,
    ),
}


def part(package, name, **arguments):
    """A launch file of a package."""
    path = PathJoinSubstitution([FindPackageShare(package), "launch", f"{name}.launch.py"])
    return IncludeLaunchDescription(PythonLaunchDescriptionSource(path), launch_arguments=list(arguments.items()))


def start(values):
    """Cell, bridge, perception and grasping, all by the clock of the cell."""
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "hand_eye.yaml", "grasp.yaml", "sim.yaml")]
    own = {"use_sim_time": False, "host": values["robot_ip"], "real_time_factor": float(values["real_time_factor"])}
    prefix = {"prefix": values["prefix"]}
    cell = Node(
        package="dense_grasp_sim",
        executable="franka_cell",
        name="franka_cell",
        parameters=[*files, {**own, **given(prefix)}],
        output="screen",
    )
    return [
        cell,
        part(
            "dense_grasp_franka",
            "bridge",
            robot_ip=values["robot_ip"],
            realtime="ignore",
            use_sim_time="true",
            **prefix,
        ),
        part("dense_grasp", "perception", model=values["model"], store=values["store"], use_sim_time="true", **prefix),
        part("dense_grasp", "grasp", heartbeat_timeout=values["heartbeat_timeout"], use_sim_time="true", **prefix),
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start, transport_actions())
