"""The driver of one Franka arm with its hand, where franka_ros2 cannot be built."""

from dense_grasp.bringup.lasting_node import lasting_node, launch_file
from dense_grasp.bringup.launch_arguments import LaunchArgument, launch_arguments
from dense_grasp.bringup.launch_support import config_file, flag, given, read_parameter
from launch.substitutions import Command
from launch_ros.parameter_descriptions import ParameterValue

ARGUMENTS = {
    "robot_ip": LaunchArgument("", "address of the arm"),
    **launch_arguments("robot_type", "prefix", "namespace", "use_sim_time"),
    "realtime": LaunchArgument(
        "enforce",
        "enforce: refuse a kernel that is not real-time, as libfranka does; ignore",
        options=("enforce", "ignore"),
    ),
    "description_command": LaunchArgument(
        "", "what prints the URDF of arm and hand; empty: this stack's own description"
    ),
    "publish_tf": LaunchArgument(
        "true", "false: robot_state_publisher publishes description and transforms", is_flag=True
    ),
}


def start(values):
    """The bridge, with the arguments laid over the configuration file."""
    robot = config_file("robot.yaml")
    robot_type = values["robot_type"] or str(read_parameter(robot, "robot_type"))
    prefix = values["prefix"] or str(read_parameter(robot, "prefix", ""))
    own = f"ros2 run dense_grasp_sim robot_description --robot-type {robot_type}"
    command = values["description_command"] or (f"{own} --prefix {prefix}" if prefix else own)
    overrides = {
        "robot_ip": values["robot_ip"],
        "realtime": values["realtime"],
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
    return launch_file(__file__, ARGUMENTS, start)
