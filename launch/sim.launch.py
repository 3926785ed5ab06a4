"""The embedded cell in MuJoCo: robot, camera, table and caps under the real cell's names."""

from dense_grasp.launch_support import RESPAWN_DELAY_S, config_file, given, transport_environment
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

ARGUMENTS = {
    "robot_type": ("", "fr3 or panda; empty: as in config/robot.yaml"),
    "prefix": ("", "before the robot type in names; empty: as in config/robot.yaml"),
}


def start(context):
    """The cell, with the arguments laid over the configuration files; it makes the clock itself."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    files = [config_file(name) for name in ("robot.yaml", "camera.yaml", "hand_eye.yaml", "grasp.yaml", "sim.yaml")]
    return [
        Node(
            package="dense_grasp_sim",
            executable="sim_cell",
            name="sim_cell",
            parameters=[*files, {"use_sim_time": False, **given(values)}],
            output="screen",
            respawn=True,
            respawn_delay=RESPAWN_DELAY_S,
        )
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    transport = [SetEnvironmentVariable(name, value) for name, value in transport_environment().items()]
    return LaunchDescription([*declared, *transport, OpaqueFunction(function=start)])
