"""A MoveIt that plans only: grasp_executor sends what it plans to the controller, after its own checks.

planner:=move_group starts MoveIt's node, planner:=moveit_py ours around MoveItPy; both with the same parameters.
"""

from ament_index_python.packages import get_package_share_directory
from dense_grasp.bringup.lasting_node import lasting_node, launch_file
from dense_grasp.bringup.launch_arguments import LaunchArgument, launch_arguments
from dense_grasp.bringup.launch_support import (
    LaunchArgumentError,
    config_file,
    flag,
    given,
    gripper_files,
    read_parameter,
)
from dense_grasp.planning.moveit.config import move_group_parameters, moveit_parameters, moveit_py_parameters
from dense_grasp.planning.moveit.installed import advice, lacking
from dense_grasp_ros.shared_parameters import GRIPPER

ARGUMENTS = {
    "planner": LaunchArgument("move_group", "move_group or moveit_py", options=("move_group", "moveit_py")),
    **launch_arguments("robot_type", "prefix", "gripper", "namespace", "use_sim_time"),
}


def start(values):
    """The node."""
    clock = {"use_sim_time": flag("use_sim_time", values["use_sim_time"])}
    file = config_file("robot.yaml")
    robot_type = values["robot_type"] or str(read_parameter(file, "robot_type"))
    absent = lacking(values["planner"], robot_type)
    if absent:
        raise LaunchArgumentError(f"planner:={values['planner']} cannot be started: {advice(absent)}")
    limits = read_parameter(file, "acceleration_limits")
    if not isinstance(limits, list):
        raise LaunchArgumentError(f"acceleration_limits in {file} is {limits!r}, expected seven numbers")
    parameters = moveit_parameters(
        robot_type,
        values["prefix"] or str(read_parameter(file, "prefix", "")),
        limits,
        get_package_share_directory,
        str(read_parameter(file, "planning_group", "")),
        values["gripper"] or str(read_parameter(file, "gripper", GRIPPER.default)),
    )
    # No name: it would be given to every node of the process, and each of the two has several.
    if values["planner"] == "moveit_py":
        robot = given({name: values[name] for name in ("robot_type", "prefix", "gripper")})
        files = [file, config_file("grasp.yaml"), *gripper_files(values["gripper"])]
        return [
            lasting_node(
                package="dense_grasp",
                executable="moveit_py_planner",
                parameters=[*files, {**moveit_py_parameters(parameters), **clock, **robot}],
                output="screen",
            )
        ]
    return [
        lasting_node(
            package="moveit_ros_move_group",
            executable="move_group",
            parameters=[{**move_group_parameters(parameters), **clock}],
            output="screen",
        )
    ]


def generate_launch_description():
    """Read by `ros2 launch`."""
    return launch_file(__file__, ARGUMENTS, start)
