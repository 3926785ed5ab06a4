"""The driver of one Franka arm with its hand, where franka_ros2 cannot be built."""

from dense_grasp.launch_nodes import lasting_node
from dense_grasp.launch_support import config_file, flag, given, one_of, read_parameter
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import Command, LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = {
    "robot_ip": ("", "address of the arm"),
    "robot_type": ("", "first part of every name; empty: as in config/robot.yaml"),
    "prefix": ("", "before the robot type in names; empty: as in config/robot.yaml"),
    "realtime": ("enforce", "enforce: refuse a kernel that is not real-time, as libfranka does; ignore"),
    "description_command": ("", "what prints the URDF of arm and hand; empty: this stack's own description"),
    "publish_tf": ("true", "false: robot_state_publisher publishes description and transforms"),
    "use_sim_time": ("false", "take the time from /clock"),
}


def start(context):
    """The bridge, with the arguments laid over the configuration file."""
    values = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    robot = config_file("robot.yaml")
    robot_type = values["robot_type"] or str(read_parameter(robot, "robot_type"))
    prefix = values["prefix"] or str(read_parameter(robot, "prefix", ""))
    own = f"ros2 run dense_grasp_sim robot_description --robot-type {robot_type}"
    command = values["description_command"] or (f"{own} --prefix {prefix}" if prefix else own)
    overrides = {
        "robot_ip": values["robot_ip"],
        "realtime": one_of("realtime", values["realtime"], ("enforce", "ignore")),
        "robot_description": ParameterValue(Command([command]), value_type=str),
        "publish_tf": flag("publish_tf", values["publish_tf"]),
        "use_sim_time": flag("use_sim_time", values["use_sim_time"]),
        **given({name: values[name] for name in ("robot_type", "prefix")}),
    }
    return [
        lasting_node(
            package="dense_grasp_franka",
            executable="bridge",
            name="franka_bridge",
            parameters=[robot, overrides],
            output="screen",
        )
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])
